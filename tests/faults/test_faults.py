"""Nothing is lost and nothing is done twice while Redis and the workers fail again and again."""

import asyncio
import random
import signal
import time
from pathlib import Path

import pytest

from segue.embedded import Valkey
from segue.store.pool import Pool
from segue.wake import connect
from tests.faults.crew import Crew
from tests.faults.work import fill, number, until_all_runs_ended
from tests.faults.worker import STEPS

pytestmark = [pytest.mark.faults, pytest.mark.slow, pytest.mark.timeout(900)]

ROWS = 3_000
RUNS = 60
ROWS_PER_FAULT = 40
LIMIT_SECONDS = 800


async def test_every_row_is_done_once_whatever_fails(
    many: Pool, database_url: str, own_valkey: Valkey, tmp_path: Path
) -> None:
    folder = tmp_path / "shelf"
    await fill(many, folder, songs=ROWS, runs=RUNS)
    faults = {"flush": 0, "restart": 0, "kill": 0}
    begun = time.monotonic()
    with Crew(database=database_url, redis=own_valkey.url, folder=folder, size=3) as crew:
        fault_at = ROWS_PER_FAULT
        while (done := await number(many, "select count(*) from effects")) < ROWS:
            assert time.monotonic() - begun < LIMIT_SECONDS, await _state(many)
            if done >= fault_at:
                fault_at = done + ROWS_PER_FAULT
                faults[await _fault(crew, own_valkey)] += 1
            await asyncio.sleep(0.02)
        await until_all_runs_ended(many)
        assert set(crew.stop()) <= {0, -signal.SIGTERM}  # one that was only just started
    seconds = time.monotonic() - begun
    print(f"\n{ROWS} rows, {faults}, {seconds:.0f} s")  # noqa: T201  the figures are the point

    assert sum(faults.values()) >= 50
    assert await number(many, "select count(distinct recording_id) from effects") == ROWS
    assert await number(many, "select count(*) from effects") == ROWS
    assert await number(many, "select count(*) from embeddings") == ROWS
    assert await number(many, "select count(*) from recordings where wanted is not null") == 0
    assert await number(many, "select count(*) from recordings where failure is not null") == 0
    assert await number(many, "select sum(done) from runs where kind = 'analyse'") == ROWS
    assert await number(many, "select count(*) from runs where state <> 'SUCCESS'") == 0
    assert await number(many, "select count(*) from runs where kind = 'walk'") == RUNS
    assert await number(many, f"select count(*) from runs where kind = 'walk' and done < {STEPS}") == 0


async def _fault(crew: Crew, valkey: Valkey) -> str:
    kind = random.choice(["flush", "restart", "kill", "kill"])
    if kind == "flush":
        redis = connect(valkey.url, retries=3)
        await redis.flushall()
        await redis.aclose(close_connection_pool=True)
    elif kind == "restart":
        await asyncio.to_thread(valkey.stop)
        await asyncio.sleep(random.choice([0, 0.3, 1.0]))
        valkey.start()
    else:
        crew.kill_one()
    return kind


async def _state(pool: Pool) -> str:
    async with pool.connection() as c:
        rows = await (
            await c.execute(
                """select wanted, lease_owner is null, leases_lost, attempts, failure, count(*)
                     from recordings group by 1, 2, 3, 4, 5"""
            )
        ).fetchall()
        open_runs = await (await c.execute("select * from runs where finished_at is null")).fetchall()
    return "\n".join(map(str, [*rows, *open_runs]))
