"""A worker that is killed while it hears music: the run completes, and no recording is heard twice."""

import asyncio
from pathlib import Path

import pytest

from segue.embedded import Valkey
from segue.store.pool import Pool
from tests.daemon.analysis.sounds import song, write_wav
from tests.faults.crew import Crew
from tests.faults.waiting import until
from tests.faults.work import fill, number, until_all_runs_ended

pytestmark = [pytest.mark.faults, pytest.mark.slow, pytest.mark.timeout(600)]

SONGS = 24
DONE = "select count(*) from effects"


async def test_a_killed_worker_leaves_a_run_that_completes(
    many: Pool, database_url: str, own_valkey: Valkey, tmp_path: Path
) -> None:
    folder = tmp_path / "shelf"
    await fill(many, folder, songs=SONGS, runs=0)
    for seed in range(SONGS):
        music = await asyncio.to_thread(song, seconds=20, seed=seed)
        write_wav(tmp_path / "song.wav", music).replace(folder / f"{seed}.ogg")  # names say nothing
    with Crew(database=database_url, redis=own_valkey.url, folder=folder, size=1, role="ears") as crew:
        for share in (0.25, 0.5, 0.75):
            await _until_done(many, int(share * SONGS))
            crew.kill_one()
        await _until_done(many, SONGS)
        await until_all_runs_ended(many)
    assert await number(many, DONE) == SONGS
    assert await number(many, "select count(distinct recording_id) from effects") == SONGS
    assert await number(many, "select count(*) from recordings where failure is not null") == 0
    assert await number(many, "select sum(done) from runs where kind = 'analyse'") == SONGS
    assert await number(many, "select count(*) from runs where state <> 'SUCCESS'") == 0


async def _until_done(pool: Pool, count: int) -> None:
    async def done() -> bool:
        return await number(pool, DONE) >= count

    await until(done, seconds=300, every=0.05)
