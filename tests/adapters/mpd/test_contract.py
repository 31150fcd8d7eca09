"""The MPD adapter keeps the contract, on a fake and on a real MPD."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from segue.model import PlaylistId, TrackId
from segue.sdk.testing import AdapterContract, Served, World
from segue_mpd.client import opened
from tests.adapters.mpd.conftest import Connect
from tests.adapters.mpd.real import MPD, running
from tests.fakes.mpd import fake_mpd


@pytest.mark.skipif(MPD is None, reason="no mpd is installed (apt-get install mpd)")
class TestRealMpd(AdapterContract):
    @pytest.fixture
    async def served(self, tmp_path: Path, connected: Connect) -> AsyncIterator[Served]:
        world = World.small(tmp_path / "music")
        async with running(tmp_path / "mpd", world) as mpd, connected(host=mpd.socket) as adapter:

            async def foreign_playlist(name: str, tracks: Sequence[TrackId]) -> PlaylistId:
                async with opened(mpd.socket, 0, None) as client:
                    await client.ask_all([("playlistadd", name, track) for track in tracks])
                return PlaylistId(name)

            yield Served(
                adapter=adapter,
                world=world,
                refresh=mpd.refresh,
                stop=mpd.stop,
                foreign_playlist=foreign_playlist,
            )


class TestFakeMpd(AdapterContract):
    @pytest.fixture(params=["0.23.5", "0.24.0"])
    async def served(
        self, request: pytest.FixtureRequest, tmp_path: Path, connected: Connect
    ) -> AsyncIterator[Served]:
        world = World.small(tmp_path / "music")
        async with (
            fake_mpd(world, protocol=request.param) as mpd,
            connected(host="127.0.0.1", port=mpd.port, path=world.root) as adapter,
        ):

            async def foreign_playlist(name: str, tracks: Sequence[TrackId]) -> PlaylistId:
                mpd.playlists[name] = list(tracks)
                return PlaylistId(name)

            yield Served(
                adapter=adapter,
                world=world,
                refresh=mpd.refresh,
                stop=mpd.stop,
                foreign_playlist=foreign_playlist,
            )
