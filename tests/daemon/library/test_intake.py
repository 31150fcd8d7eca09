"""Hints become rows, rows become looks, and nothing accepted is lost."""

import asyncio
from dataclasses import replace

from segue.library.intake import MANY
from segue.model import LibraryChanged, TrackChanged, TrackGone, TrackId
from segue.sdk import Unavailable
from segue.store import inbox
from tests.daemon.library.conftest import Library, songs


async def _waiting(library: Library) -> int:
    async with library.pool.connection() as c:
        return len((await inbox.take(c, library.server, limit=10_000))[0])


async def test_a_changed_track_is_looked_at_alone(library: Library) -> None:
    one, two = songs(2)
    library.far.hold(one, two)
    await library.accept(TrackChanged(one.id), TrackChanged(one.id), TrackChanged(two.id))
    assert library.woken == ["intake"]
    drained = await library.drain()
    assert (drained.looked_at, drained.news, drained.walks) == (2, 2, 0)
    assert set(await library.present()) == {one.id, two.id}
    assert (library.far.gets, library.far.walks, await _waiting(library)) == (2, 0, 0)
    assert "analyse" in library.woken


async def test_a_hint_without_news_only_confirms(library: Library) -> None:
    [song] = songs(1)
    library.far.hold(song)
    await library.walk()
    library.woken.clear()
    await library.accept(TrackChanged(song.id))
    drained = await library.drain()
    assert (drained.looked_at, drained.news) == (1, 0)
    assert library.woken == ["intake"]


async def test_vague_hints_and_goners_want_one_walk(library: Library) -> None:
    await asyncio.gather(*(library.accept(LibraryChanged(), TrackGone(TrackId("1"))) for _ in range(20)))
    assert await library.pending_walks() == 1
    assert await _waiting(library) == 0
    assert set(library.woken) == {"walk"}


async def test_many_at_once_are_left_to_a_walk(library: Library) -> None:
    await library.accept(*(TrackChanged(song.id) for song in songs(MANY + 1)))
    assert await library.pending_walks() == 1
    assert await _waiting(library) == 0


async def test_many_one_by_one_are_left_to_a_walk(library: Library) -> None:
    for song in songs(MANY + 1):
        await library.accept(TrackChanged(song.id))
    drained = await library.drain()
    assert (drained.walks, library.far.gets, await _waiting(library)) == (1, 0, 0)
    assert await library.pending_walks() == 1


async def test_a_track_that_is_not_there_wants_a_walk(library: Library) -> None:
    [song] = songs(1)
    library.far.hold(song)
    await library.walk()
    library.far.tracks.clear()
    await library.accept(TrackChanged(song.id))
    await library.drain()
    assert set(await library.present()) == {song.id}
    assert (await library.pending_walks(), await _waiting(library)) == (1, 0)


async def test_while_the_server_is_away_the_hints_become_a_walk(library: Library) -> None:
    [song] = songs(1)
    library.far.hold(song)
    await library.accept(TrackChanged(song.id))
    library.far.fault = Unavailable("No answer.")
    await library.drain()
    assert (await library.pending_walks(), await _waiting(library)) == (1, 0)


async def test_a_hint_between_look_and_commit_stays(library: Library) -> None:
    [song] = songs(1)
    library.far.hold(song)
    await library.accept(TrackChanged(song.id))
    async with library.pool.connection() as c:
        entries, _ = await inbox.take(c, library.server, limit=10)
        await library.accept(TrackChanged(song.id))
        await inbox.remove(c, library.server, entries)
    assert await _waiting(library) == 1


async def test_a_copied_in_track_of_known_content_is_not_heard_again(library: Library) -> None:
    [song] = songs(1)
    library.far.hold(song)
    await library.walk()
    await library.hear_everything()
    copy = replace(song, id=TrackId("copy.flac"))
    library.far.hold(copy)
    await library.accept(TrackChanged(copy.id))
    await library.drain()
    assert len(await library.present()) == 2
    assert await library.wanted() == 0
