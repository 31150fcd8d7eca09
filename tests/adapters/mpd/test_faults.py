"""Whatever an MPD does, a listing that may lack songs never ends as if it were whole."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from segue.model import LibraryChanged, Playlist, TrackChanged, TrackId
from segue.sdk import Adapter, AdapterError, AuthFailed, Malformed, NotFound, Unavailable, Unsupported
from segue.sdk.contract import KeepsHistory, Publishes, Watches
from segue.sdk.testing import Song, World
from segue_mpd.client import opened
from tests.adapters.mpd.conftest import Connect
from tests.fakes.mpd import FakeMpd, fake_mpd

LATE = Song(artist="Late", album="Late", title="Late", number=1, hertz=500)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World.small(tmp_path / "music")


@pytest.fixture
async def mpd(world: World) -> AsyncIterator[FakeMpd]:
    async with fake_mpd(world) as fake:
        yield fake


@pytest.fixture
async def adapter(mpd: FakeMpd, world: World, connected: Connect) -> AsyncIterator[Adapter]:
    async with connected(host="127.0.0.1", port=mpd.port, path=world.root) as adapter:
        yield adapter


async def _walk(adapter: Adapter) -> list[str]:
    return [track.title async for track in adapter.walk()]


ANSWERS = [
    b"", b"OK", b"garbage\n", b"file: half a li", b"file: x.flac\nTitle: x\n", b"ACK nonsense\n",
    b"\xff\xfe\n",
    b"ACK [5@0] {x} unknown command\n", b"ACK [4@0] {x} you don't have permission\n",
    b"ACK [52@0] {x} a disk is broken\n", b"OK\n", b"Artist: nobody\nOK\n", b"x" * 300_000,
]  # fmt: skip


@pytest.mark.parametrize("answer", ANSWERS, ids=range(len(ANSWERS)))
@pytest.mark.parametrize("command", ["tagtypes", "stats", "find"])
async def test_no_answer_looks_like_an_empty_library(
    mpd: FakeMpd, adapter: Adapter, command: str, answer: bytes
) -> None:
    mpd.broken = lambda asked: answer if asked == command else None
    with pytest.raises(AdapterError) as told:
        await _walk(adapter)
    assert not isinstance(told.value, NotFound)
    mpd.broken = lambda asked: None
    assert len(await _walk(adapter)) == 7


@pytest.mark.parametrize(
    "greeting", [b"SSH-2.0-OpenSSH\n", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\xff" * 300_000]
)
async def test_another_server_at_that_port_is_told_of(
    world: World, connected: Connect, greeting: bytes
) -> None:
    async with fake_mpd(world, greeting=greeting) as mpd:
        with pytest.raises(Malformed):
            async with connected(host="127.0.0.1", port=mpd.port):
                pass


async def test_a_silent_mpd_is_unavailable(world: World) -> None:
    gone = asyncio.Event()

    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"OK MPD 0.24.0\n")
        await reader.read()
        writer.close()
        await writer.wait_closed()
        gone.set()

    server = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        with pytest.raises(Unavailable, match="not answered"):
            async with opened("127.0.0.1", port, None, seconds=0.2) as client:
                await client.ask("stats")
        await gone.wait()


async def test_a_list_that_lacks_songs_is_not_believed(mpd: FakeMpd, adapter: Adapter) -> None:
    mpd.hidden = 3
    with pytest.raises(Unavailable):
        await _walk(adapter)


async def test_a_change_in_the_midst_is_listed_again(mpd: FakeMpd, adapter: Adapter, world: World) -> None:
    looks = itertools.count()

    def change_once() -> None:
        if next(looks) == 0:
            world.add(LATE)
            mpd.scan()
            mpd.db_update += 1

    mpd.before_page = change_once
    titles = await _walk(adapter)
    assert len(titles) == len(set(titles)) == 8


async def test_a_database_that_never_holds_still_is_unavailable(mpd: FakeMpd, adapter: Adapter) -> None:
    def change() -> None:
        mpd.db_update += 1

    mpd.before_page = change
    with pytest.raises(Unavailable, match="hold still"):
        await _walk(adapter)


async def test_a_first_scan_is_no_empty_library(mpd: FakeMpd, adapter: Adapter) -> None:
    mpd._songs.clear()
    mpd.updating = True
    with pytest.raises(Unavailable, match="still reading"):
        await _walk(adapter)
    mpd.updating = False
    assert await _walk(adapter) == []


async def test_a_disk_that_is_not_mounted_breaks_the_walk_off(adapter: Adapter, world: World) -> None:
    world.root.rename(world.root.with_name("elsewhere"))
    with pytest.raises(Unavailable):
        await _walk(adapter)
    world.root.mkdir()
    with pytest.raises(Unavailable, match="is its disk mounted"):
        await _walk(adapter)


@pytest.mark.parametrize(
    ("password", "fault"), [(None, AuthFailed), ("wrong", AuthFailed), ("low", AuthFailed)]
)
async def test_rights_are_asked_for(
    world: World, connected: Connect, password: str | None, fault: type[Exception]
) -> None:
    rights = {"right": {"find", "stats", "status", "idle"}, "low": {"status"}}
    async with fake_mpd(world, passwords=rights) as mpd:
        with pytest.raises(AuthFailed):
            async with connected(host="127.0.0.1", port=mpd.port, password=password) as adapter:
                await adapter.probe()
        async with connected(host="127.0.0.1", port=mpd.port, password="right") as adapter:
            assert len(await _walk(adapter)) == 7
            assert not isinstance(adapter, KeepsHistory)
            assert isinstance(adapter, Publishes)
            with pytest.raises(AuthFailed):
                await adapter.publish(Playlist(name="x", tracks=()), replacing=None)


async def test_without_a_path_it_lends_nothing_and_says_so(
    mpd: FakeMpd, world: World, connected: Connect
) -> None:
    async with connected(host="127.0.0.1", port=mpd.port) as adapter:
        info = await adapter.probe()
        assert "set `path`" in info.warnings[0]
        [track, *_] = [track async for track in adapter.walk()]
        with pytest.raises(Unsupported):
            async with adapter.audio(track.id):
                pass


async def test_a_wrong_path_is_warned_of(mpd: FakeMpd, tmp_path: Path, connected: Connect) -> None:
    (tmp_path / "other/x").mkdir(parents=True)
    async with connected(host="127.0.0.1", port=mpd.port, path=tmp_path / "other") as adapter:
        assert "is `path` right?" in (await adapter.probe()).warnings[0]
        [track, *_] = [track async for track in adapter.walk()]
        with pytest.raises(Malformed, match="no such file"):
            async with adapter.audio(track.id):
                pass


async def test_a_broken_feed_says_so(mpd: FakeMpd, adapter: Adapter) -> None:
    assert isinstance(adapter, Watches)
    with pytest.raises(Unavailable):
        async for change in adapter.changes():
            assert change == LibraryChanged()
            mpd.hang_up()


async def test_the_feed_names_what_is_young(mpd: FakeMpd, adapter: Adapter, world: World) -> None:
    assert isinstance(adapter, Watches)
    told = []
    async with asyncio.timeout(20):
        async for change in adapter.changes():
            told.append(change)
            if len(told) == 1:
                world.add(LATE)
                asyncio.get_running_loop().call_later(0.05, lambda: asyncio.ensure_future(mpd.refresh()))
            elif change == LibraryChanged():
                break
    assert TrackChanged(TrackId(LATE.path)) in told


async def test_stickers_are_history(mpd: FakeMpd, adapter: Adapter, world: World) -> None:
    assert isinstance(adapter, KeepsHistory)
    one, two, three = (song.path for song in world.songs[:3])
    mpd.stickers = {
        (one, "playCount"): "12", (one, "lastPlayed"): "1700000000", (one, "like"): "2",
        (two, "playCount"): "3", (two, "lastPlayed"): "1500000000",
        (three, "rating"): "8", (three, "playCount"): "many",
    }  # fmt: skip
    [user] = [user async for user in adapter.users()]
    plays = {
        play.track_id: play
        async for play in adapter.plays(user.id, datetime.fromtimestamp(1_600_000_000, UTC))
    }
    assert set(plays) == {one, three}
    assert (plays[TrackId(one)].count, plays[TrackId(one)].favourite) == (12, True)
    assert (plays[TrackId(three)].count, plays[TrackId(three)].rating) == (0, 0.8)
