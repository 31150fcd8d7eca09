"""Runs that look for groups: found, kept, resumed with the same outcome, cancelled, refused."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from segue.children import Limits
from segue.clustering import ClusteringParameters
from segue.clustering.order import Order
from segue.jobs.cluster_drains import ClusterDrain, cluster_drains
from segue.jobs.concluding import Words
from segue.jobs.minds import Thinking
from segue.model import RunId, RunState
from segue.store import cluster_searches, clusterings, runs
from segue.store.clusterings import ChosenCluster
from segue.store.pool import Pool
from segue.store.runs import Run
from segue.wake import Wake
from tests.daemon.jobs.conftest import QUICK as TIMERS
from tests.daemon.jobs.conftest import Running
from tests.daemon.jobs.libraries import QUICK, fill, order
from tests.faults.waiting import until

THINKING = Thinking(slots=2, limits=Limits(nice=0, memory_bytes=0))


@pytest.fixture
def drains(pool: Pool, wake: Wake, tmp_path: Path) -> Callable[[], list[ClusterDrain]]:
    def make() -> list[ClusterDrain]:
        return cluster_drains(
            pool,
            wake,
            thinking=THINKING,
            names=Words("{mood} {style} {genre}"),
            folder=tmp_path / "clustering",
            identity="w",
            timers=TIMERS,
        )

    return make


async def ended(pool: Pool, run: RunId, *, seconds: float = 120) -> Run:
    async def over() -> bool:
        return (await show(pool, run)).finished

    await until(over, seconds=seconds, every=0.05)
    return await show(pool, run)


async def show(pool: Pool, run: RunId) -> Run:
    async with pool.connection() as c:
        found = await runs.get(c, run)
    assert found is not None
    return found


async def outcome(pool: Pool) -> list[ChosenCluster]:
    async with pool.connection() as c:
        newest = await clusterings.newest(c)
        assert newest is not None
        return await clusterings.chosen(c, newest)


@pytest.mark.slow
async def test_groups_are_found_and_live_on(
    pool: Pool, running: Running, drains: Callable[[], list[ClusterDrain]], tmp_path: Path
) -> None:
    async with pool.connection() as c:
        ids = await fill(c, 120)
        first = await order(c)
    async with running(*drains()):
        run = await ended(pool, first)
        assert (run.state, run.percent) == (RunState.SUCCESS, 100.0), run.message
        before = await outcome(pool)
        assert f"{len(before)} playlists, out of" in run.message
        async with pool.connection() as c:
            assert len(await runs.children(c, first)) >= 4
            await fill(c, 12, seed=3)
            second = await order(c, seed=6)
        assert (await ended(pool, second)).state is RunState.SUCCESS
    after = {one.lineage: one for one in await outcome(pool)}
    lived = [one for one in before if one.lineage in after]
    assert len(lived) >= len(before) / 2
    for one in lived:
        assert after[one.lineage].name == one.name
    played = [song for one in before for song in one.recordings]
    assert len(played) == len(set(played)) > 0
    assert set(played) <= set(ids)
    async with pool.connection() as c:
        cursor = await c.execute(
            "select (select count(*) from cluster_searches), (select count(*) from cluster_search_pieces)"
        )
        assert await cursor.fetchone() == (0, 0)


@pytest.mark.slow
async def test_a_search_that_another_version_began_begins_anew(
    pool: Pool, running: Running, drains: Callable[[], list[ClusterDrain]]
) -> None:
    async with pool.connection() as c:
        await fill(c, 60)
        run = await order(c)

    async def begun() -> bool:
        async with pool.connection() as c:
            search = await cluster_searches.get(c, run)
        return search is not None and bool(search.state)

    async with running(drains()[0]):  # nobody answers its batches
        await until(begun, seconds=60)
    async with pool.connection() as c:
        search = await cluster_searches.get(c, run)
        assert search is not None
        old = search.state.replace(b'"version": ', b'"version": 9')
        await c.execute("update cluster_searches set state = %b where run_id = %s", [old, run])
    async with running(*drains()):
        over = await ended(pool, run)
    assert over.state is RunState.SUCCESS, over.message


@pytest.mark.parametrize(
    ("count", "reason"),
    [
        (0, "Nothing has been heard yet, so there is nothing to group."),
        (7, "7 recordings have been heard; groups need at least 50."),
    ],
)
async def test_too_little_music_ends_with_a_sentence(
    pool: Pool, running: Running, drains: Callable[[], list[ClusterDrain]], count: int, reason: str
) -> None:
    async with pool.connection() as c:
        await fill(c, count)
        wanted = await order(c)
    async with running(*drains()):
        run = await ended(pool, wanted)
    assert (run.state, run.message) == (RunState.FAILURE, reason)


@pytest.mark.slow
async def test_a_cancel_ends_the_search_and_leaves_nothing(
    pool: Pool, running: Running, drains: Callable[[], list[ClusterDrain]]
) -> None:
    endless = replace(QUICK, clustering_runs=100_000, patience=100_000)
    async with pool.connection() as c:
        await fill(c, 200)
        wanted = await order(c, endless)

    async def goes_on() -> bool:
        run = await show(pool, wanted)
        return run.done > 0 and "best score so far" in run.message

    async with running(*drains()):
        await until(goes_on, seconds=60)
        async with pool.connection() as c:
            assert await runs.cancel(c, wanted) > 1
        async with pool.connection() as c:
            again = await order(c, ClusteringParameters(num_clusters_min=2))
            await runs.cancel(c, again)
    async with pool.connection() as c:
        assert await runs.unfinished_by_kind(c) == {}
        assert await clusterings.newest(c) is None


@pytest.mark.slow
async def test_a_fresh_search_does_not_begin_at_the_last_groups(
    pool: Pool, running: Running, drains: Callable[[], list[ClusterDrain]]
) -> None:
    async with pool.connection() as c:
        await fill(c, 100)
        first = await order(c)
    async with running(*drains()):
        await ended(pool, first)
        async with pool.connection() as c:
            fresh = Order(parameters=QUICK, seed=5, fresh=True).as_dict()
            second = await runs.create(c, "clustering", arguments=fresh)
        assert (await ended(pool, second)).state is RunState.SUCCESS
    async with pool.connection() as c:
        two, one = await clusterings.list_(c)
    assert two.score == one.score  # the same seed finds the same groups, and they live on
    assert two.run_id == second
