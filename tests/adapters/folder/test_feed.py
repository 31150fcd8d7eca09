"""File events become hints: once per file, when it is quiet, and none is lost with a new folder."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from segue.model import Change, LibraryChanged, PlaylistsChanged, TrackChanged, TrackGone, TrackId
from segue.sdk import Adapter, Unavailable
from segue.sdk.contract import Watches
from segue.sdk.testing import Song, World
from segue_folder.feed import Settling
from segue_folder.tree import track_id

Connect = Callable[..., AbstractAsyncContextManager[Adapter]]


def test_a_path_is_handed_out_once_it_is_quiet() -> None:
    settling = Settling(quiet_seconds=1)
    one, two = Path("1"), Path("2")
    settling.touch(one, 0.0)
    settling.touch(two, 0.5)
    assert settling.quiet(0.9) == []
    settling.touch(one, 0.9)
    assert settling.quiet(1.6) == [two]
    assert settling.quiet(2.0) == [one]
    assert settling.quiet(9.0) == []


def test_too_many_paths_become_one_vague_hint() -> None:
    settling = Settling(quiet_seconds=1, limit=10)
    for number in range(50):
        settling.touch(Path(str(number)), 0.0)
    assert not settling.everything_quiet(0.5)
    assert settling.everything_quiet(1.0)
    assert not settling.everything_quiet(2.0)
    assert len(settling.quiet(2.0)) <= 10


def test_a_vague_hint_does_not_wait_for_ever() -> None:
    settling = Settling(quiet_seconds=1)
    moments = [tenth / 10 for tenth in range(1000)]
    due = []
    for now in moments:
        settling.touch_everything(now)
        if settling.everything_quiet(now):
            due.append(now)
    assert due == [30.0, 60.1, 90.2]


@pytest.fixture
async def told(tmp_path: Path, connected: Connect) -> AsyncIterator[asyncio.Queue[Change | None]]:
    """What the feed of the folder `music` tells, from when it listens."""
    (tmp_path / "music").mkdir()
    queue: asyncio.Queue[Change | None] = asyncio.Queue()
    async with connected(tmp_path / "music") as adapter:
        assert isinstance(adapter, Watches)

        async def read() -> None:
            try:
                async for change in adapter.changes():
                    queue.put_nowait(change)
            except Unavailable:
                queue.put_nowait(None)

        task = asyncio.create_task(read())
        async with asyncio.timeout(20):
            assert await queue.get() == LibraryChanged()
        yield queue
        task.cancel()
        await asyncio.wait([task])


async def _collect(told: asyncio.Queue[Change | None], wanted: set[Change]) -> set[Change | None]:
    heard: set[Change | None] = set()
    async with asyncio.timeout(20):
        while not wanted <= heard:
            heard.add(await told.get())
    return heard


async def test_a_copied_in_album_is_told_track_by_track(
    tmp_path: Path, told: asyncio.Queue[Change | None]
) -> None:
    album = World.small(tmp_path / "elsewhere")
    shutil.copytree(album.root, tmp_path / "music/new/deeply/nested")
    music = tmp_path / "music"
    wanted: set[Change] = {
        TrackChanged(track_id(music, music / "new/deeply/nested" / song.path)) for song in album.songs
    }
    assert await _collect(told, wanted) == wanted


async def test_a_moved_in_album_is_told_track_by_track(
    tmp_path: Path, told: asyncio.Queue[Change | None]
) -> None:
    album = World.small(tmp_path / "elsewhere")
    album.root.rename(tmp_path / "music/moved")
    music = tmp_path / "music"
    wanted: set[Change] = {TrackChanged(track_id(music, music / "moved" / song.path)) for song in album.songs}
    assert await _collect(told, wanted) == wanted


async def test_a_growing_file_is_told_when_it_is_whole(
    tmp_path: Path, told: asyncio.Queue[Change | None]
) -> None:
    path = tmp_path / "music/growing.mp3"
    with path.open("wb") as file:
        for _ in range(15):
            file.write(b"x" * 1000)
            file.flush()
            await asyncio.sleep(0.1)
    async with asyncio.timeout(20):
        assert await told.get() == TrackChanged(TrackId("growing.mp3"))
    assert path.stat().st_size == 15_000
    assert told.empty()


async def test_a_deleted_file_and_a_deleted_folder_are_told(
    tmp_path: Path, told: asyncio.Queue[Change | None]
) -> None:
    world = World(tmp_path / "music")
    song = world.add(Song(artist="A", album="B", title="C", number=1, hertz=300))
    await _collect(told, {TrackChanged(TrackId(song.path))})
    world.file(song).unlink()
    await _collect(told, {TrackGone(TrackId(song.path))})
    shutil.rmtree(tmp_path / "music/A")
    await _collect(told, {LibraryChanged()})


async def test_what_is_no_music_is_not_told(tmp_path: Path, told: asyncio.Queue[Change | None]) -> None:
    for name in ("cover.jpg", ".hidden.mp3", "list.m3u", "half.flac.part"):
        (tmp_path / "music" / name).write_bytes(b"x")
    (tmp_path / "music/cover.jpg").unlink()
    (tmp_path / "music/last.mp3").write_bytes(b"x")
    async with asyncio.timeout(20):
        assert await told.get() == TrackChanged(TrackId("last.mp3"))


@pytest.mark.parametrize("place", ["music/lists", "elsewhere"])
async def test_an_edited_playlist_is_told(tmp_path: Path, connected: Connect, place: str) -> None:
    lists = tmp_path / place
    lists.mkdir(parents=True)
    told: asyncio.Queue[Change] = asyncio.Queue()
    async with connected(tmp_path / "music", playlists=lists) as adapter:
        assert isinstance(adapter, Watches)

        async def read() -> None:
            async for change in adapter.changes():
                told.put_nowait(change)

        (tmp_path / "music").mkdir(exist_ok=True)
        task = asyncio.create_task(read())
        try:
            async with asyncio.timeout(20):
                assert await told.get() == LibraryChanged()
                (lists / "~radio.m3u8").write_text("one.mp3\n")
                assert await told.get() == PlaylistsChanged()
                (lists / "~radio.m3u8").unlink()
                while await told.get() != PlaylistsChanged():
                    pass
        finally:
            task.cancel()
            await asyncio.wait([task])


async def test_a_folder_that_goes_away_ends_the_feed(
    tmp_path: Path, told: asyncio.Queue[Change | None]
) -> None:
    (tmp_path / "music").rename(tmp_path / "unmounted")
    async with asyncio.timeout(20):
        while await told.get() is not None:
            pass
