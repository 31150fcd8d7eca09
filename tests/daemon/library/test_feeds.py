"""Feeds: one listener per server over all processes, back after every break, each time with a walk."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from segue.library.feeds import Feeds, Pace
from segue.model import LibraryChanged, TrackChanged, TrackId
from segue.sdk import AuthFailed, Unavailable, Unsupported
from segue.store import servers
from segue.store.servers import ServerState
from tests.daemon.library.conftest import Library, songs

QUICK = Pace(look=0.02, lease=1.0, first_pause=0.01, longest_pause=0.05, refused_pause=0.05, gather=0.01)


@asynccontextmanager
async def _listening(library: Library, owner: str = "one", pace: Pace = QUICK) -> AsyncIterator[None]:
    feeds = Feeds(pool=library.pool, registry=library.registry, wake=library.wake, owner=owner, pace=pace)
    task = asyncio.create_task(feeds.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def _until(fact: Callable[[], Awaitable[bool]] | Callable[[], bool], seconds: float = 20.0) -> None:
    async with asyncio.timeout(seconds):
        while True:
            found = fact()
            if found if isinstance(found, bool) else await found:
                return
            await asyncio.sleep(0.01)


async def _walk_wanted(library: Library) -> bool:
    return await library.take_pending_walks() == 1


async def test_each_connection_wants_a_walk_and_hints_come_through(library: Library) -> None:
    [song] = songs(1)
    library.far.hold(song)
    async with _listening(library):
        await _until(lambda: _walk_wanted(library))
        library.far.tell(TrackChanged(song.id))
        await _until(lambda: "intake" in library.woken)
        await library.drain()
        assert set(await library.present()) == {song.id}
        library.far.tell(Unavailable("Broken off."))
        await _until(lambda: _walk_wanted(library))
    assert library.far.listeners == []


async def test_a_burst_is_taken_in_at_once(library: Library) -> None:
    async with _listening(library, pace=replace(QUICK, gather=0.2)):
        await _until(lambda: _walk_wanted(library))
        library.woken.clear()
        library.far.tell(*(TrackChanged(TrackId(str(n))) for n in range(50)))
        await _until(lambda: "intake" in library.woken)
        assert library.woken == ["intake"]


@pytest.mark.parametrize("fault", [Unavailable("No."), AuthFailed("No."), ValueError("Oops.")])
async def test_no_fault_ends_the_feed_for_good(library: Library, fault: Exception) -> None:
    library.far.fault = fault
    async with _listening(library):
        await _until(lambda: _state_told(library))
        library.far.fault = None
        await _until(lambda: _walk_wanted(library))
        await _until(lambda: bool(library.far.listeners))
    async with library.pool.connection() as c:
        row = await servers.get(c, library.server)
    assert row is not None
    assert (row.state, row.feed_owner) == (ServerState.CONNECTED, None)


async def test_a_refusal_that_somebody_ended_is_not_waited_out(library: Library) -> None:
    library.far.fault = AuthFailed("No.")
    async with _listening(library, pace=replace(QUICK, refused_pause=3600)):
        await _until(lambda: _is_refused(library))
        library.far.fault = None
        await library.registry.probe(library.server)  # as `segue servers test` does
        await _until(lambda: _walk_wanted(library))


async def _is_refused(library: Library) -> bool:
    async with library.pool.connection() as c:
        row = await servers.get(c, library.server)
    return row is not None and row.state is ServerState.REFUSED


async def _state_told(library: Library) -> bool:
    async with library.pool.connection() as c:
        row = await servers.get(c, library.server)
    return row is not None and row.last_error is not None


async def test_a_second_process_listens_only_when_the_first_has_gone(library: Library) -> None:
    async with _listening(library, "one"):
        await _until(lambda: len(library.far.listeners) == 1)
        async with _listening(library, "two"):
            await _until(lambda: _walk_wanted(library))
            async with library.pool.connection() as c:
                row = await servers.get(c, library.server)
            assert row is not None
            assert row.feed_owner == "one"
            assert len(library.far.listeners) == 1
    async with _listening(library, "two"):
        await _until(lambda: len(library.far.listeners) == 1)


async def test_a_server_that_tells_nothing_is_walked_now_and_then(library: Library) -> None:
    async with library.pool.connection() as c:
        await c.execute("update servers set kind = 'deaf'")
    async with _listening(library, pace=replace(QUICK, walk_unwatched=0.05)):
        await _until(lambda: _walk_wanted(library))
        await _until(lambda: _walk_wanted(library))


async def test_a_feed_that_is_not_to_be_had_becomes_walks(library: Library) -> None:
    async with _listening(library, pace=replace(QUICK, walk_unwatched=0.05)):
        await _until(lambda: _walk_wanted(library))
        library.far.tell(Unsupported("No more watches."))
        await _until(lambda: not library.far.listeners)
        await _until(lambda: _walk_wanted(library))


async def test_a_removed_server_is_not_listened_to(library: Library) -> None:
    async with _listening(library):
        await _until(lambda: len(library.far.listeners) == 1)
        async with library.pool.connection() as c:
            await servers.remove(c, library.server)
        await _until(lambda: not library.far.listeners)


async def test_other_settings_begin_a_new_feed(library: Library) -> None:
    async with _listening(library):
        await _until(lambda: len(library.far.listeners) == 1)
        first = library.far.listeners[0]
        async with library.pool.connection() as c:
            row = await servers.get(c, library.server)
        assert row is not None
        await library.registry.change(row, "memory", {}, origin="api")
        await _until(lambda: bool(library.far.listeners) and library.far.listeners[0] is not first)


async def test_a_hint_lost_with_the_feed_is_made_good_by_the_walk(library: Library) -> None:
    async with _listening(library):
        await _until(lambda: _walk_wanted(library))
        library.far.tell(LibraryChanged(), Unavailable("Broken off."))
        await _until(lambda: _walk_wanted(library))


async def test_a_server_that_answers_but_whose_feed_is_broken_is_walked_now_and_then(
    library: Library,
) -> None:
    library.far.feed_fault = Unavailable("The feed is broken.")
    async with _listening(library, pace=replace(QUICK, walk_unwatched=0.05)):
        for _ in range(2):
            await _until(lambda: _walk_wanted(library))


async def test_a_server_whose_listing_fails_is_walked_again_though_it_tells_its_news(
    library: Library,
) -> None:
    async with _listening(library, pace=replace(QUICK, walk_unwatched=0.05)):
        await _until(lambda: _walk_wanted(library))
        with pytest.raises(Unavailable):
            async with library.registry.using(library.server, walking=True):
                raise Unavailable("It breaks off.")
        await _until(lambda: _walk_wanted(library))
        await library.walk()
    async with library.pool.connection() as c:
        row = await servers.get(c, library.server)
    assert row is not None
    assert (row.state, row.fault_in) == (ServerState.CONNECTED, None)


async def test_it_ends_in_time_when_the_database_is_away(library: Library) -> None:
    listening = _listening(library)
    await listening.__aenter__()
    await _until(lambda: len(library.far.listeners) == 1)
    await library.pool.close()
    async with asyncio.timeout(30):
        await listening.__aexit__(None, None, None)
    assert library.far.listeners == []
