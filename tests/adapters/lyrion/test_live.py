"""A real Lyrion at work, with a player that plays: what the adapter does with it, and how long that takes."""

import asyncio
import shutil
import sys
import time
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from segue.model import LibraryChanged, Playlist, TrackChanged
from segue.sdk import KeepsHistory, Publishes, ReadsPlaylists, Unavailable, Watches
from segue.sdk.testing import Song, World, until
from tests.adapters.lyrion.conftest import Connect
from tests.adapters.lyrion.real import RealLyrion, running, source

pytestmark = pytest.mark.slow

LATE = Song(artist="Late", album="Late", title="Late", number=1, hertz=500)
PLAYER = "02:00:00:00:00:01"


class Clock:
    """Tells how long each step took."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def tell(self, what: str) -> None:
        now = time.monotonic()
        sys.stdout.write(f"{what}: {now - self._began:.2f} s\n")
        self._began = now


async def test_a_song_comes_is_played_and_put_into_playlists(
    tmp_path: Path, connected: Connect, pytestconfig: pytest.Config
) -> None:
    folder = source(pytestconfig)
    world = World.small(tmp_path / "music")
    async with (
        running(folder, tmp_path / "lyrion", world.root) as server,
        connected(**server.options) as adapter,
        asyncio.timeout(110),
    ):
        clock = Clock()
        tracks = [track async for track in adapter.walk()]
        clock.tell("a walk of seven songs")
        async with adapter.audio(tracks[0].id) as path:
            assert path.stat().st_size == tracks[0].bytes
        clock.tell("the audio of a song")
        assert isinstance(adapter, Watches)
        feed = adapter.changes()
        assert await anext(feed) == LibraryChanged()
        world.add(LATE)
        clock.tell("the feed begins")
        await server.ask("rescan")
        told = [await anext(feed)]
        while told[-1] != LibraryChanged():
            told.append(await anext(feed))
        clock.tell("a new song, from the order to scan to its change")
        await feed.aclose()  # type: ignore[attr-defined]
        tracks = [track async for track in adapter.walk()]
        [late] = [track for track in tracks if track.title == "Late"]
        assert TrackChanged(late.id) in told
        assert isinstance(adapter, Publishes)
        assert isinstance(adapter, ReadsPlaylists)
        clock.tell("a walk of eight songs")
        ids = tuple(track.id for track in tracks)
        made = await adapter.publish(Playlist(name="Mix", tracks=ids), replacing=None)
        clock.tell("a playlist of eight songs")
        other = (*ids[4:], ids[1])
        assert await adapter.publish(Playlist(name="Mix", tracks=other), replacing=made) == made
        clock.tell("another in its place")
        assert tuple(await adapter.entries(made)) == other
        await adapter.withdraw(made)


async def test_plays_are_seen_and_players_are_left_alone(
    tmp_path: Path, connected: Connect, pytestconfig: pytest.Config
) -> None:
    folder = source(pytestconfig)
    if shutil.which("squeezelite") is None:
        pytest.skip("no player is installed (apt-get install squeezelite)")
    world = World.small(tmp_path / "music")
    async with (
        running(folder, tmp_path / "lyrion", world.root) as server,
        connected(**server.options) as adapter,
        _playing(server) as urls,
    ):
        assert isinstance(adapter, KeepsHistory)
        assert isinstance(adapter, Publishes)
        queue = await _queue(server)
        [user] = [user async for user in adapter.users()]
        clock, since = Clock(), datetime.now(UTC) - timedelta(days=2)

        async def played() -> dict[str, int]:
            return {play.track_id: play.count async for play in adapter.plays(user.id, since)}

        plays = await until(played, seconds=30, every=0.2)
        assert plays[urls[0]] == 1
        assert plays.keys() <= set(urls)
        clock.tell("a play is seen")
        tracks = tuple([track.id async for track in adapter.walk()])
        made = await adapter.publish(Playlist(name="Mix", tracks=tracks), replacing=None)
        await adapter.publish(Playlist(name="Mix", tracks=tracks[::-1]), replacing=made)
        await adapter.withdraw(made)
        assert await _queue(server) == queue


@asynccontextmanager
async def _playing(server: RealLyrion) -> AsyncIterator[list[str]]:
    """A player with two songs in its queue."""
    player = await asyncio.create_subprocess_exec(
        "squeezelite", "-o", "-", "-s", "127.0.0.1", "-m", PLAYER, stdout=DEVNULL, stderr=DEVNULL
    )
    try:

        async def there() -> bool:
            return bool((await server.ask("players", 0, 1)).get("players_loop"))

        await until(there, seconds=30, every=0.2)
        listed = (await server.ask("titles", 0, 2, "tags:u", "sort:sql=tracks.id"))["titles_loop"]
        urls = [row["url"] for row in listed]
        await server.ask("playlist", "play", urls[0], player=PLAYER)
        await server.ask("playlist", "add", urls[1], player=PLAYER)
        await server.ask("pause", 1, player=PLAYER)
        yield urls
    finally:
        player.kill()
        await player.wait()


async def _queue(server: RealLyrion) -> list[str]:
    """What the player has before it; where it is in it moves as it plays."""
    status = await server.ask("status", 0, 100, "tags:u", player=PLAYER)
    return [row["url"] for row in status["playlist_loop"]]


async def test_a_server_that_is_killed_and_comes_back_is_listened_to_again(
    tmp_path: Path, connected: Connect, pytestconfig: pytest.Config
) -> None:
    folder = source(pytestconfig)
    world = World.small(tmp_path / "music")
    async with (
        running(folder, tmp_path / "lyrion", world.root) as server,
        connected(**server.options) as adapter,
        asyncio.timeout(110),
    ):
        assert isinstance(adapter, Watches)
        before = {track.id: track async for track in adapter.walk()}
        feed = adapter.changes()
        assert await anext(feed) == LibraryChanged()
        await server.stop()
        with pytest.raises(Unavailable):
            await anext(feed)
        with pytest.raises(Unavailable):
            await anext(adapter.walk())
        world.add(LATE)
        await server.start()
        feed = adapter.changes()
        assert await anext(feed) == LibraryChanged()
        await server.ask("rescan")
        while await anext(feed) != LibraryChanged():
            pass
        after = {track.id: track async for track in adapter.walk()}
        assert after.items() >= before.items()
        assert [track.title for id_, track in after.items() if id_ not in before] == ["Late"]
        await feed.aclose()  # type: ignore[attr-defined]
