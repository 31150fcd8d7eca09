"""Hints become rows, rows become looks, and nothing accepted is lost."""

import asyncio
from dataclasses import replace

from segue.library.gathering import Gathering
from segue.library.intake import MANY
from segue.model import LibraryChanged, PlaylistsChanged, TrackChanged, TrackGone, TrackId
from segue.sdk import Unavailable
from segue.store import copies, inbox, runs
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


async def test_an_edited_playlist_wants_a_look_at_playlists_and_no_walk(library: Library) -> None:
    async with library.pool.connection() as c:
        look = await copies.claim(c, owner="a", seconds=60)
        assert look is not None
        await copies.finish(c, look, "a", seconds=3600, known=())
    await library.accept(PlaylistsChanged(), PlaylistsChanged())
    assert (library.woken, await library.pending_walks()) == (["publish"], 0)
    async with library.pool.connection() as c:
        soon = await copies.next_look(c)
        assert soon is not None
        assert soon <= 2.0


async def test_a_playlist_edited_while_we_look_wants_another_look(library: Library) -> None:
    async with library.pool.connection() as c:
        look = await copies.claim(c, owner="a", seconds=60)
    assert look is not None
    await library.accept(PlaylistsChanged())
    async with library.pool.connection() as c:
        await copies.finish(c, look, "a", seconds=3600, known=())
        soon = await copies.next_look(c)
        assert soon is not None
        assert soon <= 2.0


async def test_hints_do_not_shorten_the_rest_after_a_fault(library: Library) -> None:
    async with library.pool.connection() as c:
        look = await copies.claim(c, owner="a", seconds=60)
        assert look is not None
        await copies.finish(c, look, "a", seconds=3600, reason="It is away.")
    await library.accept(PlaylistsChanged())
    async with library.pool.connection() as c:
        left = await copies.next_look(c)
        assert left is not None
        assert left > 3000


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


async def test_a_full_inbox_takes_no_more_and_loses_nothing(library: Library) -> None:
    all_songs = songs(10 * MANY)
    for start in range(0, len(all_songs), MANY):
        await library.accept(*(TrackChanged(song.id) for song in all_songs[start : start + MANY]))
    assert await _waiting(library) == 4 * MANY
    assert await library.pending_walks() == 1
    await library.drain()
    assert (await library.pending_walks(), await _waiting(library), library.far.gets) == (1, 0, 0)


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


async def test_hints_of_many_senders_share_transactions_and_all_are_kept(library: Library) -> None:
    gathering = Gathering(library.pool, library.wake)
    await asyncio.gather(
        *(gathering.accept(library.server, [TrackChanged(TrackId(f"{n}.flac"))]) for n in range(60))
    )
    assert await _waiting(library) == 60
    assert len(library.woken) <= 3


async def test_a_sender_that_gives_up_takes_nobody_with_it(library: Library) -> None:
    gathering = Gathering(library.pool, library.wake)
    senders = [
        asyncio.create_task(gathering.accept(library.server, [TrackChanged(TrackId(f"{n}.flac"))]))
        for n in range(20)
    ]
    await asyncio.sleep(0)
    senders[0].cancel()  # it writes for the others
    ended = await asyncio.gather(*senders, return_exceptions=True)
    assert [type(one) for one in ended[1:]] == [type(None)] * 19
    async with library.pool.connection() as c:
        _, ids = await inbox.take(c, library.server, limit=100)
    assert {TrackId(f"{n}.flac") for n in range(1, 20)} <= set(ids)


async def test_after_a_long_walk_the_next_one_waits(library: Library) -> None:
    library.far.hold(*songs(3))
    await library.walk()

    async def delay() -> float | None:
        await library.take_pending_walks()
        await library.accept(LibraryChanged())
        async with library.pool.connection() as c:
            return await runs.next_look(c, ["walk"])

    assert (await delay() or 0) < 5
    async with library.pool.connection() as c:
        await c.execute("update servers set last_walk_at = last_walk_ended_at - interval '60 seconds'")
    assert 100 < (await delay() or 0) <= 120
    async with library.pool.connection() as c:
        await c.execute("update servers set last_walk_at = last_walk_ended_at - interval '5 hours'")
    assert 800 < (await delay() or 0) <= 900
