"""How an adapter package introduces itself, and what it is lent."""

import ssl
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import aiohttp
import structlog
from pydantic import BaseModel, ConfigDict

from segue.sdk.contract import Adapter


class ServerConfig(BaseModel):
    """Base of every adapter's settings for one server; unknown keys are refused.

    Fields that hold secrets are typed `pydantic.SecretStr`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Toolbox:
    """Lent to an adapter for one server: it makes nothing of its own and reads no environment."""

    server: str
    http: aiohttp.ClientSession
    scratch: Path
    log: structlog.stdlib.BoundLogger


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientSide:
    """Where and how clients speak to one server: what a front door before it needs to know.

    `dialect` names the language, such as `subsonic`, `jellyfin` or `emby`; `tls` is as aiohttp wants it.
    """

    dialect: str
    url: str
    tls: ssl.SSLContext | bool = True


Config = TypeVar("Config", bound=ServerConfig)


@dataclass(frozen=True, slots=True, kw_only=True)
class AdapterPlugin(Generic[Config]):
    """An adapter package's one export, found through the entry points `segue.adapters`.

    `connect(config, toolbox)` gives a connected adapter for as long as its block lasts. With `client_side`,
    which reaches nothing, a front door can stand before such a server.
    """

    kind: str
    title: str
    config: type[Config]
    connect: Callable[[Config, Toolbox], AbstractAsyncContextManager[Adapter]]
    client_side: Callable[[Config], ClientSide] | None = None
