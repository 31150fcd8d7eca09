"""The adapter keeps the contract, on fakes of three versions, by every way in."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest

from segue.model import PlaylistId, TrackId
from segue.sdk.testing import AdapterContract, Served, World
from tests.adapters.jellyfin.conftest import Connect
from tests.fakes.jellyfin import KEY, PASSWORD, USER, FakeJellyfin, serving, shown


class _OnFake(AdapterContract):
    version: ClassVar[str] = "12.1.0"
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
                keeps_repeats=False,
            )

    def options(self, fake: FakeJellyfin, world: World) -> dict[str, object]:
        return {"url": fake.url, "poll_seconds": 0.1, **self.access}


class TestLoggedIn(_OnFake):
    """Playlists replaced in place, news by websocket."""


class TestLoggedInWithItsFilesHere(_OnFake):
    version = "10.10.7"

    def options(self, fake: FakeJellyfin, world: World) -> dict[str, object]:
        return {**super().options(fake, world), "path": world.root}


class TestApiKey(_OnFake):
    """Playlists edited, news found by looking."""

    access: ClassVar[dict[str, Any]] = {"api_key": KEY, "username": USER}
    version = "10.11.11"


class TestApiKeyOnTwelve(_OnFake):
    access: ClassVar[dict[str, Any]] = {"api_key": KEY, "username": USER}


class TestQuickConnect(_OnFake):
    access: ClassVar[dict[str, Any]] = {"api_key": KEY, "username": USER, "quick_connect": True}
    version = "10.10.7"
