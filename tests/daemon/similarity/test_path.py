"""A path of songs leads from one to the other."""

from dataclasses import replace
from datetime import date
from itertools import pairwise

import numpy as np
import pytest

from segue.model import RecordingId, ServerKey
from segue.similarity import ArtistSeed, Rules, UnknownSeed, path
from segue.similarity.path import waypoints
from segue.store.pool import Pool
from segue.store.traits import Filter
from tests.daemon.similarity.library import DIMENSIONS, hear, towards
from tests.daemon.similarity.test_rules import EVERYTHING, Library, analysed
from tests.daemon.store_recordings.rows import add_recording, add_server, add_track


@pytest.fixture
def library(pool: Pool) -> Library:
    return Library(pool)


async def walk(
    library: Library, start: RecordingId, end: RecordingId, count: int, **options: object
) -> list[str]:
    await library.follower.look()
    rules = options.pop("rules", EVERYTHING)
    steps = await path(library.pool, library.follower, start, end, count, rules=rules, **options)  # type: ignore[arg-type]
    return [step.track.title for step in steps]


async def test_each_step_leads_further(library: Library) -> None:
    songs = [await library.add(degrees, title=str(degrees)) for degrees in range(0, 91, 5)]
    assert await walk(library, songs[0], songs[-1], 4) == ["0", "30", "60", "90"]
    assert await walk(library, songs[-1], songs[0], 4) == ["90", "60", "30", "0"]
    assert await walk(library, songs[0], songs[-1], 2) == ["0", "90"]
    assert await walk(library, songs[0], songs[0], 9) == ["0"]
    steps = await path(library.pool, library.follower, songs[0], songs[-1], 4, rules=EVERYTHING)
    assert [step.step for step in steps] == pytest.approx([0, 0.133975, 0.133975, 0.133975], abs=1e-5)
    assert [step.distance for step in steps] == pytest.approx([0, 0.133975, 0.5, 1], abs=1e-5)


async def test_places_stay_empty_where_nothing_leads_further_unless_the_length_is_fixed(
    library: Library,
) -> None:
    first = await library.add(0, title="first")
    last = await library.add(90, title="last")
    await library.add(46, title="between")
    for degrees in (-10, -20, -30):
        await library.add(degrees, title="behind")
    assert await walk(library, first, last, 6, fixed_length=False) == ["first", "between", "last"]
    fixed = await walk(library, first, last, 6)
    assert fixed[0] == "first" and fixed[-1] == "last" and len(fixed) == 6
    assert len(await walk(library, first, last, 50)) == 6


async def test_rules_hold_on_the_way(library: Library) -> None:
    first = await library.add(0, title="first")
    last = await library.add(90, title="last")
    for degrees in range(5, 90, 5):
        await library.add(degrees, title=f"{degrees}", artist="Same", library="A")
        await library.add(degrees + 1, title=f"other {degrees}", library="B")
    capped = await walk(library, first, last, 10, rules=replace(EVERYTHING, per_artist=2))
    assert len([title for title in capped if not title.startswith("other")]) <= 4
    free = await walk(library, first, last, 8, rules=replace(EVERYTHING, per_artist=50))
    assert all(one.startswith("other") or two.startswith("other") for one, two in pairwise(free[1:-1]))
    only = replace(EVERYTHING, filter=Filter(libraries=("B",)))
    filtered = await walk(library, first, last, 8, rules=only)
    assert all(title.startswith("other") for title in filtered[1:-1])


async def test_a_path_through_many_dimensions(library: Library) -> None:
    chance = np.random.default_rng(4)
    vectors = chance.normal(size=(600, 24)) @ chance.normal(size=(24, DIMENSIONS))
    async with library.pool.connection() as c:
        songs = [await add_recording(c) for _ in vectors]
        for song, vector in zip(songs, vectors, strict=True):
            await hear(c, song, vector.astype(np.float32))
    await library.follower.look()
    steps = await path(library.pool, library.follower, songs[0], songs[1], 12)
    assert steps[0].recording == songs[0] and steps[-1].recording == songs[1]
    assert len({step.recording for step in steps}) == 12
    straight = steps[-1].distance
    assert max(step.step for step in steps) < straight
    assert np.corrcoef(np.arange(12), [step.distance for step in steps])[0, 1] > 0.7
    assert steps == await path(library.pool, library.follower, songs[0], songs[1], 12)


async def test_ends_must_be_songs(library: Library) -> None:
    song = await library.add(0, artist="Two")
    await library.add(1, artist="Two")
    await library.follower.look()
    for seed in (ArtistSeed(artist="Two"), RecordingId(10**9)):
        with pytest.raises(UnknownSeed):
            await path(library.pool, library.follower, song, seed, 5)
    assert len(await path(library.pool, library.follower, song, RecordingId(song + 1), 5, rules=Rules())) == 2


async def test_a_path_keeps_albums_moods_and_the_season(library: Library) -> None:
    first = await library.add(0, title="first", album="Ends")
    last = await library.add(90, title="last", album="Ends")
    for degrees in range(10, 90, 10):
        song = await library.add(degrees, title=f"{degrees}", artist=f"A {degrees}", album="One")
        async with library.pool.connection() as c:
            await c.execute("update tracks set album_artist = 'Same' where recording_id = %s", (song,))
            loud = degrees == 30
            await analysed(c, song, energy=0.9 if loud else 0.4, flux=-1.0 if loud else -3.0, tag=int(loud))
    carol = await library.add(45, title="Silent Night")
    albums = await walk(library, first, last, 5, rules=replace(EVERYTHING, per_album=1))
    assert len(albums) == 4 and "Silent Night" in albums
    moody = await walk(library, first, last, 5, rules=replace(EVERYTHING, moods={"aggressive": 0.5}))
    assert moody == ["first", "30", "last"]
    june = replace(EVERYTHING, today=date(2026, 6, 1))
    assert "Silent Night" not in await walk(library, first, last, 12, rules=june)
    await library.add(50, title="Jingle Bells")
    assert "Jingle Bells" in await walk(library, carol, last, 12, rules=june)


async def test_the_end_follows_nobody_of_its_own(library: Library) -> None:
    first = await library.add(0, artist="First")
    last = await library.add(90, title="last", artist="Last")
    for degrees in range(10, 90, 10):
        await library.add(degrees + 1, title="also last", artist="Last")
        await library.add(degrees, title=f"{degrees}")
    await library.add(2, title="also first", artist="First")
    for rules, apart in ((Rules(), 1), (Rules(gap=2), 2)):
        for length in (4, 7, 9):
            titles = await walk(library, first, last, length, rules=rules)
            assert len(titles) == length
            assert "also last" not in titles[-1 - apart : -1]


async def test_who_may_have_any_number_fills_a_path_alone(library: Library) -> None:
    songs = [await library.add(degrees, title=f"{degrees}", artist="Only") for degrees in range(0, 91, 10)]
    assert await walk(library, songs[0], songs[-1], 4) == ["0", "30", "60", "90"]
    assert await walk(library, songs[0], songs[-1], 4, rules=replace(EVERYTHING, per_artist=50)) == [
        "0",
        "90",
    ]


async def test_ends_are_tracks_of_the_server_that_is_asked_for(library: Library) -> None:
    songs = [await library.add(degrees) for degrees in (0, 90)]
    async with library.pool.connection() as c:
        cellar = ServerKey(await add_server(c, "cellar"))
        for song in songs:
            await add_track(c, song, server="cellar", title="In the cellar")
    there = replace(EVERYTHING, filter=Filter(server=cellar))
    assert await walk(library, songs[0], songs[1], 5, rules=there) == ["In the cellar"] * 2
    assert await walk(library, songs[0], songs[0], 5, rules=there) == ["In the cellar"]


def test_waypoints_are_evenly_spaced_and_always_somewhere() -> None:
    start, end = towards(0), towards(90)
    points = waypoints(start, end, 2)
    assert [float(point @ start) for point in points] == pytest.approx([np.cos(np.pi / 6), 0.5], abs=1e-6)
    for opposite in (towards(180), towards(0)):
        for point in waypoints(start, opposite, 3):
            assert np.linalg.norm(point) == pytest.approx(1, abs=1e-6)
