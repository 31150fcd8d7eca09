"""Tracks near given ones, as a person would expect them."""

import asyncio

import numpy as np
import pytest

from segue.index import Sizes
from segue.model import RecordingId, ServerKey, TrackId
from segue.similarity import (
    CannotBeHeard,
    Follower,
    NotHeardYet,
    NotReady,
    Rules,
    Seed,
    TrackKey,
    UnknownSeed,
    Weighted,
    near,
)
from segue.store import recordings
from segue.store.pool import Pool, open_pool
from segue.store.traits import Filter
from tests.daemon.similarity.library import DIMENSIONS, hear, towards
from tests.daemon.store_recordings.rows import add_recording, add_server, add_track


@pytest.fixture
def follower(pool: Pool) -> Follower:
    return Follower(pool)


async def test_nearest_first_without_the_seed(pool: Pool, follower: Follower) -> None:
    async with pool.connection() as c:
        heard = [await add_recording(c, title=f"at {degrees}") for degrees in (0, 60, 30, 90)]
        for recording, degrees in zip(heard, (0, 60, 30, 90), strict=True):
            await hear(c, recording, towards(degrees))
    await follower.look()
    found = await near(pool, follower, [heard[0]], 10)
    assert [neighbour.track.title for neighbour in found] == ["at 30", "at 60", "at 90"]
    assert [neighbour.distance for neighbour in found] == pytest.approx([0.133975, 0.5, 1], abs=1e-6)
    assert await near(pool, follower, [heard[0]], 10) == found
    between = await near(pool, follower, [heard[1], heard[3]], 1)
    assert [neighbour.track.title for neighbour in between] == ["at 30"]


async def test_answers_go_on_while_the_database_is_away(pool: Pool, follower: Follower) -> None:
    async with pool.connection() as c:
        seed, other = [await add_recording(c) for _ in range(2)]
        for recording, degrees in ((seed, 0), (other, 30)):
            await hear(c, recording, towards(degrees))
    await follower.look()
    found = await near(pool, follower, [seed], 10)
    async with open_pool("host=/nowhere", max_size=1, wait_seconds=0.1) as away:
        assert await near(away, follower, [seed], 10) == found
        assert [one.recording for one in found] == [other]


async def test_what_is_ready_answers_as_what_is_compared(pool: Pool, follower: Follower) -> None:
    chance = np.random.default_rng(2)
    async with pool.connection() as c:
        heard = [
            await add_recording(c, title=f"song {number}", artist=f"{number % 9}", year=1980 + number % 40)
            for number in range(300)
        ]
        for recording in heard:
            await hear(c, recording, chance.normal(size=DIMENSIONS).astype(np.float32))
    readied = Follower(pool, sizes=Sizes(ready_above=0, ready_below=1000))
    await follower.look()
    async with asyncio.timeout(30):
        while readied.status.listed < len(heard):
            await readied.look()
    late, free = Rules(filter=Filter(years=(2015, None))), Rules(per_artist=None)
    questions: list[tuple[list[Seed | Weighted], int, Rules]] = [
        ([heard[5]], 10, Rules()),
        ([heard[5]], 50, free),
        ([heard[7]], 200, free),
        ([heard[7]], 20, Rules(per_artist=None, unhub=True)),
        ([heard[9]], 5, late),
        ([heard[5], heard[8]], 10, Rules()),
        ([heard[5], Weighted(heard[8], -1)], 10, free),
        ([Weighted(heard[5], -1)], 10, free),
    ]
    for seeds, count, rules in questions:
        ready = await near(pool, readied, seeds, count, rules=rules)
        assert ready == await near(pool, follower, seeds, count, rules=rules)
        assert ready


async def test_without_room_for_tracks_they_are_read(pool: Pool, follower: Follower) -> None:
    async with pool.connection() as c:
        heard = [await add_recording(c) for _ in range(4)]
        for recording, degrees in zip(heard, (0, 30, 40, 50), strict=True):
            await hear(c, recording, towards(degrees))
    frugal = Follower(pool, shown_bytes=250)
    for one in (follower, frugal):
        await one.look()
    assert len(frugal.roster.shown([1, 2, 3, 4])) == 1
    assert await near(pool, frugal, heard[:1], 10) == await near(pool, follower, heard[:1], 10)


async def test_one_track_stands_for_a_recording_and_missing_ones_for_none(
    pool: Pool, follower: Follower
) -> None:
    async with pool.connection() as c:
        seed, twice, gone = [await add_recording(c) for _ in range(3)]
        await add_track(c, twice, server="cellar", title="In the cellar", track_id="c1")
        await c.execute("update tracks set missing_since = now() where recording_id = %s", (gone,))
        for recording, degrees in ((seed, 0), (twice, 10), (gone, 5)):
            await hear(c, recording, towards(degrees))
        cellar = ServerKey(await add_server(c, "cellar"))
    await follower.look()
    assert [n.recording for n in await near(pool, follower, [seed], 5)] == [twice]
    (found,) = await near(pool, follower, [seed], 5, server=cellar)
    assert found.track.title == "In the cellar"
    assert await near(pool, follower, [TrackKey(cellar, TrackId("c1"))], 5, server=cellar) == []


async def test_an_artist_has_so_many_places(pool: Pool, follower: Follower) -> None:
    async with pool.connection() as c:
        seed = await add_recording(c)
        await hear(c, seed, towards(0))
        for number in range(200):
            recording = await add_recording(c, artist="Abba" if number < 190 else "Björk")
            await hear(c, recording, towards(0.2 * number))
    await follower.look()
    found = await near(pool, follower, [seed], 6, per_artist=2)
    assert [n.track.artist for n in found] == ["Abba", "Abba", "Björk", "Björk"]
    assert len(await near(pool, follower, [seed], 150, per_artist=None)) == 150


async def test_why_there_is_no_answer(pool: Pool, follower: Follower) -> None:
    async with pool.connection() as c:
        heard, waiting = await add_recording(c), await add_recording(c)
        broken = await add_recording(c, wanted="fast")
        (claim,) = await recordings.claim(c, owner="me", limit=1, seconds=60)
        await recordings.fail(c, broken, claim.owner, "It holds no audio.")
        await hear(c, heard, towards(0))
        attic = ServerKey(await add_server(c))
    with pytest.raises(NotReady):
        await near(pool, follower, [heard], 5)
    await follower.look()
    with pytest.raises(NotHeardYet):
        await near(pool, follower, [waiting], 5)
    with pytest.raises(CannotBeHeard, match=r"It holds no audio\."):
        await near(pool, follower, [broken], 5)
    with pytest.raises(UnknownSeed, match="nowhere"):
        await near(pool, follower, [TrackKey(attic, TrackId("nowhere"))], 5)
    with pytest.raises(UnknownSeed):
        await near(pool, follower, [RecordingId(10**9)], 5)
    with pytest.raises(UnknownSeed):
        await near(pool, follower, [], 5)
    assert await near(pool, follower, [heard, waiting], 5) == []


async def test_opposite_seeds_still_have_neighbours(pool: Pool, follower: Follower) -> None:
    async with pool.connection() as c:
        ids = [await add_recording(c) for _ in range(3)]
        for recording, degrees in zip(ids, (0, 180, 10), strict=True):
            await hear(c, recording, towards(degrees))
    await follower.look()
    assert [n.recording for n in await near(pool, follower, ids[:2], 5)] == ids[2:]
    assert np.isclose((await near(pool, follower, ids[:2], 5))[0].distance, 0.015192)
