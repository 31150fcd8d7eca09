"""Whatever a Lyrion does, a listing that may lack songs never ends as if it were whole."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from segue.model import LibraryChanged, Playlist, PlaylistsChanged, TrackChanged, TrackId
from segue.sdk import (
    Adapter,
    AdapterError,
    AuthFailed,
    CatchesUp,
    KeepsHistory,
    Malformed,
    NotFound,
    NumbersTracks,
    Publishes,
    ReadsPlaylists,
    Unavailable,
    Unsupported,
    Watches,
)
from segue.sdk.testing import Song, World
from tests.adapters.lyrion.conftest import Connect
from tests.fakes.lyrion import FakeLyrion, Hung, serving

LATE = Song(artist="Late", album="Late", title="Late", number=1, hertz=500)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World.small(tmp_path / "music")


@pytest.fixture
async def lyrion(world: World) -> AsyncIterator[FakeLyrion]:
    fake = FakeLyrion(world)
    async with serving(fake):
        yield fake


@pytest.fixture
async def adapter(lyrion: FakeLyrion, connected: Connect) -> AsyncIterator[Adapter]:
    async with connected(url=lyrion.url, cli_port=lyrion.cli_port) as adapter:
        yield adapter


async def _walk(adapter: Adapter) -> list[str]:
    return [track.title async for track in adapter.walk()]


def _answer(result: object) -> bytes:
    return json.dumps({"id": 1, "result": result}).encode()


ANSWERS = {
    "nothing": b"", "half": b'{"result": {"titles_loop": [{"id',
    "page": b"<html>Back soon</html>", "list": b"[]",
    "empty": b"{}", "no result": _answer(None), "no songs": _answer({"count": 7}),
    "none at all": _answer({"count": 0}), "no list": _answer({"titles_loop": "none"}),
    "no numbers": _answer({"titles_loop": [{}]}), "bytes": b"\xff\xfe",
}  # fmt: skip


@pytest.mark.parametrize("name", ANSWERS)
@pytest.mark.parametrize("command", ["titles", "serverstatus"])
async def test_no_answer_looks_like_a_smaller_library(
    lyrion: FakeLyrion, adapter: Adapter, command: str, name: str
) -> None:
    lyrion.fault = lambda words: ANSWERS[name] if words[0] == command else None
    with pytest.raises(AdapterError) as told:
        await _walk(adapter)
    assert not isinstance(told.value, NotFound)
    lyrion.fault = lambda words: None
    assert len(await _walk(adapter)) == 7


async def test_a_list_that_lacks_songs_is_not_believed(lyrion: FakeLyrion, adapter: Adapter) -> None:
    lyrion.page = 6
    with pytest.raises(Unavailable):
        await _walk(adapter)


async def test_totals_that_are_a_minute_old_do_not_spoil_a_listing(
    lyrion: FakeLyrion, adapter: Adapter
) -> None:
    lyrion.stale_songs = 1
    assert len(await _walk(adapter)) == 7
    lyrion.db.execute("delete from tracks")
    with pytest.raises(Unavailable):  # but nothing at all must show in all signs
        await _walk(adapter)
    lyrion.stale_songs = 0
    assert await _walk(adapter) == []


async def test_a_change_in_the_midst_is_listed_again(
    lyrion: FakeLyrion, adapter: Adapter, world: World
) -> None:
    looks = itertools.count()

    def change_once(words: list[Any]) -> None:
        if words[0] == "titles" and next(looks) == 0:
            world.add(LATE)
            lyrion.scan()

    lyrion.fault = change_once
    titles = await _walk(adapter)
    assert len(titles) == len(set(titles)) == 8


async def test_a_library_that_never_holds_still_is_unavailable(lyrion: FakeLyrion, adapter: Adapter) -> None:
    def change(words: list[Any]) -> None:
        lyrion.last_scan += words[0] == "titles"

    lyrion.fault = change
    with pytest.raises(Unavailable, match="hold still"):
        await _walk(adapter)


async def test_a_scan_is_waited_for(lyrion: FakeLyrion, adapter: Adapter) -> None:
    lyrion.scanning = True
    looks = itertools.count()

    def end(words: list[Any]) -> None:
        if words[0] == "serverstatus" and next(looks) == 3:
            lyrion.scanning = False

    lyrion.fault = end
    assert len(await _walk(adapter)) == 7


async def test_a_clean_rescan_changes_no_id(lyrion: FakeLyrion, adapter: Adapter) -> None:
    assert isinstance(adapter, Publishes)
    assert isinstance(adapter, ReadsPlaylists)
    before = {track.id: track for track in [track async for track in adapter.walk()]}
    ids = list(before)
    made = await adapter.publish(Playlist(name="Mix", tracks=tuple(ids[:3])), replacing=None)
    numbers = {row["id"] for row in lyrion.db.execute("select id from tracks")}
    lyrion.wipe()
    assert not numbers & {row["id"] for row in lyrion.db.execute("select id from tracks")}
    assert {track.id: track for track in [track async for track in adapter.walk()]} == before
    async with adapter.audio(ids[0]) as path:
        assert path.stat().st_size == before[ids[0]].bytes
    again = await adapter.publish(Playlist(name="Mix", tracks=tuple(ids[2:5])), replacing=made)
    assert again == made
    assert await adapter.entries(made) == ids[2:5]


async def test_plugins_numbers_are_told_and_read(lyrion: FakeLyrion, adapter: Adapter) -> None:
    assert isinstance(adapter, NumbersTracks)
    ids = [track.id async for track in adapter.walk()]
    numbers = await adapter.numbers([*ids, TrackId("file:///nowhere.flac"), TrackId("odd ' id")])
    assert list(numbers) == ids
    assert await adapter.numbered([*numbers.values(), "999", "1 OR 1", ""]) == {
        number: id_ for id_, number in numbers.items()
    }
    assert await adapter.numbers([]) == {}
    lyrion.wipe()
    assert not set((await adapter.numbers(ids)).values()) & set(numbers.values())


async def test_online_songs_are_left_out_and_parts_have_no_sound(
    lyrion: FakeLyrion, adapter: Adapter, world: World
) -> None:
    lyrion.add_row("qobuz://123.flac", remote=1, extid="qobuz:123")
    lyrion.add_row("file:///imported.mp3", extid="spotify:1")
    lyrion.add_row("file:///music/album.flac#0-123.5")
    parts = [track for track in [track async for track in adapter.walk()] if "#" in track.id]
    assert [track.path for track in parts] == ["/music/album.flac"]
    assert len(await _walk(adapter)) == 8
    for online in ("qobuz://123.flac", "file:///imported.mp3"):
        with pytest.raises(NotFound):
            await adapter.get(TrackId(online))
    with pytest.raises(Malformed, match="part of a file"):
        async with adapter.audio(parts[0].id):
            pass


async def test_a_file_that_is_not_sent_whole_is_not_lent(lyrion: FakeLyrion, adapter: Adapter) -> None:
    [one, *_] = [track async for track in adapter.walk()]
    lyrion.db.execute("update tracks set filesize = filesize + 1 where url = ?", [one.id])
    with pytest.raises(Malformed, match="but sends"):
        async with adapter.audio(one.id):
            pass


@pytest.mark.parametrize("password", [None, "wrong"])
async def test_a_protected_server_refuses_strangers(
    world: World, connected: Connect, password: str | None
) -> None:
    fake = FakeLyrion(world, username="tester", password="right")
    given = {} if password is None else {"username": "tester", "password": password}
    async with serving(fake):
        with pytest.raises(AuthFailed):
            async with connected(url=fake.url, cli_port=fake.cli_port, **given):
                pass


async def test_what_the_operator_should_know_is_told(
    world: World, tmp_path: Path, connected: Connect
) -> None:
    (tmp_path / "other/x").mkdir(parents=True)
    fake = FakeLyrion(world, version="7.9.1", has_cli=False)
    async with (
        serving(fake),
        connected(url=fake.url, cli_port=fake.cli_port, path=tmp_path / "other") as adapter,
    ):
        told = " ".join((await adapter.probe()).warnings)
    assert "older than 8.5" in told
    assert "command line" in told
    assert "audio will be downloaded" in told


async def test_another_server_at_that_address_is_told_of(lyrion: FakeLyrion, connected: Connect) -> None:
    lyrion.fault = lambda words: b'{"subsonic-response": {}}'
    with pytest.raises(Malformed, match="no Lyrion"):
        async with connected(url=lyrion.url):
            pass


async def test_a_broken_feed_says_so(lyrion: FakeLyrion, adapter: Adapter) -> None:
    assert isinstance(adapter, Watches)
    with pytest.raises(Unavailable):
        async for change in adapter.changes():
            assert change == LibraryChanged()
            for writer in lyrion.lines:
                writer.close()


async def test_the_feed_names_what_is_young(lyrion: FakeLyrion, adapter: Adapter, world: World) -> None:
    assert isinstance(adapter, Watches)
    told = []
    async with asyncio.timeout(20):
        async for change in adapter.changes():
            told.append(change)
            if len(told) == 1:
                world.add(LATE)
                await lyrion.rescan()
            elif change == LibraryChanged():
                break
    [late] = [track.id for track in [one async for one in adapter.walk()] if track.title == "Late"]
    assert TrackChanged(late) in told


async def test_the_feed_tells_of_edited_playlists(adapter: Adapter) -> None:
    assert isinstance(adapter, Watches)
    assert isinstance(adapter, Publishes)
    tracks = tuple([track.id async for track in adapter.walk()])
    async with asyncio.timeout(20):
        async for change in adapter.changes():
            if change == PlaylistsChanged():
                break
            assert change == LibraryChanged()
            await adapter.publish(Playlist(name="Mix", tracks=tracks), replacing=None)


async def test_what_came_lately_can_be_listed(lyrion: FakeLyrion, adapter: Adapter, world: World) -> None:
    assert isinstance(adapter, CatchesUp)
    lyrion.db.execute("update tracks set updated_time = 5, added_time = 5, timestamp = 5")
    world.add(LATE)
    lyrion.scan()
    moment = datetime.now(UTC) - timedelta(minutes=1)
    assert [track.title async for track in adapter.changed_since(moment)] == ["Late"]


async def test_plays_and_ratings_are_history(lyrion: FakeLyrion, adapter: Adapter) -> None:
    assert isinstance(adapter, KeepsHistory)
    [user] = [user async for user in adapter.users()]
    one, two, three, *_ = [track.id for track in [track async for track in adapter.walk()]]
    now = datetime.now(UTC)
    lyrion.play(one, at=int((now - timedelta(hours=3)).timestamp()), count=4, rating=80)
    lyrion.play(two, at=int((now - timedelta(days=400)).timestamp()), count=9)
    lyrion.play(three, at=0, count=0, rating=60)
    plays = {play.track_id: play async for play in adapter.plays(user.id, now - timedelta(days=30))}
    assert set(plays) == {one, three}
    assert (plays[one].count, plays[one].rating) == (4, 0.8)
    assert timedelta(hours=3) <= now - plays[one].at <= timedelta(hours=5)
    assert (plays[three].count, plays[three].rating) == (0, 0.6)
    everything = [play async for play in adapter.plays(user.id, datetime.fromtimestamp(0, UTC))]
    assert {play.track_id: play.count for play in everything} == {one: 4, two: 9, three: 0}


async def test_only_songs_that_the_server_has_are_sent_to_a_playlist(
    lyrion: FakeLyrion, adapter: Adapter
) -> None:
    """It would add any address as a song of its own."""
    assert isinstance(adapter, Publishes)
    await adapter.publish(
        Playlist(name="Mix", tracks=(TrackId("file:///music/nowhere.mp3"),)), replacing=None
    )
    assert not [words for words in lyrion.asked if words[:2] == ["playlists", "edit"]]


async def test_a_playlist_that_is_right_is_not_touched(lyrion: FakeLyrion, adapter: Adapter) -> None:
    assert isinstance(adapter, Publishes)
    tracks = tuple([track.id async for track in adapter.walk()])
    made = await adapter.publish(Playlist(name="Mix", tracks=tracks), replacing=None)
    lyrion.asked.clear()
    await adapter.publish(Playlist(name="Mix", tracks=tracks), replacing=made)
    moved = (tracks[-1], *tracks[:-1])
    await adapter.publish(Playlist(name="Mix", tracks=moved), replacing=made)
    edits = [words[2:4] for words in lyrion.asked if words[:2] == ["playlists", "edit"]]
    assert edits == [["cmd:move", "index:6"]]


async def test_a_server_without_a_folder_for_playlists_says_so(lyrion: FakeLyrion, adapter: Adapter) -> None:
    assert isinstance(adapter, Publishes)
    lyrion.fault = lambda words: _answer({}) if words[:2] == ["playlists", "new"] else None
    with pytest.raises(Unsupported, match="folder"):
        await adapter.publish(Playlist(name="Mix", tracks=()), replacing=None)


def _hang_up_at_titles(words: list[Any]) -> bytes | None:
    if words[0] == "titles":
        raise Hung
    return None


async def test_a_refused_listing_is_a_fault_that_passes(adapter: Adapter, lyrion: FakeLyrion) -> None:
    lyrion.fault = _hang_up_at_titles
    with pytest.raises(Unavailable, match="hangs up"):
        await _walk(adapter)
    lyrion.fault = lambda words: None
    assert len(await _walk(adapter)) == 7


async def test_a_refused_first_question_is_one_too(lyrion: FakeLyrion, connected: Connect) -> None:
    lyrion.fault = _hang_up_at_titles
    with pytest.raises(Unavailable, match="hangs up"):
        async with connected(url=lyrion.url, cli_port=lyrion.cli_port):
            pytest.fail("It cannot be asked yet.")
