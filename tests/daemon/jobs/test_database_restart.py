"""PostgreSQL may restart, or be away for a while, in the middle of the work."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from segue.embedded import Postgres, unprivileged_account
from segue.jobs.running import Done, RunDrain, Task
from segue.model import RunState
from segue.store import runs
from segue.store.migrate import migrate
from segue.store.pool import Pool, open_pool
from tests.daemon.jobs.conftest import QUICK, Running
from tests.faults.waiting import until

pytestmark = pytest.mark.slow

RUNS = 30


@pytest.fixture
def own_postgres(services_folder: Path) -> Iterator[Postgres]:
    """A PostgreSQL that nobody else uses."""
    run = services_folder / "own-run"
    run.mkdir(mode=0o700, exist_ok=True)
    account = unprivileged_account()
    if account:
        account.take(run)
    server = Postgres(services_folder / "own-pg", run, account=account)
    server.start()
    yield server
    server.stop(seconds=10)


@pytest.fixture
async def own_pool(own_postgres: Postgres) -> AsyncIterator[Pool]:
    await migrate(own_postgres.dsn)
    async with open_pool(own_postgres.dsn, max_size=5) as pool:
        yield pool


async def test_work_goes_on_after_restarts_of_the_database(
    own_postgres: Postgres, own_pool: Pool, running: Running
) -> None:
    async def handler(task: Task) -> Done:
        for _ in range(5):
            await task.progress(done=1, total=5)
            await asyncio.sleep(0.02)
        return Done()

    async def all_ended() -> bool:
        async with own_pool.connection() as c:
            return not await runs.list_(c, kind="walk", unfinished=True)

    async with own_pool.connection() as c:
        for _ in range(RUNS):
            await runs.create(c, "walk")
    async with running(RunDrain(own_pool, "walk", handler, identity="w", slots=3, timers=QUICK)):
        for pause in (0.0, 0.5, 1.5):
            await asyncio.sleep(0.3)
            await asyncio.to_thread(own_postgres.stop)
            await asyncio.sleep(pause)
            own_postgres.start()
        await until(all_ended, seconds=60, every=0.1)
    async with own_pool.connection() as c:
        found = await runs.list_(c, kind="walk", limit=100)
    assert {run.state for run in found} == {RunState.SUCCESS}
    assert len(found) == RUNS
