"""A search for groups comes to the very same outcome when workers are killed and Valkey forgets all."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from segue.embedded import Valkey
from segue.model import RunState
from segue.store import clusterings, runs
from segue.store.clusterings import Cluster, Member
from segue.store.pool import Pool, open_pool
from segue.wake import connect
from tests.daemon.jobs.libraries import QUICK, fill, order
from tests.faults.crew import Crew
from tests.faults.waiting import until

pytestmark = [pytest.mark.faults, pytest.mark.slow, pytest.mark.timeout(600)]

_SONGS = 200
_FAULTS = ("kill", "flush", "kill", "kill")
_BATCHES_PER_FAULT = 4
_LIMIT_SECONDS = 400.0
_SEARCH = replace(QUICK, clustering_runs=120, iterations_per_batch=5, concurrent_batches=6, patience=100)


@dataclass(frozen=True, slots=True)
class Found:
    """All that a search has come to."""

    score: float | None
    model: bytes | None
    clusters: list[Cluster]
    members: list[list[Member]]


async def test_kills_and_flushes_change_nothing(
    new_database: Callable[..., str], own_valkey: Valkey, tmp_path: Path
) -> None:
    undisturbed = await _found(new_database(), own_valkey, tmp_path / "one", faults=())
    disturbed = await _found(new_database(), own_valkey, tmp_path / "two", faults=_FAULTS)
    assert disturbed == undisturbed
    assert undisturbed.clusters


async def _found(database: str, valkey: Valkey, folder: Path, *, faults: tuple[str, ...]) -> Found:
    left = list(faults)
    async with open_pool(database, max_size=3) as pool:
        async with pool.connection() as c:
            await fill(c, _SONGS)
            run = await order(c, _SEARCH)
        with Crew(database=database, redis=valkey.url, folder=folder, size=2, role="grouper") as crew:
            begun, fault_at = time.monotonic(), _BATCHES_PER_FAULT

            async def ended() -> bool:
                nonlocal fault_at
                done = await _batches_done(pool)
                if left and done >= fault_at:
                    fault_at = done + _BATCHES_PER_FAULT
                    await _fault(left.pop(0), crew, valkey)
                async with pool.connection() as c:
                    found = await runs.get(c, run)
                assert found is not None
                return found.finished

            await until(ended, seconds=_LIMIT_SECONDS, every=0.05)
        print(f"\n{len(faults) - len(left)} faults, {time.monotonic() - begun:.0f} s")  # noqa: T201
        assert left == []
        return await _outcome(pool)


async def _fault(kind: str, crew: Crew, valkey: Valkey) -> None:
    if kind == "kill":
        crew.kill_one()
        return
    redis = connect(valkey.url, retries=3)
    await redis.flushall()
    await redis.aclose(close_connection_pool=True)


async def _batches_done(pool: Pool) -> int:
    async with pool.connection() as c:
        cursor = await c.execute(
            "select count(*) from runs where kind = 'cluster_batch' and state = %s", [RunState.SUCCESS.value]
        )
        row = await cursor.fetchone()
    assert row is not None
    return int(row[0])


async def _outcome(pool: Pool) -> Found:
    async with pool.connection() as c:
        newest = await clusterings.newest(c)
        assert newest is not None
        clusters = await clusterings.all_clusters(c, newest.id)
        members = await clusterings.members(c, [one.id for one in clusters])
        return Found(
            score=newest.score,
            model=await clusterings.model(c, newest.id),
            clusters=list(clusters),
            members=[members[one.id] for one in clusters],
        )
