"""The adapter keeps the contract, on fakes of Lyrion and on a real one."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest

from segue.model import PlaylistId, TrackId
from segue.sdk.testing import AdapterContract, Served, World
from segue_lyrion import plugin
from tests.adapters.lyrion.conftest import Connect
from tests.adapters.lyrion.real import running, source
from tests.fakes.lyrion import FakeLyrion, serving


class _OnFake(AdapterContract):
    fake_options: ClassVar[dict[str, Any]] = {}

    @pytest.fixture
    async def served(self, tmp_path: Path, connected: Connect) -> AsyncIterator[Served]:
        world = World.small(tmp_path / "music")
        fake = FakeLyrion(world, **self.fake_options)

        async def foreign_playlist(name: str, tracks: Sequence[TrackId]) -> PlaylistId:
            return PlaylistId(fake.add_playlist(name, tracks))

        async with serving(fake) as stop, connected(**self.options(fake, world)) as adapter:
            yield Served(
                adapter=adapter,
                world=world,
                refresh=fake.rescan,
                stop=stop,
                keeps_repeats=False,
                foreign_playlist=foreign_playlist,
            )

    def options(self, fake: FakeLyrion, world: World) -> dict[str, object]:
        return {"url": fake.url, "cli_port": fake.cli_port, "poll_seconds": 0.1, **fake.credentials}


class TestLyrion(_OnFake):
    """As it is out of the box: audio by download, news by the command line."""


class TestLyrionWithItsFilesHere(_OnFake):
    def options(self, fake: FakeLyrion, world: World) -> dict[str, object]:
        return {**super().options(fake, world), "path": world.root}


class TestProtectedLyrion(_OnFake):
    fake_options: ClassVar[dict[str, Any]] = {"username": "tester", "password": "se:same& ü"}


class TestLyrionWithoutCommandLineOrConditions(_OnFake):
    fake_options: ClassVar[dict[str, Any]] = {"takes_sql": False, "has_cli": False}


class TestRealLyrion(AdapterContract):
    @pytest.fixture
    async def served(
        self, tmp_path: Path, connected: Connect, pytestconfig: pytest.Config
    ) -> AsyncIterator[Served]:
        folder = source(pytestconfig)
        world = World.small(tmp_path / "music")

        async def foreign_playlist(name: str, tracks: Sequence[TrackId]) -> PlaylistId:
            made = await server.ask("playlists", "new", f"name:{name}")
            for one in tracks:
                await server.ask(
                    "playlists", "edit", "cmd:add", f"playlist_id:{made['playlist_id']}", f"url:{one}"
                )
            held = (await server.ask("playlists", 0, 100, "tags:u"))["playlists_loop"]
            return PlaylistId(next(one["url"] for one in held if one["id"] == made["playlist_id"]))

        async with (
            running(folder, tmp_path / "lyrion", world.root) as server,
            connected(**server.options) as adapter,
        ):
            yield Served(
                adapter=adapter,
                world=world,
                refresh=server.refresh,
                stop=server.stop,
                seconds=60,
                keeps_repeats=False,
                foreign_playlist=foreign_playlist,
            )


@pytest.mark.parametrize(
    ("pasted", "kept"),
    [
        ("http://lyrion.home:9000/material/", "http://lyrion.home:9000"),
        ("http://lyrion.home:9000/Default/index.html?player=02", "http://lyrion.home:9000"),
        ("https://home.example/lms/settings/index.html#x", "https://home.example/lms"),
    ],
)
def test_addresses_as_people_paste_them(pasted: str, kept: str) -> None:
    assert plugin.config.model_validate({"url": pasted}).url == kept
