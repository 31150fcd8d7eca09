"""A growing library gets a larger index beside the one that serves, and keeps it over restarts."""

import asyncio
from pathlib import Path

import numpy as np
import pytest
from structlog.testing import capture_logs

from segue.index import Kind, Sizes
from segue.index.exact import scan
from segue.model import RecordingId
from segue.similarity import Follower, keeper
from segue.store import embeddings
from segue.store.pool import Pool
from tests.daemon.similarity.library import DIMENSIONS, serving
from tests.faults.waiting import until


async def test_from_exact_to_graph_to_eight_bits_and_over_restarts(pool: Pool, tmp_path: Path) -> None:
    sizes = Sizes(exact_below=300, quantise_above=900, folder=tmp_path / "index")
    follower = Follower(pool, sizes=sizes, poll_seconds=0.02)
    task = asyncio.create_task(follower.run())
    await put_many(pool, 0, 250)
    await until(lambda: follower.status.recordings == 250)
    assert follower.status.kind is Kind.EXACT
    for end, kind in ((600, Kind.GRAPH), (1200, Kind.QUANTISED)):
        await put_many(pool, follower.status.recordings, end)
        await until(
            lambda end=end, kind=kind: (follower.status.recordings, follower.status.kind) == (end, kind)
        )
    await until(lambda: follower.status.recall is not None)
    assert follower.status.recall is not None and follower.status.recall.at_10 > 0.9
    assert await stop(task, follower)
    await put_many(pool, 1200, 1210)
    async with pool.connection() as c:
        await embeddings.remove(c, [RecordingId(number) for number in range(5)])
    restarted = Follower(pool, sizes=sizes)
    await restarted.look()
    assert (restarted.status.recordings, restarted.status.kind) == (1205, Kind.QUANTISED)
    assert await restarted.audit()


async def test_a_damaged_snapshot_is_said_and_built_anew(pool: Pool, tmp_path: Path) -> None:
    sizes = Sizes(exact_below=100, folder=tmp_path)
    await put_many(pool, 0, 300)
    first = Follower(pool, sizes=sizes, poll_seconds=0.02)
    task = asyncio.create_task(first.run())
    await until(lambda: first.status.kind is Kind.GRAPH)
    assert await stop(task, first)
    damage(tmp_path, "*.voyager")
    second = Follower(pool, sizes=sizes, poll_seconds=0.02)
    with capture_logs() as logs:
        task = asyncio.create_task(second.run())
        await until(lambda: second.status.kind is Kind.GRAPH)
        assert await stop(task, second)
    assert "snapshot_refused" in [line["event"] for line in logs]
    assert second.status.recordings == 300


async def test_the_nearest_are_kept_ready_from_size_to_size_and_over_restarts(
    pool: Pool, tmp_path: Path
) -> None:
    sizes = Sizes(exact_below=600, ready_above=200, ready_below=2000, folder=tmp_path)
    follower = Follower(pool, sizes=sizes, poll_seconds=0.02)
    task = asyncio.create_task(follower.run())
    for end, kind in ((500, Kind.EXACT), (1500, Kind.GRAPH)):
        await put_many(pool, follower.status.recordings, end)
        await until(
            lambda end=end, kind=kind: (
                (follower.status.kind, follower.status.listed > end - 256) == (kind, True)
            )
        )
        await is_ready_as_compared(follower)
    assert await stop(task, follower)
    restarted = Follower(pool, sizes=sizes, poll_seconds=0.02)
    with capture_logs() as logs:
        task = asyncio.create_task(restarted.run())
        await until(lambda: restarted.status.listed > 1500 - 256)
        await is_ready_as_compared(restarted)
        await put_many(pool, 1500, 2100)
        await until(lambda: (restarted.status.recordings, restarted.status.listed) == (2100, 0))
        assert await stop(task, restarted)
    events = [line["event"] for line in logs]
    assert "lists_read" in events and "lists_made" not in events
    assert not [line for line in logs if line["log_level"] in ("warning", "error")]


async def test_damaged_lists_are_said_and_made_anew(pool: Pool, tmp_path: Path) -> None:
    sizes = Sizes(ready_above=200, ready_below=2000, folder=tmp_path)
    await put_many(pool, 0, 300)
    for logged in ([], ["lists_refused"]):
        follower = Follower(pool, sizes=sizes, poll_seconds=0.02)
        with capture_logs() as logs:
            task = asyncio.create_task(follower.run())
            await until(lambda follower=follower: follower.status.listed == 300)
            await is_ready_as_compared(follower)
            assert await stop(task, follower)
        assert [line["event"] for line in logs if line["log_level"] == "warning"] == logged
        damage(tmp_path, "*.npz")


async def test_lists_that_do_not_tell_the_nearest_are_made_anew(
    pool: Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "_AUDIT_SECONDS", 0.1)
    follower = Follower(
        pool, sizes=Sizes(ready_above=200, ready_below=2000, folder=tmp_path), poll_seconds=0.02
    )
    await put_many(pool, 0, 400)
    with capture_logs() as logs:
        task = asyncio.create_task(follower.run())
        await until(lambda: follower.status.listed == 400)
        wrong = follower.live.lists
        assert wrong is not None
        wrong.kept()  # waits for whoever writes
        wrong._state.lists.nearest[:] = wrong._state.lists.nearest[::-1]
        await until(lambda: follower.live.lists not in (None, wrong))
        await is_ready_as_compared(follower)
        await asyncio.sleep(1)
        assert await stop(task, follower)
    assert [line["event"] for line in logs if line["log_level"] == "error"] == ["lists_differed"]


async def is_ready_as_compared(follower: Follower) -> None:
    live, lists = follower.live, follower.live.lists
    assert lists is not None
    await until(lambda: not lists.is_due)
    view = live.index.table.view
    for recording in view.ids[view.alive][:200:20].tolist():
        _, (row,) = live.index.table.find([recording])
        found, true = lists.nearest(recording, 50), scan(view, view.units[row], 50)
        assert found is not None and np.allclose(found.distances, true.distances, atol=3e-6)


async def test_a_new_space_meanwhile_throws_the_building_away(pool: Pool, tmp_path: Path) -> None:
    sizes = Sizes(exact_below=100, folder=tmp_path)
    follower = Follower(pool, sizes=sizes)
    await put_many(pool, 0, 2000)
    await follower.look()
    assert follower.status.building
    async with pool.connection() as c:
        await c.execute("update spaces set serving = false")
        await c.execute("insert into spaces (name, dimensions, serving) values ('fitted', 3, true)")
        await embeddings.put(c, await serving(c), RecordingId(7), np.ones(3, np.float32))
    await follower.look()
    assert (follower.status.space, follower.status.recordings, follower.status.building) == (
        "fitted",
        1,
        False,
    )


def damage(folder: Path, files: str) -> None:
    (path,) = folder.glob(files)
    path.write_bytes(path.read_bytes()[:-1])


async def put_many(pool: Pool, start: int, end: int) -> None:
    chance = np.random.default_rng(start)
    async with pool.connection() as c:
        space = await serving(c)
        for number in range(start, end):
            vector = chance.normal(size=DIMENSIONS).astype(np.float32)
            await embeddings.put(c, space, RecordingId(number), vector)


async def stop(task: asyncio.Task[None], follower: Follower) -> bool:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return task.cancelled() and not follower.status.building
