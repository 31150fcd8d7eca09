"""Many processes against one PostgreSQL and one Valkey: schedules fire once, drains share the rows."""

from pathlib import Path

import pytest

from segue.store import schedules
from segue.store.pool import Pool
from tests.faults.crew import Crew
from tests.faults.waiting import until
from tests.faults.work import fill, number, until_all_runs_ended

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

SONGS = 400
FIRINGS = 8


async def test_two_daemons_and_three_workers_share_the_work(
    many: Pool, database_url: str, redis_url: str, tmp_path: Path
) -> None:
    folder = tmp_path / "shelf"
    await fill(many, folder, songs=SONGS, runs=0)
    async with many.connection() as c:
        await c.execute(_WHO.encode())
        for name in ("a", "b", "c"):
            await schedules.upsert(c, name, kind="walk", cron="* * * * * *")
    with Crew(database=database_url, redis=redis_url, folder=folder, size=3, clocks=2) as crew:

        async def enough() -> bool:
            fired = await number(many, "select count(*) from runs where kind = 'walk'")
            return fired >= 3 * FIRINGS and await number(many, "select count(*) from effects") == SONGS

        await until(enough, seconds=120, every=0.1)
        async with many.connection() as c:
            await c.execute("update schedules set enabled = false")
        await until_all_runs_ended(many)
        assert crew.stop() == [0] * 5

    async with many.connection() as c:
        rows = await c.execute("select owner, count(*) from who group by owner")
        shares: dict[str, int] = dict(await rows.fetchall())
    print(f"\nsongs by worker: {shares}")  # noqa: T201  the figures are the point
    assert sum(shares.values()) == SONGS
    assert len(shares) == 3
    assert min(shares.values()) > SONGS / 10
    assert await number(many, "select count(*) from runs where state <> 'SUCCESS'") == 0
    assert await number(many, "select count(*) from runs where kind = 'walk' and attempts <> 1") == 0
    assert await number(many, _SCHEDULED_TWICE) == 0


_WHO = """
create table who (recording_id bigint primary key, owner text not null);
create function note_who() returns trigger language plpgsql as $$
begin
    insert into who values (new.id, split_part(old.lease_owner, '/', 1));
    return new;
end $$;
create trigger note_who after update on recordings for each row
    when (old.wanted is not null and new.wanted is null) execute function note_who();
"""
_SCHEDULED_TWICE = """
select count(*) from (
    select from runs where kind = 'walk' group by schedule_id, due_at having count(*) > 1) twice
"""
