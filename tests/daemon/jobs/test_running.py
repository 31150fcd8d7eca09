"""Runs are worked off: each kind of end is written down, cancels and lost leases interrupt."""

import asyncio
import random
from collections.abc import Awaitable, Callable

import pytest
from psycopg import OperationalError
from structlog.testing import capture_logs

from segue.jobs.running import Again, Done, RunDrain, Task
from segue.model import RunId, RunState
from segue.sdk import AuthFailed, Unavailable
from segue.store import runs
from segue.store.pool import Pool
from segue.store.runs import Run
from segue.wake import Wake
from tests.daemon.jobs.conftest import QUICK, Running
from tests.faults.waiting import until

Handler = Callable[[Task], Awaitable[Done | Again]]


class Bench:
    """A pool with some runs in it, and drains that handle them."""

    def __init__(self, pool: Pool, wake: Wake) -> None:
        self.pool = pool
        self.wake = wake

    def drain(self, handler: Handler, *, slots: int = 4, identity: str = "w") -> RunDrain:
        return RunDrain(self.pool, "walk", handler, identity=identity, slots=slots, timers=QUICK)

    async def want(self, *, parent: RunId | None = None) -> RunId:
        async with self.pool.connection() as c:
            run = await runs.create(c, "walk", parent=parent)
        await self.wake("walk")
        return run

    async def get(self, run: RunId) -> Run:
        async with self.pool.connection() as c:
            found = await runs.get(c, run)
        assert found is not None
        return found

    async def cancel(self, run: RunId) -> int:
        async with self.pool.connection() as c:
            return await runs.cancel(c, run)

    async def until(self, run: RunId, fact: Callable[[Run], bool], *, seconds: float = 10) -> Run:
        async def holds() -> bool:
            return fact(await self.get(run))

        await until(holds, seconds=seconds)
        return await self.get(run)


@pytest.fixture
def bench(pool: Pool, wake: Wake) -> Bench:
    return Bench(pool, wake)


def ended(run: Run) -> bool:
    return run.finished


def begun(run: Run) -> bool:
    return run.state is not RunState.PENDING


async def test_a_woken_run_succeeds_with_its_message_and_log(bench: Bench, running: Running) -> None:
    async def handler(task: Task) -> Done:
        await task.progress(total=2)
        await task.progress(done=1, message="half")
        await task.log("info", "A line.")
        await task.progress(done=1)
        return Done("All walked.")

    async with running(bench.drain(handler)):
        run = await bench.until(await bench.want(), ended)
    assert (run.state, run.done, run.total, run.message) == (RunState.SUCCESS, 2, 2, "All walked.")


async def test_work_that_waited_before_the_worker_came_is_found(bench: Bench, running: Running) -> None:
    async def handler(task: Task) -> Done:
        return Done()

    wanted = [await bench.want() for _ in range(10)]
    async with running(bench.drain(handler, slots=2)):
        for run in wanted:
            await bench.until(run, ended)


async def test_a_server_that_is_away_postpones_and_one_that_refuses_fails(
    bench: Bench, running: Running
) -> None:
    first, second = await bench.want(), await bench.want()
    errors = {first: Unavailable("It sleeps.", retry_after=100), second: AuthFailed("Wrong password.")}

    async def handler(task: Task) -> Done:
        raise errors[task.run.id]

    async with running(bench.drain(handler)):
        away = await bench.until(first, lambda run: run.not_before is not None)
        refused = await bench.until(second, ended)
    assert (away.lease_owner, away.message, away.attempts) == (None, "It sleeps.", 1)
    assert away.not_before is not None
    assert (away.not_before - away.updated_at).total_seconds() == pytest.approx(100)
    assert (refused.state, refused.message) == (RunState.FAILURE, "Wrong password.")


async def test_an_error_of_ours_is_told_and_tried_again_later(bench: Bench, running: Running) -> None:
    async def handler(task: Task) -> Done:
        raise ZeroDivisionError

    with capture_logs() as logs:
        async with running(bench.drain(handler)):
            run = await bench.until(await bench.want(), lambda run: run.not_before is not None)
    assert "ZeroDivisionError" in run.message
    assert "job_broke" in [line["event"] for line in logs]


async def test_a_lost_database_is_tried_again_at_once(bench: Bench, running: Running) -> None:
    async def handler(task: Task) -> Done:
        if task.run.attempts == 1:
            raise OperationalError("gone")
        return Done()

    async with running(bench.drain(handler)):
        run = await bench.until(await bench.want(), ended)
    assert (run.state, run.attempts) == (RunState.SUCCESS, 2)


async def test_waiting_for_something_holds_no_slot_and_is_no_attempt(bench: Bench, running: Running) -> None:
    async def handler(task: Task) -> Done | Again:
        async with bench.pool.connection() as c:
            children = await runs.children(c, task.run.id)
            if task.run.parent_id is None and not children:
                await runs.create(c, "walk", parent=task.run.id)
        if task.run.parent_id is None and not all(child.finished for child in children or [task.run]):
            return Again(0.05)
        return Done()

    async with running(bench.drain(handler, slots=1)):
        parent = await bench.until(await bench.want(), ended)
    assert (parent.state, parent.attempts) == (RunState.SUCCESS, 1)


async def test_a_stopping_worker_gives_its_runs_back_to_others(bench: Bench, running: Running) -> None:
    async def endless(task: Task) -> Done:
        await asyncio.Event().wait()
        return Done()

    async def quick(task: Task) -> Done:
        return Done()

    run = await bench.want()
    async with running(bench.drain(endless, identity="first")):
        await bench.until(run, begun)
    given_back = await bench.get(run)
    assert (given_back.lease_owner, given_back.attempts) == (None, 0)
    async with running(bench.drain(quick, identity="second")):
        assert (await bench.until(run, ended)).state is RunState.SUCCESS


async def test_a_run_whose_worker_died_is_taken_over(bench: Bench, running: Running) -> None:
    async def handler(task: Task) -> Done:
        return Done()

    run = await bench.want()
    async with bench.pool.connection() as c:
        await runs.claim(c, ["walk"], owner="dead", seconds=0.3)
    async with running(bench.drain(handler)):
        assert (await bench.until(run, ended)).attempts == 2


async def test_long_work_keeps_its_lease(bench: Bench, running: Running) -> None:
    release = asyncio.Event()

    async def handler(task: Task) -> Done:
        await release.wait()
        return Done()

    run = await bench.want()
    async with running(bench.drain(handler, identity="a"), bench.drain(handler, identity="b")):
        first = await bench.until(run, begun)
        await bench.until(run, lambda now: now.lease_until != first.lease_until)
        release.set()
        assert (await bench.until(run, ended)).attempts == 1


async def test_cancelling_a_parent_revokes_twenty_busy_children_within_two_seconds(
    bench: Bench, running: Running
) -> None:
    interrupted: list[RunId] = []

    async def busy(task: Task) -> Done:
        try:
            while True:
                await task.progress(done=1, total=1_000_000)
                await task.log("info", "On and on.")
        finally:
            interrupted.append(task.run.id)

    async with bench.pool.connection() as c:
        parent = await runs.create(c, "walk")
        children = [await runs.create(c, "walk", parent=parent) for _ in range(20)]
    drains = [bench.drain(busy, slots=7, identity=name) for name in "abc"]
    async with running(*drains):
        await bench.wake("walk")
        for child in children:
            await bench.until(child, lambda run: run.done > 0)
        asked = asyncio.get_running_loop().time()
        assert await bench.cancel(parent) == 21
        assert {(await bench.get(run)).state for run in (parent, *children)} == {RunState.REVOKED}
        assert asyncio.get_running_loop().time() - asked < 2
        before = await facts(bench.pool)
        await until(lambda: len(set(interrupted)) == 21, seconds=2)
        assert await facts(bench.pool) == before
    assert await facts(bench.pool) == before


async def facts(pool: Pool) -> list[tuple[object, ...]]:
    """Everything that a late write would change."""
    async with pool.connection() as c:
        cursor = await c.execute(
            """select id, state, done, updated_at, lease_owner,
                      (select count(*) from run_log where run_id = runs.id) from runs order by id"""
        )
        return await cursor.fetchall()


async def test_whenever_a_worker_stops_it_keeps_nothing(bench: Bench, running: Running) -> None:
    async def endless(task: Task) -> Done:
        await asyncio.Event().wait()
        return Done()

    for _ in range(30):
        await bench.want()
    for number in range(20):
        async with running(bench.drain(endless, slots=10, identity=f"w{number}")):
            await asyncio.sleep(random.uniform(0, 0.05))
    async with bench.pool.connection() as c:
        left = [run for run in await runs.list_(c) if run.lease_owner is not None or run.attempts]
    assert left == []
