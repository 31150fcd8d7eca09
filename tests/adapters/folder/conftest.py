"""Connects folder adapters."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
import structlog

from segue.sdk import Adapter, Toolbox
from segue_folder import plugin


@pytest.fixture
def connected(tmp_path: Path) -> Callable[..., AbstractAsyncContextManager[Adapter]]:
    """Connects an adapter to a folder; all of one test share their scratch folder."""

    @asynccontextmanager
    async def connect(root: Path, **options: object) -> AsyncIterator[Adapter]:
        config = plugin.config.model_validate({"path": root, **options})
        async with aiohttp.ClientSession() as http:
            toolbox = Toolbox(
                server="music", http=http, scratch=tmp_path / "scratch", log=structlog.get_logger()
            )
            async with plugin.connect(config, toolbox) as adapter:
                yield adapter

    return connect
