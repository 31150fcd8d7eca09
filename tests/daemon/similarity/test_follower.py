"""The live index equals the database, whatever happens to either."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import numpy as np
import psycopg
import pytest
from structlog.testing import capture_logs

from segue.model import RecordingId
from segue.similarity import Follower
from segue.store import embeddings, spaces
from segue.store.pool import Pool, open_pool
from tests.daemon.similarity.library import DIMENSIONS, hear, serving, towards
from tests.faults.waiting import until


@asynccontextmanager
async def running(follower: Follower) -> AsyncIterator[Follower]:
    task = asyncio.create_task(follower.run())
    try:
        yield follower
    finally:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


def held(follower: Follower) -> set[int]:
    view = follower.live.index.table.view
    return set(view.ids[view.alive].tolist())


async def test_two_followers_learn_of_every_change(pool: Pool) -> None:
    async with pool.connection() as c:
        for recording in range(10):
            await hear(c, RecordingId(recording), towards(recording))
    async with running(Follower(pool)) as one, running(Follower(pool)) as two:
        await asyncio.gather(one.ready.wait(), two.ready.wait())
        assert held(one) == held(two) == set(range(10))
        async with pool.connection() as c:
            await hear(c, RecordingId(99), towards(99))
            await embeddings.remove(c, [RecordingId(3)])
        expected = {*range(10), 99} - {3}
        await until(lambda: held(one) == held(two) == expected)
        assert one.status.recordings == 10
        assert one.status.seconds_behind is not None


async def test_who_looks_while_it_follows_waits_for_their_turn(pool: Pool) -> None:
    """The index may have one writer only; a job looks before it asks, while the follower runs."""
    follower = Follower(pool, page=3)
    await follower.look()
    for beginning in range(0, 300, 100):
        async with pool.connection() as c:
            for recording in range(beginning, beginning + 100):
                await hear(c, RecordingId(recording), towards(recording % DIMENSIONS))
        await asyncio.gather(*(follower.look() for _ in range(5)), follower.audit())
        assert held(follower) == set(range(beginning + 100))
    assert follower.status.applied == 300 and follower.status.reloads == 0


async def test_a_hint_shortens_the_wait(pool: Pool) -> None:
    async with running(Follower(pool, poll_seconds=3600)) as follower:
        await follower.ready.wait()
        async with pool.connection() as c:
            await hear(c, RecordingId(1), towards(0))
        follower.hint()
        await until(lambda: held(follower) == {1})


async def test_another_space_takes_over_at_once_and_whole(pool: Pool) -> None:
    follower = Follower(pool)
    async with pool.connection() as c:
        await hear(c, RecordingId(1), towards(0))
    await follower.look()
    before = follower.live
    async with pool.connection() as c:
        await c.execute("update spaces set serving = false")
        await c.execute("insert into spaces (name, dimensions, serving) values ('fitted', 3, true)")
        await embeddings.put(c, await serving(c), RecordingId(7), np.ones(3, np.float32))
    await follower.look()
    assert before.space.name == spaces.RAW and len(before.index.table) == 1
    assert follower.live.space.name == "fitted"
    assert held(follower) == {7}


async def test_an_audit_heals_what_differs(pool: Pool) -> None:
    follower = Follower(pool)
    async with pool.connection() as c:
        for recording in range(5):
            await hear(c, RecordingId(recording), towards(recording))
    await follower.look()
    assert await follower.audit()
    nothing = np.zeros(0, np.int64)
    follower.live.index.apply(nothing, nothing, np.zeros((0, DIMENSIONS), np.float32), [2])
    with capture_logs() as logs:
        assert not await follower.audit()
    assert [line["event"] for line in logs] == ["index_differed", "index_loaded"]
    assert held(follower) == set(range(5))
    assert await follower.audit()


async def test_vectors_that_point_nowhere_are_refused_and_no_reason_to_read_anew(pool: Pool) -> None:
    async with pool.connection() as c:
        space = await serving(c)
        for recording, vector in ((1, np.ones(3, np.float32)), (2, np.zeros(DIMENSIONS, np.float32))):
            await c.execute(
                "insert into embeddings (space_id, recording_id, vector) values (%s, %s, %s)",
                (space, recording, vector.tobytes()),
            )
        await hear(c, RecordingId(3), towards(0))
    follower = Follower(pool)
    await follower.look()
    assert held(follower) == {3}
    assert follower.status.refused == 1
    assert await follower.audit()
    async with pool.connection() as c:
        await hear(c, RecordingId(2), towards(5))
        await embeddings.remove(c, [RecordingId(1)])
    await follower.look()
    assert held(follower) == {2, 3}
    assert follower.status.refused == 0
    assert await follower.audit()


async def test_it_serves_on_while_the_database_is_away(database_url: str) -> None:
    async with open_pool(database_url, max_size=2, wait_seconds=0.5) as pool:
        async with pool.connection() as c:
            await hear(c, RecordingId(1), towards(0))
        with capture_logs() as logs:
            async with running(Follower(pool, poll_seconds=0.02)) as follower:
                await follower.ready.wait()
                async with await _admin(database_url) as admin:
                    await _allow_connections(admin, database_url, allow=False)
                    await until(lambda: "follower_lost" in [line["event"] for line in logs])
                    assert held(follower) == {1}
                    await _allow_connections(admin, database_url, allow=True)
                    await until(lambda: "follower_returned" in [line["event"] for line in logs])
                async with pool.connection() as c:
                    await hear(c, RecordingId(2), towards(0))
                await until(lambda: held(follower) == {1, 2})
        assert [line["event"] for line in logs].count("follower_lost") == 1


async def _admin(database_url: str) -> psycopg.AsyncConnection:
    return await psycopg.AsyncConnection.connect(database_url, dbname="postgres", autocommit=True)


async def _allow_connections(admin: psycopg.AsyncConnection, database_url: str, *, allow: bool) -> None:
    name = psycopg.conninfo.conninfo_to_dict(database_url)["dbname"]
    await admin.execute(f"alter database {name} allow_connections {allow}".encode())
    if not allow:
        await admin.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", (name,)
        )
