"""The adapter keeps the contract, on fakes of several servers, and on real ones."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest

from segue.model import PlaylistId, TrackId
from segue.sdk.testing import AdapterContract, Served, World
from tests.adapters.navidrome.conftest import Connect
from tests.adapters.navidrome.maneki import program, running_maneki
from tests.adapters.navidrome.real import interpreter, running
from tests.fakes.subsonic import PASSWORD, USER, FakeSubsonic, serving, shown


class _OnFake(AdapterContract):
    fake_options: ClassVar[dict[str, Any]] = {}

    @pytest.fixture
    async def served(self, tmp_path: Path, connected: Connect) -> AsyncIterator[Served]:
        world = World.small(tmp_path / "music")
        fake = shown(world, **self.fake_options)

        async def refresh() -> None:
            fake.scan()

        async def foreign_playlist(name: str, tracks: Sequence[TrackId]) -> PlaylistId:
            fake.add_list("theirs", name, owner="somebody", songs=tuple(tracks))
            return PlaylistId("theirs")

        async with serving(fake) as stop, connected(**self.options(fake, world)) as adapter:
            yield Served(
                adapter=adapter,
                world=world,
                refresh=refresh,
                stop=stop,
                foreign_playlist=foreign_playlist,
                tells_moves=not fake.navidrome,
            )

    def options(self, fake: FakeSubsonic, world: World) -> dict[str, object]:
        return {"url": fake.url, "username": USER, "password": PASSWORD, "poll_seconds": 0.1}


class TestNavidrome(_OnFake):
    """As it is out of the box: audio by download, news by events."""


class TestNavidromeWithItsFilesHere(_OnFake):
    def options(self, fake: FakeSubsonic, world: World) -> dict[str, object]:
        return {**super().options(fake, world), "path": world.root}


class TestPlainServer(_OnFake):
    """No search for everything, no tokens, no events, no scan status."""

    fake_options: ClassVar[dict[str, Any]] = {
        "navidrome": False, "searchable": False, "takes_tokens": False, "downloads": False, "most": 2,
    }  # fmt: skip


class TestRealSupysonic(AdapterContract):
    @pytest.fixture
    async def served(
        self, tmp_path: Path, connected: Connect, pytestconfig: pytest.Config
    ) -> AsyncIterator[Served]:
        python = interpreter(pytestconfig)
        world = World.small(tmp_path / "music")
        async with (
            running(python, tmp_path / "supysonic", {"Music": world.root}) as server,
            connected(**server.options) as adapter,
        ):
            yield Served(adapter=adapter, world=world, refresh=server.refresh, stop=server.stop)


class TestRealManeki(AdapterContract):
    @pytest.fixture
    async def served(
        self, tmp_path: Path, connected: Connect, pytestconfig: pytest.Config
    ) -> AsyncIterator[Served]:
        maneki = program(pytestconfig)
        world = World.small(tmp_path / "music")
        async with (
            running_maneki(maneki, tmp_path / "maneki", world.root) as server,
            connected(**server.options) as adapter,
        ):
            yield Served(adapter=adapter, world=world, refresh=server.refresh, stop=server.stop)
