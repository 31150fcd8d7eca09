"""The adapter keeps the contract, on fakes of two versions, by every way in."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest

from segue.model import PlaylistId, TrackId
from segue.sdk.testing import AdapterContract, Served, World
from tests.adapters.emby.conftest import Connect
from tests.fakes.emby import KEY, PASSWORD, USER, FakeEmby, serving, shown


class _OnFake(AdapterContract):
    version: ClassVar[str] = "4.9.1.90"
    access: ClassVar[dict[str, Any]] = {"username": USER, "password": PASSWORD}

    @pytest.fixture
    async def served(self, tmp_path: Path, connected: Connect) -> AsyncIterator[Served]:
        world = World.small(tmp_path / "music")
        fake = shown(world, version=self.version)

        async def refresh() -> None:
            fake.scan()

        async def foreign_playlist(name: str, tracks: Sequence[TrackId]) -> PlaylistId:
            return PlaylistId(fake.add_list(name, list(tracks), owner=fake.me))

        async with serving(fake) as stop, connected(**self.options(fake, world)) as adapter:
            yield Served(
                adapter=adapter,
                world=world,
                refresh=refresh,
                stop=stop,
                foreign_playlist=foreign_playlist,
            )

    def options(self, fake: FakeEmby, world: World) -> dict[str, object]:
        return {"url": fake.url, "poll_seconds": 0.1, **self.access}


class TestLoggedIn(_OnFake):
    """News by websocket."""


class TestLoggedInWithItsFilesHere(_OnFake):
    def options(self, fake: FakeEmby, world: World) -> dict[str, object]:
        return {**super().options(fake, world), "path": world.root}


class TestApiKey(_OnFake):
    """News found by looking."""

    access: ClassVar[dict[str, Any]] = {"api_key": KEY, "username": USER}
    version = "4.8.11.0"
