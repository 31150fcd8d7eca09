"""Runs: claimed once, fenced, cancelled with all below them."""

import asyncio
import itertools

import pytest

from segue.model import RunId, RunState, ServerKey
from segue.store import runs
from segue.store.pool import Connection, Pool


async def _server(c: Connection, name: str = "attic") -> ServerKey:
    cursor = await c.execute(
        "insert into servers (name, kind, origin, config_sealed, hook_secret_sealed) "
        "values (%s, 'folder', 'api', '', '') returning id",
        [name],
    )
    row = await cursor.fetchone()
    assert row is not None
    return ServerKey(row[0])


async def _state(pool: Pool, run: RunId) -> RunState:
    async with pool.connection() as c:
        found = await runs.get(c, run)
    assert found is not None
    return found.state


async def _expire(pool: Pool, run: RunId) -> None:
    async with pool.connection() as c:
        await c.execute("update runs set lease_until = now() - interval '1 second' where id = %s", [run])


async def test_a_run_lives_from_pending_to_success(pool: Pool) -> None:
    async with pool.connection() as c:
        run = await runs.create(c, "walk", total=4, arguments={"why": "asked"})
    assert await _state(pool, run) is RunState.PENDING
    async with pool.connection() as c:
        claimed = await runs.claim(c, ["walk"], owner="a", seconds=30)
        assert claimed is not None
        assert (claimed.id, claimed.state, claimed.attempts) == (run, RunState.STARTED, 1)
        assert claimed.arguments == {"why": "asked"}
        assert await runs.progress(c, run, "a", done=1, message="one of four")
        halfway = await runs.get(c, run)
        assert halfway is not None
        assert (halfway.state, halfway.percent) == (RunState.PROGRESS, 25.0)
        assert await runs.log(c, run, "info", "Walked.")
        assert await runs.succeed(c, run, "a")
        assert not await runs.log(c, run, "info", "Too late.")
        assert [line.line for line in await runs.log_after(c, run)] == ["Walked."]
    async with pool.connection() as c:
        ended = await runs.get(c, run)
    assert ended is not None
    assert (ended.state, ended.percent, ended.lease_owner) == (RunState.SUCCESS, 100.0, None)


async def test_many_claimers_share_the_runs_without_doubles(pool: Pool) -> None:
    async with pool.connection() as c:
        wanted = {await runs.create(c, "demo") for _ in range(40)}

    async def claimer(name: str) -> list[RunId]:
        mine: list[RunId] = []
        while True:
            async with pool.connection() as c:
                run = await runs.claim(c, ["demo"], owner=f"{name}{len(mine)}", seconds=30)
            if run is None:
                return mine
            mine.append(run.id)

    claimed = await asyncio.gather(*(claimer(name) for name in "abcde"))
    assert sorted(itertools.chain(*claimed)) == sorted(wanted)


async def test_a_lost_lease_ends_the_old_owners_say(pool: Pool) -> None:
    async with pool.connection() as c:
        run = await runs.create(c, "demo")
        assert await runs.claim(c, ["demo"], owner="first", seconds=30)
        assert await runs.claim(c, ["demo"], owner="second", seconds=30) is None
    await _expire(pool, run)
    async with pool.connection() as c:
        again = await runs.claim(c, ["demo"], owner="second", seconds=30)
        assert again is not None
        assert again.attempts == 2
        assert not await runs.progress(c, run, "first", done=1)
        assert not await runs.succeed(c, run, "first")
        assert not await runs.fail(c, run, "first", "no")
        assert await runs.renew(c, ["first", "second"], seconds=30) == {"second"}
        assert await runs.held(c, ["first", "second"]) == {"second"}
        assert await runs.succeed(c, run, "second")


async def test_a_run_that_never_ends_is_given_up(pool: Pool) -> None:
    async with pool.connection() as c:
        run = await runs.create(c, "demo")
    for attempt in range(runs.MAX_ATTEMPTS):
        async with pool.connection() as c:
            assert await runs.claim(c, ["demo"], owner=f"o{attempt}", seconds=30)
        await _expire(pool, run)
    async with pool.connection() as c:
        assert await runs.claim(c, ["demo"], owner="last", seconds=30) is None
        ended = await runs.get(c, run)
        assert ended is not None
        assert (ended.state, ended.message) == (RunState.FAILURE, "Given up after 5 attempts.")
        assert [line.level for line in await runs.log_after(c, run)] == ["error"]


async def test_a_stopping_worker_gives_a_run_back_without_counting(pool: Pool) -> None:
    async with pool.connection() as c:
        run = await runs.create(c, "demo")
        await runs.claim(c, ["demo"], owner="a", seconds=30)
        assert await runs.release(c, run, "a")
    async with pool.connection() as c:
        again = await runs.claim(c, ["demo"], owner="b", seconds=30)
    assert again is not None
    assert again.attempts == 1


async def test_a_postponed_run_waits(pool: Pool) -> None:
    async with pool.connection() as c:
        run = await runs.create(c, "demo")
        await runs.claim(c, ["demo"], owner="a", seconds=30)
        assert await runs.postpone(c, run, "a", seconds=20, reason="The server is away.")
    async with pool.connection() as c:
        assert await runs.claim(c, ["demo"], owner="b", seconds=30) is None
        seconds = await runs.next_look(c, ["demo"])
    assert seconds is not None
    assert 18 < seconds <= 20


async def test_wanting_a_walk_twice_is_wanting_it_once(pool: Pool) -> None:
    async with pool.connection() as c:
        server = await _server(c)
        first = await runs.create(c, "walk", server=server)
        assert await runs.create(c, "walk", server=server) == first
        await runs.claim(c, ["walk"], owner="a", seconds=30)
        second = await runs.create(c, "walk", server=server)
        assert second != first


async def test_a_walk_that_waits_after_a_fault_goes_on_when_wanted_again(pool: Pool) -> None:
    async with pool.connection() as c:
        server = await _server(c)
        run = await runs.create(c, "walk", server=server)
        await runs.claim(c, ["walk"], owner="a", seconds=30)
        await runs.postpone(c, run, "a", seconds=100, reason="The server is away.")
        assert await runs.create(c, "walk", server=server) == run
        claimed = await runs.claim(c, ["walk"], owner="b", seconds=30)
    assert claimed is not None
    assert claimed.id == run


async def test_a_walk_can_be_wanted_for_later(pool: Pool) -> None:
    async with pool.connection() as c:
        server = await _server(c)
        run = await runs.create(c, "walk", server=server, seconds=30)
        assert await runs.create(c, "walk", server=server) == run
        assert await runs.claim(c, ["walk"], owner="a", seconds=30) is None


async def test_one_server_is_walked_by_one_worker(pool: Pool) -> None:
    async with pool.connection() as c:
        server = await _server(c)
        first = await runs.create(c, "walk", server=server)
        await runs.claim(c, ["walk"], owner="a", seconds=30)
        second = await runs.create(c, "walk", server=server)
        assert await runs.claim(c, ["walk"], owner="b", seconds=30) is None
        await runs.succeed(c, first, "a")
        claimed = await runs.claim(c, ["walk"], owner="b", seconds=30)
    assert claimed is not None
    assert claimed.id == second


async def test_cancel_revokes_everything_below_and_nothing_finished(pool: Pool) -> None:
    async with pool.connection() as c:
        parent = await runs.create(c, "demo")
        done, child = [await runs.create(c, "demo", parent=parent) for _ in range(2)]
        grandchild = await runs.create(c, "demo", parent=done)
        stranger = await runs.create(c, "demo")
        await runs.succeed(c, done, None)
    async with pool.connection() as c:
        assert await runs.cancel(c, parent) == 3
        assert await runs.cancel(c, parent) == 0
        assert not await runs.progress(c, child, None, done=1)
        with pytest.raises(runs.ParentFinishedError):
            await runs.create(c, "demo", parent=child)
    states = [await _state(pool, run) for run in (parent, done, child, grandchild, stranger)]
    assert states == ["REVOKED", "SUCCESS", "REVOKED", "REVOKED", "PENDING"]


async def test_a_child_made_while_its_parent_is_cancelled_is_cancelled_too(pool: Pool) -> None:
    async with pool.connection() as c:
        parent = await runs.create(c, "demo")
        middle = await runs.create(c, "demo", parent=parent)
    async with pool.connection() as making, pool.connection() as cancelling:
        late = await runs.create(making, "demo", parent=middle)  # holds `middle`, not yet committed
        cancel = asyncio.create_task(runs.cancel(cancelling, parent))
        await _wait_for_a_lock(pool)
        await making.commit()
        assert await cancel == 3
    assert await _state(pool, late) is RunState.REVOKED


async def test_lists_are_pages_of_newest_first(pool: Pool) -> None:
    async with pool.connection() as c:
        ids = [await runs.create(c, "demo") for _ in range(5)]
        await runs.cancel(c, ids[0])
        page = await runs.list_(c, kind="demo", limit=2)
        assert [run.id for run in page] == [ids[4], ids[3]]
        page = await runs.list_(c, before=ids[3], unfinished=True)
        assert [run.id for run in page] == [ids[2], ids[1]]
        assert [run.id for run in await runs.list_(c, state=RunState.REVOKED)] == [ids[0]]


async def _wait_for_a_lock(pool: Pool) -> None:
    async with asyncio.timeout(30):
        while True:
            async with pool.connection() as c:
                cursor = await c.execute(
                    "select count(*) from pg_stat_activity where wait_event_type = 'Lock'"
                )
                row = await cursor.fetchone()
            if row is not None and row[0]:
                return
            await asyncio.sleep(0.01)
