"""What people expect of an answer, beside nearness."""

import time
from dataclasses import replace
from datetime import date
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from segue.model import RecordingId, ServerKey
from segue.similarity import (
    AlbumSeed,
    ArtistSeed,
    Follower,
    Neighbour,
    NotHeardYet,
    Rules,
    Seed,
    UnknownSeed,
    VectorSeed,
    Weighted,
    near,
    today,
)
from segue.similarity.arranging import spaced, walked
from segue.similarity.candidates import Candidate, Candidates
from segue.similarity.choosing import Choice
from segue.similarity.keys import compatible
from segue.similarity.recipes import Recipe, make
from segue.similarity.roster import Card
from segue.similarity.spreading import spread
from segue.similarity.works import is_seasonal, work
from segue.store.pool import Connection, Pool
from segue.store.traits import Filter
from tests.daemon.similarity.library import hear, towards
from tests.daemon.store_recordings.rows import add_recording, an_analysis

EVERYTHING = Rules(filter=Filter(), per_artist=None, one_version=False)


class Library:
    """Recordings in the plane, each so many degrees from the first."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self.follower = Follower(pool)

    async def add(self, degrees: float, **track: Any) -> RecordingId:
        async with self.pool.connection() as c:
            recording = await add_recording(c, **track)
            await hear(c, recording, towards(degrees))
        return recording

    async def ask(
        self, *seeds: Seed | Weighted, rules: Rules = EVERYTHING, count: int = 10, why: bool = False
    ) -> list[Neighbour]:
        await self.follower.look()
        return await near(self.pool, self.follower, seeds, count, rules=rules, why=why)

    async def titles(self, *seeds: Seed | Weighted, rules: Rules = EVERYTHING, count: int = 10) -> list[str]:
        return [found.track.title for found in await self.ask(*seeds, rules=rules, count=count)]


@pytest.fixture
def library(pool: Pool) -> Library:
    return Library(pool)


async def test_versions_of_one_work_stand_once_and_those_of_the_seed_never(library: Library) -> None:
    seed = await library.add(0, title="Dazed", artist="Led")
    await library.add(1, title="Dazed (Live at the BBC)", artist="Led")
    await library.add(2, title="Ramble On - 2012 Remaster", artist="Led")
    await library.add(3, title="Ramble On", artist="Led feat. Nobody")
    await library.add(4, title="Ramble On", artist="Another")
    await library.add(5, title="Ramble On (Remix)", artist="Led")
    once = replace(EVERYTHING, one_version=True)
    assert await library.titles(seed, rules=once) == [
        "Ramble On - 2012 Remaster", "Ramble On", "Ramble On (Remix)",
    ]  # fmt: skip
    assert len(await library.titles(seed)) == 5


async def test_the_same_audio_in_another_encoding_is_a_version_but_another_take_is_not(
    library: Library,
) -> None:
    seed = await library.add(0, seconds=100.0)
    await library.add(0.5, title="the seed again", seconds=100.4)
    await library.add(10, title="one", seconds=200.0)
    await library.add(10.5, title="one in mp3", seconds=200.5)
    await library.add(10.4, title="one, longer", seconds=230.0)
    once = replace(EVERYTHING, one_version=True)
    assert await library.titles(seed, rules=once) == ["one", "one, longer"]


@pytest.mark.parametrize(("projected", "expected"), [(True, [3, 4]), (False, [2, 3, 4])])
def test_copies_lie_farther_apart_where_vectors_are_projected(projected: bool, expected: list[int]) -> None:
    def card(number: int, *, seconds: float = 200.0) -> Card:
        return Card(number, RecordingId(number), ServerKey(1), 0, 0, number, seconds, seasonal=False)

    def found(number: int, degrees: float, *, seconds: float = 200.0) -> Candidate:
        unit = towards(degrees)
        distance = 1 - float(unit @ towards(0))
        of = card(number, seconds=seconds)
        return Candidate(recording=of.recording, card=of, distance=distance, unit=unit)

    choice = Choice(Rules(filter=Filter()), [card(1)], wanted={RecordingId(1)}, projected=projected)
    rows = [found(2, 4), found(3, 5, seconds=210.0), found(4, 12)]
    kept = choice.among(Candidates(rows=rows, is_all=True), {}, 10)
    assert [one.recording for one in kept] == expected


async def test_long_mixes_stay_out_unless_asked_for(library: Library) -> None:
    seed = await library.add(0)
    await library.add(1, title="a night at the club", seconds=3600.0)
    await library.add(2, title="a song", seconds=200.0)
    await library.add(3, title="of unknown length")
    assert await library.titles(seed, rules=Rules()) == ["a song", "of unknown length"]
    assert await library.titles(seed, count=1) == ["a night at the club"]


FILTERS: list[tuple[Filter, list[str]]] = [
    (Filter(genres=("hip hop",)), ["b"]),
    (Filter(years=(1990, 1999)), ["b", "c"]),
    (Filter(years=(None, 1980)), ["d"]),
    (Filter(libraries=("Kids",)), ["c"]),
    (Filter(tempo=(100, 130)), ["a", "c"]),
    (Filter(keys=(("C", "major"), ("A", "minor"))), ["a"]),
    (Filter(seconds=(250, None)), ["c", "d"]),
    (Filter(years=(1990, 1999), tempo=(100, 130)), ["c"]),
    (Filter(genres=("polka",)), []),
]


async def test_filters(library: Library) -> None:
    seed = await library.add(0)
    for title, degrees, tempo, key, track in (
        ("a", 1, 120, "C", {"seconds": 200.0}),
        ("b", 2, 90, "D", {"year": 1994, "genres": ["Jazz", "Hip-Hop"], "seconds": 200.0}),
        ("c", 3, 110, None, {"year": 1999, "library": "Kids"}),
        ("d", 4, None, "G", {"year": 1971, "seconds": 300.0}),
    ):
        recording = await library.add(degrees, title=title, **track)
        async with library.pool.connection() as c:
            await analysed(c, recording, tempo=tempo, key=key, scale="major" if key else None)
    for bounds, expected in FILTERS:
        assert await library.titles(seed, rules=replace(EVERYTHING, filter=bounds)) == expected, bounds


async def test_a_rare_thing_is_found_in_a_large_library(library: Library) -> None:
    seed = await library.add(0)
    async with library.pool.connection() as c:
        for number in range(400):
            await hear(c, await add_recording(c), towards(0.01 * number))
    await library.add(90, title="the rare one", genres=["Gamelan"])
    rare = replace(EVERYTHING, filter=Filter(genres=("gamelan",)))
    assert await library.titles(seed, rules=rare) == ["the rare one"]


async def test_moods(library: Library) -> None:
    seed = await library.add(0)
    for title, loud in (("wild", True), ("calm", False)):
        recording = await library.add(1, title=title)
        async with library.pool.connection() as c:
            await analysed(
                c, recording, energy=0.9 if loud else 0.4, flux=-1.0 if loud else -3.0, tag=int(loud)
            )
    await library.add(2, title="not heard")
    for mood, expected in (("aggressive", ["wild"]), ("relaxed", ["calm"])):
        assert await library.titles(seed, rules=replace(EVERYTHING, moods={mood: 0.5})) == expected


async def test_christmas_is_in_december(library: Library) -> None:
    seed = await library.add(0, title="Snow")
    carol = await library.add(1, title="White Christmas", artist="Bing")
    await library.add(2, title="Jingle Bells")
    await library.add(3, title="Noel", artist="Noel Gallagher", album="High Flying Birds")
    await library.add(4, title="A song", genres=["Weihnachtslieder"])
    june, december = (replace(EVERYTHING, today=date(2026, month, 1)) for month in (6, 12))
    assert await library.titles(seed, rules=june) == ["Noel"]
    assert len(await library.titles(seed, rules=december)) == 4
    assert len(await library.titles(carol, rules=june)) == 4
    assert await library.titles(seed, Weighted(carol, -0.1), rules=june) == ["Noel"]
    carols = replace(june, filter=Filter(genres=("weihnachtslieder",)))
    assert await library.titles(seed, rules=carols) == ["A song"]


async def test_a_recipe_keeps_the_season(library: Library) -> None:
    song = await library.add(0, title="A song", genres=["Pop"])
    carol = await library.add(1, title="Last Christmas", genres=["Pop"])
    await library.follower.look()
    recipe = Recipe(kind="filter", genres=("pop",))
    for month, expected in ((6, {song}), (12, {song, carol})):
        made = await make(library.pool, library.follower, recipe, today=date(2026, month, 1))
        assert set(made) == expected


async def test_recordings_played_recently_stay_out(library: Library) -> None:
    seed, recent, other = [await library.add(degrees) for degrees in (0, 1, 2)]
    found = await library.ask(seed, rules=replace(EVERYTHING, without=frozenset([recent])))
    assert [one.recording for one in found] == [other]


async def test_seeds_of_every_kind(library: Library) -> None:
    await library.add(0, title="s1", artist="Seeds", album="Sown")
    await library.add(20, title="s2", artist="Seeds", album="Sown")
    await library.add(12, title="in the middle")
    await library.add(-40, title="far")
    assert (await library.titles(AlbumSeed(album="sown", artist="SEEDS")))[0] == "in the middle"
    assert (await library.titles(ArtistSeed(artist="seeds")))[0] == "in the middle"
    assert (await library.titles(VectorSeed(towards(-41))))[0] == "far"
    assert (await library.titles(AlbumSeed(album="Seeds - Sown")))[0] == "in the middle"
    near_far = [Weighted(AlbumSeed(album="Sown"), 0.1), Weighted(VectorSeed(towards(-41)), 2)]
    assert (await library.titles(*near_far))[0] == "far"
    away = [AlbumSeed(album="Sown"), Weighted(VectorSeed(towards(90)), -0.7)]
    assert (await library.titles(*away))[0] == "far"
    for unknown in (AlbumSeed(album="Reaped"), AlbumSeed(album="Sown", artist="X"), ArtistSeed(artist="X")):
        with pytest.raises(UnknownSeed):
            await library.titles(unknown)


async def test_spacing_and_walk(library: Library) -> None:
    seed = await library.add(0)
    for degrees, artist in ((1, "A"), (-2, "A"), (3, "B"), (-4, "A"), (5, "C")):
        await library.add(degrees, title=f"{degrees}", artist=artist)
    assert await library.titles(seed) == ["1", "-2", "3", "-4", "5"]
    assert await library.titles(seed, rules=replace(EVERYTHING, gap=1)) == ["1", "3", "-2", "5", "-4"]
    assert await library.titles(seed, rules=replace(EVERYTHING, walk=True)) == ["1", "3", "5", "-2", "-4"]


async def test_an_album_has_so_many_places(library: Library) -> None:
    seed = await library.add(0)
    for degrees in range(1, 7):
        album = "Blue" if degrees < 6 else "Red"
        await library.add(degrees, title=f"{degrees}", artist="X", album=album)
    assert await library.titles(seed, rules=replace(EVERYTHING, per_album=2)) == ["1", "2", "6"]


@pytest.mark.parametrize("name", ["[Unknown Artist]", "Various Artists", "<unknown>", "Unbekannter Künstler"])
async def test_what_stands_for_no_artist_is_nobody(library: Library, name: str) -> None:
    seed = await library.add(0, title="Track 1", artist=name)
    for degrees in range(1, 6):
        await library.add(degrees, title=f"Track {degrees % 2}", artist=name)
    capped = Rules(per_artist=1, gap=1)
    assert await library.titles(seed, rules=capped) == ["Track 1", "Track 0", "Track 1", "Track 0", "Track 1"]


async def test_an_artist_with_guests_is_the_artist(library: Library) -> None:
    seed = await library.add(0)
    for degrees, guest in enumerate(("", " feat. One", " (ft. Two)", " Featuring Three", " & Four"), 1):
        await library.add(degrees, title=f"{degrees}", artist=f"Host{guest}")
    assert await library.titles(seed, rules=Rules(per_artist=2)) == ["1", "2", "5"]


async def test_what_nobody_asked_for_answers_no_question(library: Library) -> None:
    disliked = await library.add(0)
    await library.add(90)
    async with library.pool.connection() as c:
        waiting = await add_recording(c)
    with pytest.raises(NotHeardYet):
        await library.ask(waiting, Weighted(disliked, -1.0))


async def test_seeds_in_turn_are_asked_without_those_not_heard(library: Library) -> None:
    heard = await library.add(0)
    await library.add(10, title="near")
    async with library.pool.connection() as c:
        waiting = await add_recording(c)
    await library.follower.look()
    found = await spread(library.pool, library.follower, [waiting, heard], 5, rules=EVERYTHING)
    assert [one.track.title for one in found] == ["near"]
    with pytest.raises(NotHeardYet):
        await spread(library.pool, library.follower, [waiting], 5, rules=EVERYTHING)


async def test_an_answer_says_why(library: Library) -> None:
    seed, found = await library.add(0), await library.add(1)
    async with library.pool.connection() as c:
        await analysed(c, seed, tempo=100, key="C", scale="major", energy=0.5, tag=2)
        await analysed(c, found, tempo=210, key="A", scale="minor", energy=0.625, tag=2)
    (answer,) = await library.ask(seed, why=True)
    assert answer.why is not None
    assert answer.why.tags[0] == "alternative"
    assert answer.why.tempo == pytest.approx(0.05)
    assert (answer.why.key_fits, answer.why.energy, answer.why.place) == (True, 0.125, 1)
    (without,) = await library.ask(VectorSeed(towards(0)), why=True, count=1)
    assert without.why is None


async def test_an_answer_is_explained_by_the_nearest_seed(library: Library) -> None:
    seeds = [await library.add(degrees) for degrees in (0, 90, 0)]
    found = await library.add(80)
    async with library.pool.connection() as c:
        for recording, tempo in zip((*seeds, found), (100, 120, 90, 126), strict=True):
            await analysed(c, recording, tempo=tempo)
    (answer,) = await library.ask(*seeds[:2], Weighted(seeds[2], -0.1), why=True)
    assert answer.why is not None and answer.why.tempo == pytest.approx(0.05)


async def test_what_moved_an_answer_is_told(library: Library) -> None:
    seed = await library.add(0)
    for degrees in (*range(1, 41), *range(-3, -43, -1)):
        recording = await library.add(degrees, title=f"{degrees}")
        async with library.pool.connection() as c:
            await analysed(c, recording)
    async with library.pool.connection() as c:
        await analysed(c, seed)
    for rules, words in (
        (replace(EVERYTHING, unhub=True), "unhub"),
        (replace(EVERYTHING, walk=True), "walk"),
    ):
        found = await library.ask(seed, rules=rules, count=30, why=True)
        by_distance = sorted(found, key=lambda one: (one.distance, one.recording))
        for at, one in enumerate(found):
            assert one.why is not None
            assert by_distance[one.why.place - 1] == one
            assert one.why.moved == ((words,) if one.why.place != at + 1 else ())


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Song", "song", True),
        ("Song (2011 Remaster)", "Song", True),
        ("Song - Live", "Song", True),
        ("Song [Radio Edit]", "Song", True),
        ("Song feat. Somebody", "Song", True),
        ("Café", "Cafe", True),
        ("Song (Remix)", "Song", False),
        ("Song Pt. 1", "Song Pt. 2", False),
        ("Live", "Live and Let Die", False),
        ("A - Take Five", "A - Live Wire", False),
        ("(Live)", "Song", False),
        ("…", "!!!", False),
    ],
)
def test_works(one: str, other: str, same: bool) -> None:
    assert (work(one, "A") == work(other, "A")) is same


def test_seasons_go_by_the_machines_time_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    def day_in(zone: str) -> date:
        with monkeypatch.context() as changed:
            changed.setenv("TZ", zone)
            time.tzset()
            return today()

    try:
        assert day_in("Pacific/Kiritimati") > day_in("Pacific/Pago_Pago")  # 25 hours apart
    finally:
        time.tzset()


def test_seasons_are_told_by_whole_words() -> None:
    assert is_seasonal("Driving home for Christmas")
    assert is_seasonal(None, "Joyeux Noël")
    assert not is_seasonal("Julia", "Rudolph", None)


def test_keys_that_fit() -> None:
    assert set(compatible("C", "major")) == {("C", "major"), ("G", "major"), ("F", "major"), ("A", "minor")}
    assert set(compatible("A", "minor")) == {("A", "minor"), ("E", "minor"), ("D", "minor"), ("C", "major")}
    for key in ("C", "G#", "F"):
        for scale in ("major", "minor"):
            assert all((key, scale) in compatible(*other) for other in compatible(key, scale))


def test_arranging_keeps_everything() -> None:
    chance = np.random.default_rng(1)
    items = chance.integers(0, 4, 30).tolist()
    assert sorted(spaced(items, str, 3)) == sorted(items)
    units = chance.normal(size=(20, 5)).astype(np.float32)
    assert sorted(walked(units[3], units)) == list(range(20))
    assert walked(units[0], units[:0]) == []


def test_two_of_one_artist_are_apart_whenever_that_can_be() -> None:
    assert spaced("BAAAC", str, 1) == list("ABACA")
    assert spaced("AAB", str, 1) == list("ABA")
    assert spaced("AAAB", str, 1) == list("ABAA")
    assert spaced("ABC", str, 1) == spaced("ABC", str, 0) == list("ABC")
    chance = np.random.default_rng(3)
    for _ in range(200):
        items = chance.choice(list("ABCD"), 9).tolist()
        if max(items.count(one) for one in items) <= 5:
            assert all(one != other for one, other in pairwise(spaced(items, str, 1))), items


async def analysed(c: Connection, recording: RecordingId, *, tag: int | None = None, **measured: Any) -> None:
    """As if it had been heard; one tag stands out."""
    tags = np.full(50, 0.02, np.float32)
    if tag is not None:
        tags[tag] = 0.9
    heard = an_analysis(recording)
    columns = {
        "tempo": None, "key": None, "scale": None, "energy": 0.6, "dance": 1.2, "pulse": 0.5, "flux": -2.0,
        "mode": 0.0, **measured,
    }  # fmt: skip
    names = ", ".join(columns)
    values = ", ".join(f"%({name})s" for name in columns)
    await c.execute(
        f"""insert into analyses (recording_id, version, quality, patches, embedding, tags, features_mean,
                                  features_std, {names})
            values (%(recording)s, 1, 'fast', 1, %(embedding)s, %(tags)s, '', '', {values})""".encode(),
        {
            **columns,
            "recording": recording,
            "embedding": heard.embedding.tobytes(),
            "tags": tags.tobytes(),
        },
    )
