"""How an adapter package introduces itself, and what it is lent."""

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


Config = TypeVar("Config", bound=ServerConfig)


@dataclass(frozen=True, slots=True, kw_only=True)
class AdapterPlugin(Generic[Config]):
    """An adapter package's one export, found through the entry points `segue.adapters`.

    `connect(config, toolbox)` gives a connected adapter for as long as its block lasts.
    """

    kind: str
    title: str
    config: type[Config]
    connect: Callable[[Config, Toolbox], AbstractAsyncContextManager[Adapter]]
