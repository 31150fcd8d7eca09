"""Nothing is lost and nothing is done twice while Redis and the workers fail again and again."""

import asyncio
import random
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from psycopg_pool import AsyncConnectionPool

from segue.embedded import Valkey
from segue.store.pool import Connection, Pool, open_pool
from segue.wake import connect
from tests.daemon.store_recordings.rows import add_server
from tests.faults.crew import Crew
from tests.faults.waiting import until
from tests.faults.worker import STEPS

pytestmark = [pytest.mark.faults, pytest.mark.slow, pytest.mark.timeout(600)]

ROWS = 3_000
RUNS = 60
ROWS_PER_FAULT = 40
LIMIT_SECONDS = 400


@pytest.fixture
async def many(database_url: str) -> AsyncIterator[Pool]:
    async with open_pool(database_url, max_size=3) as pool:
        yield pool


async def test_every_row_is_done_once_whatever_fails(
    many: Pool, database_url: str, own_valkey: Valkey, tmp_path: Path
) -> None:
    folder = tmp_path / "shelf"
    folder.mkdir()
    await _fill(many, folder)
    faults = {"flush": 0, "restart": 0, "kill": 0}
    begun = time.monotonic()
    with Crew(database=database_url, redis=own_valkey.url, folder=folder, size=3) as crew:
        fault_at = ROWS_PER_FAULT
        while (done := await _number(many, "select count(*) from effects")) < ROWS:
            assert time.monotonic() - begun < LIMIT_SECONDS, await _state(many)
            if done >= fault_at:
                fault_at = done + ROWS_PER_FAULT
                faults[await _fault(crew, own_valkey)] += 1
            await asyncio.sleep(0.02)
        await _until_all_runs_ended(many)
        assert crew.stop() == [0, 0, 0]
    seconds = time.monotonic() - begun
    print(f"\n{ROWS} rows, {faults}, {seconds:.0f} s")  # noqa: T201  the figures are the point

    assert sum(faults.values()) >= 50
    assert await _number(many, "select count(distinct recording_id) from effects") == ROWS
    assert await _number(many, "select count(*) from effects") == ROWS
    assert await _number(many, "select count(*) from embeddings") == ROWS
    assert await _number(many, "select count(*) from recordings where wanted is not null") == 0
    assert await _number(many, "select count(*) from recordings where failure is not null") == 0
    assert await _number(many, "select sum(done) from runs where kind = 'analyse'") == ROWS
    assert await _number(many, "select count(*) from runs where state <> 'SUCCESS'") == 0
    assert await _number(many, "select count(*) from runs where kind = 'walk'") == RUNS
    assert await _number(many, f"select count(*) from runs where kind = 'walk' and done < {STEPS}") == 0


async def _fill(pool: Pool, folder: Path) -> None:
    for number in range(ROWS):
        (folder / f"{number}.ogg").write_text(f"song {number}")
    async with pool.connection() as c:
        server = await add_server(c)
        await c.execute(_EFFECTS.encode())
        await c.execute(_SONGS, [ROWS, server])
        await c.execute("insert into runs (kind) select 'walk' from generate_series(1, %s)", [RUNS])


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


async def _until_all_runs_ended(pool: Pool) -> None:
    async def all_ended() -> bool:
        return await _number(pool, "select count(*) from runs where finished_at is null") == 0

    await until(all_ended, seconds=60, every=0.1)


async def _number(pool: AsyncConnectionPool[Connection], statement: str) -> int:
    async with pool.connection() as c:
        row = await (await c.execute(statement.encode())).fetchone()
    assert row is not None
    return int(row[0])


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


_EFFECTS = """
create table effects (recording_id bigint not null, at timestamptz not null default clock_timestamp());
create function note_effect() returns trigger language plpgsql as $$
begin
    insert into effects (recording_id) values (new.recording_id);
    return new;
end $$;
create trigger note_effect after insert or update on analyses for each row execute function note_effect();
"""
_SONGS = """
with numbers as (
    select number from generate_series(0, %s - 1) as number
), made as (
    insert into recordings (content_key, wanted, wanted_at)
    select number::text, 'fast', now() from numbers returning id, content_key
)
insert into tracks (server_id, server_track_id, recording_id, revision, title)
select %s, content_key || '.ogg', id, '1', content_key from made
"""
