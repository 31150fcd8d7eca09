"""A new space is whole before it serves, whoever writes meanwhile."""

import asyncio

import numpy as np

from segue.model import RecordingId, SpaceId
from segue.store import analyses, embeddings, recordings, spaces
from segue.store.pool import Connection, Pool
from tests.daemon.store_recordings.rows import add_recording, an_analysis


async def test_a_space_serves_only_when_it_is_whole(pool: Pool) -> None:
    async with pool.connection() as c:
        heard = [await _heard(c) for _ in range(5)]
        fitted = await spaces.create(c, "fitted", 3, b"how", fitted_on=5)
        assert await spaces.projection(c, fitted) == b"how"
        assert await spaces.vacant(c, fitted) == 5
        assert not await spaces.serve(c, fitted)
    await _fill(pool, fitted)
    async with pool.connection() as c:
        assert await spaces.serve(c, fitted)
    async with pool.connection() as c:
        serving = await spaces.serving(c)
        assert serving is not None
        assert (serving.id, serving.projected, serving.fitted_on) == (fitted, True, 5)
        assert (await embeddings.digest(c, fitted, 3)).count == len(heard)
        assert await spaces.drop_idle(c) == []


async def test_what_served_before_is_dropped_and_the_raw_space_stays(pool: Pool) -> None:
    async with pool.connection() as c:
        first = await spaces.create(c, "first", 3, b"", fitted_on=None)
        assert await spaces.serve(c, first)
        second = await spaces.create(c, "second", 3, b"", fitted_on=None)
        await spaces.create(c, "never finished", 3, b"", fitted_on=None)
        assert await spaces.serve(c, second)
        assert sorted(await spaces.drop_idle(c)) == ["first", "never finished"]
        assert [space.name for space in await spaces.live(c)] == [spaces.RAW, "second"]


async def test_recordings_that_are_heard_while_a_space_is_made_are_in_it(pool: Pool) -> None:
    """Writers bring vectors for the spaces they know, and learn of a new one by being refused."""
    async with pool.connection() as c:
        for _ in range(30):
            await add_recording(c, wanted="fast")

    async def writer() -> None:
        known: list[SpaceId] = []
        while True:
            async with pool.connection() as c:
                claims = await recordings.claim(c, owner="me", limit=1, seconds=60)
            if not claims:
                return
            try:
                await _save(pool, claims[0], known)
            except analyses.SpacesChangedError:
                async with pool.connection() as c:
                    known = [space.id for space in await spaces.live(c) if space.projected]
                await _save(pool, claims[0], known)

    async def maker() -> SpaceId:
        async with pool.connection() as c:
            made = await spaces.create(c, "fitted", 3, b"", fitted_on=None)
        while True:
            await _fill(pool, made)
            async with pool.connection() as c:
                if await spaces.serve(c, made):
                    return made

    *_, made = await asyncio.gather(writer(), writer(), writer(), maker())
    async with pool.connection() as c:
        assert await spaces.vacant(c, made) == 0
        assert (await embeddings.digest(c, made, 3)).count == 30


async def test_filling_never_overwrites_what_came_in_between(pool: Pool) -> None:
    async with pool.connection() as c:
        one, gone = await _heard(c), await _heard(c)
        fitted = await spaces.create(c, "fitted", 3, b"", fitted_on=2)
        page = await analyses.features(c, lacking=fitted)
        assert page.recordings == [one, gone]
        assert page.mean.shape == page.std.shape == (2, 424)
        await embeddings.put(c, fitted, one, np.array([9, 9, 9], np.float32))
        await c.execute("delete from tracks where recording_id = %s", (gone,))
        await c.execute("delete from recordings where id = %s", (gone,))
        assert await embeddings.fill(c, fitted, page.recordings, np.ones((2, 3), np.float32)) == 0
        changes, _ = await embeddings.follow(c, fitted, embeddings.Position(horizon=0))
        assert [change.vector.tolist() for change in changes if change.vector is not None] == [[9, 9, 9]]


async def test_features_come_in_pages(pool: Pool) -> None:
    async with pool.connection() as c:
        heard = [await _heard(c) for _ in range(5)]
        first = await analyses.features(c, limit=3)
        rest = await analyses.features(c, after=first.recordings[-1], limit=3)
        assert first.recordings + rest.recordings == heard
        assert len((await analyses.features(c, after=heard[-1])).mean) == 0


async def test_one_process_makes_spaces(pool: Pool) -> None:
    async with pool.connection() as one, pool.connection() as two:
        async with spaces.exclusive(one) as first, spaces.exclusive(two) as second:
            assert (first, second) == (True, False)
        async with spaces.exclusive(two) as third:
            assert third


async def _heard(c: Connection) -> RecordingId:
    recording = await add_recording(c, wanted="fast")
    (claim,) = await recordings.claim(c, owner="me", limit=1, seconds=60)
    assert await analyses.save(c, recording, claim.owner, an_analysis(recording))
    return recording


async def _save(pool: Pool, claim: recordings.Claim, known: list[SpaceId]) -> None:
    vectors = {space: np.ones(3, np.float32) for space in known}
    async with pool.connection() as c:
        assert await analyses.save(c, claim.recording, claim.owner, an_analysis(), vectors=vectors)


async def _fill(pool: Pool, space: SpaceId) -> None:
    while True:
        async with pool.connection() as c:
            page = await analyses.features(c, lacking=space, limit=2)
            if not page.recordings:
                return
            vectors = np.ones((len(page.recordings), 3), np.float32)
            await embeddings.fill(c, space, page.recordings, vectors)
