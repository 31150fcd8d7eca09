"""The folder adapter keeps the contract; the folder is its own real server."""

import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from segue.sdk import Adapter
from segue.sdk.testing import AdapterContract, Served, World


class TestFolder(AdapterContract):
    @pytest.fixture
    async def served(
        self, tmp_path: Path, connected: Callable[..., AbstractAsyncContextManager[Adapter]]
    ) -> AsyncIterator[Served]:
        world = World.small(tmp_path / "music")

        async def stop() -> None:
            shutil.rmtree(world.root)

        async with connected(world.root) as adapter:
            yield Served(adapter=adapter, world=world, stop=stop)
