"""A follower of the change log misses nothing, whatever the order of commits."""

import asyncio
import random
from collections.abc import AsyncIterator

import numpy as np
import psycopg
import pytest

from segue.model import RecordingId, SpaceId
from segue.store import embeddings, recordings, spaces
from segue.store.pool import Connection, Pool
from tests.daemon.store_recordings.rows import add_recording

DIMENSIONS = 4


class Follower:
    """What the log tells, as a dictionary."""

    def __init__(self, pool: Pool, space: SpaceId, position: embeddings.Position) -> None:
        self.pool, self.space, self.position = pool, space, position
        self.vectors: dict[RecordingId, bytes] = {}
        self.received = 0

    async def look(self, limit: int = 2000) -> list[RecordingId]:
        async with self.pool.connection() as c:
            changes, self.position = await embeddings.follow(c, self.space, self.position, limit=limit)
        for change in changes:
            if change.vector is None:
                self.vectors.pop(change.recording, None)
            else:
                self.vectors[change.recording] = change.vector.tobytes()
        self.received += len(changes)
        return [change.recording for change in changes]


@pytest.fixture
async def space(pool: Pool) -> SpaceId:
    async with pool.connection() as c:
        found = await spaces.serving(c)
    assert found is not None
    return found.id


@pytest.fixture
async def follower(pool: Pool, space: SpaceId) -> Follower:
    async with pool.connection() as c:
        return Follower(pool, space, await embeddings.position(c))


@pytest.fixture
async def slow(database_url: str) -> AsyncIterator[Connection]:
    """A connection whose transaction stays open until it is told."""
    async with await psycopg.AsyncConnection.connect(database_url) as c:
        yield c


@pytest.fixture
async def slower(database_url: str) -> AsyncIterator[Connection]:
    async with await psycopg.AsyncConnection.connect(database_url) as c:
        yield c


async def test_a_lower_number_that_is_committed_later_is_read(
    pool: Pool, space: SpaceId, follower: Follower, slow: Connection
) -> None:
    await _put(slow, space, 1)
    async with pool.connection() as c:
        await _put(c, space, 2)
    assert await follower.look() == [2]
    await slow.commit()
    assert await follower.look() == [1]
    assert await follower.look() == []


async def test_an_older_transaction_that_takes_a_later_number_is_read(
    pool: Pool, space: SpaceId, follower: Follower, slow: Connection, slower: Connection
) -> None:
    """The case that `change > seen` among finished transactions loses."""
    await slow.execute("select pg_current_xact_id()")
    await _put(slower, space, 1)
    await _put(slow, space, 2)
    await slow.commit()
    assert await follower.look() == [2]
    await slower.commit()
    assert await follower.look() == [1]


async def test_nothing_is_sent_twice_while_a_transaction_runs_for_long(
    pool: Pool, space: SpaceId, follower: Follower, slow: Connection
) -> None:
    await _put(slow, space, 100)
    for recording in range(10):
        async with pool.connection() as c:
            await _put(c, space, recording)
        assert await follower.look() == [recording]
    await slow.rollback()
    assert await follower.look() == []
    assert follower.position.ahead == {}


async def test_pages_smaller_than_a_transaction(pool: Pool, space: SpaceId, follower: Follower) -> None:
    async with pool.connection() as c:
        for recording in range(25):
            await _put(c, space, recording)
    async with pool.connection() as c:
        await _put(c, space, 3)
        await _put(c, space, 99)
    read = [await follower.look(limit=4) for _ in range(8)]
    assert sorted(recording for page in read for recording in page) == [*range(25), 99]


async def test_deleting_and_merging_leave_tombstones(pool: Pool, space: SpaceId, follower: Follower) -> None:
    async with pool.connection() as c:
        keep, gone, deleted, unheard = [await add_recording(c) for _ in range(4)]
        for recording in (keep, gone, deleted, unheard):
            await _put(c, space, recording)
    await follower.look()
    async with pool.connection() as c:
        await recordings.merge(c, keep=keep, gone=gone)
        await c.execute("delete from tracks where recording_id = %s", (deleted,))
        await c.execute("delete from recordings where id = %s", (deleted,))
        await embeddings.remove(c, [unheard])
    assert sorted(await follower.look()) == sorted([gone, deleted, unheard])
    assert set(follower.vectors) == {keep}


async def test_loading_then_following_is_complete(pool: Pool, space: SpaceId, slow: Connection) -> None:
    chance = np.random.default_rng(1)
    vectors = chance.normal(size=(50, DIMENSIONS)).astype(np.float32)
    async with pool.connection() as c:
        for recording, vector in enumerate(vectors):
            await embeddings.put(c, space, RecordingId(recording), vector)
        await embeddings.remove(c, [RecordingId(7)])
    await _put(slow, space, 1000)
    async with pool.connection() as c:
        start = await embeddings.position(c)
        await slow.commit()
        blocks = [block async for block in embeddings.load(c, space, DIMENSIONS, rows=8)]
    loaded = {
        int(recording): vector.tobytes()
        for block in blocks
        for recording, vector in zip(block.recordings, block.vectors, strict=True)
    }
    assert set(loaded) == {*range(50), 1000} - {7}
    assert all(loaded[i] == vectors[i].tobytes() for i in range(50) if i != 7)
    assert [len(block.recordings) for block in blocks] == [8] * 6 + [2]
    follower = Follower(pool, space, start)
    assert await follower.look() == [1000]
    async with pool.connection() as c:
        told = embeddings.Digest.of(
            np.concatenate([block.recordings for block in blocks]),
            np.concatenate([block.changes for block in blocks]),
        )
        assert told == await embeddings.digest(c, space, DIMENSIONS)
        await _put(c, space, 3)
        assert told != await embeddings.digest(c, space, DIMENSIONS)


async def test_many_writers_that_commit_out_of_order(database_url: str, pool: Pool, space: SpaceId) -> None:
    """Writers hold several transactions open, commit or roll back in random order; readers see all."""
    async with pool.connection() as c:
        start = await embeddings.position(c)
    followers = [Follower(pool, space, start) for _ in range(2)]
    done = asyncio.Event()

    async def keep_looking(follower: Follower, limit: int) -> None:
        while not done.is_set():
            await follower.look(limit)
            await asyncio.sleep(0)

    async with asyncio.TaskGroup() as readers:
        for follower, limit in zip(followers, (2000, 3), strict=True):
            readers.create_task(keep_looking(follower, limit))
        async with asyncio.TaskGroup() as writers:
            for seed in range(12):
                writers.create_task(_write_at_random(database_url, space, seed))
        done.set()
    async with pool.connection() as c:
        cursor = await c.execute(
            "select recording_id, vector from embeddings where space_id = %s and vector is not null", (space,)
        )
        truth = {RecordingId(recording): bytes(vector) for recording, vector in await cursor.fetchall()}
    for follower in followers:
        while await follower.look():
            pass
        assert follower.vectors == truth
        assert follower.position.ahead == {}


async def _write_at_random(database_url: str, space: SpaceId, seed: int) -> None:
    """Rows are this writer's own, but for one that all write and wait for, first so that none deadlocks."""
    chance = random.Random(seed)
    async with await psycopg.AsyncConnection.connect(database_url) as c:
        for _ in range(25):
            if chance.random() < 0.2:
                await _put(c, space, 999_000)
            for _ in range(chance.randrange(1, 5)):
                recording = RecordingId(seed * 1000 + chance.randrange(20))
                if chance.random() < 0.2:
                    await embeddings.remove(c, [recording])
                else:
                    vector = np.array([chance.random() + 0.1 for _ in range(DIMENSIONS)], np.float32)
                    await embeddings.put(c, space, recording, vector)
                await asyncio.sleep(chance.random() * 0.01)
            await (c.rollback() if chance.random() < 0.2 else c.commit())


async def _put(c: Connection, space: SpaceId, recording: int) -> None:
    await embeddings.put(c, space, RecordingId(recording), np.ones(DIMENSIONS, np.float32))
