"""Connects adapters to servers, as the registry does."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import structlog

from segue.sdk import Adapter, AdapterPlugin, Toolbox

Connect = Callable[..., AbstractAsyncContextManager[Adapter]]


def connecting(plugin: AdapterPlugin[Any], scratch: Path, *, server: str = "attic") -> Connect:
    """Connects an adapter of this kind with the settings that it is called with."""
    scratch.mkdir(exist_ok=True)

    @asynccontextmanager
    async def connect(**options: object) -> AsyncIterator[Adapter]:
        config = plugin.config.model_validate(options)
        async with aiohttp.ClientSession(headers={"User-Agent": "Segue"}) as http:
            toolbox = Toolbox(server=server, http=http, scratch=scratch, log=structlog.get_logger())
            async with plugin.connect(config, toolbox) as adapter:
                yield adapter

    return connect
