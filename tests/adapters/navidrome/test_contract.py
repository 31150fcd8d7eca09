"""The adapter keeps the contract, on fakes of several servers and on a real Supysonic."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from segue.sdk.testing import AdapterContract, Served, World
from tests.adapters.navidrome.conftest import Connect
from tests.adapters.navidrome.real import interpreter, running


class TestRealSupysonic(AdapterContract):
    @pytest.fixture
    async def served(
        self, tmp_path: Path, connected: Connect, pytestconfig: pytest.Config
    ) -> AsyncIterator[Served]:
        python = interpreter(pytestconfig)
        world = World.small(tmp_path / "music")
        async with running(python, tmp_path / "supysonic", {"Music": world.root}) as server:
            async with connected(**server.options) as adapter:
                yield Served(adapter=adapter, world=world, refresh=server.refresh, stop=server.stop)
