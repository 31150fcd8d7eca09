"""Connects Emby adapters."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
import structlog

from segue.sdk import Adapter, Toolbox
from segue_emby import plugin

Connect = Callable[..., AbstractAsyncContextManager[Adapter]]


@pytest.fixture
def connected(tmp_path: Path) -> Connect:
    """Connects an adapter with these settings."""

    @asynccontextmanager
    async def connect(**options: object) -> AsyncIterator[Adapter]:
        config = plugin.config.model_validate(options)
        scratch = tmp_path / "scratch"
        scratch.mkdir(exist_ok=True)
        async with aiohttp.ClientSession(headers={"User-Agent": "Segue"}) as http:
            toolbox = Toolbox(server="attic", http=http, scratch=scratch, log=structlog.get_logger())
            async with plugin.connect(config, toolbox) as adapter:
                yield adapter

    return connect
