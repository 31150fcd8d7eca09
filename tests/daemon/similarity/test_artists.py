"""Artists: their models are right, deterministic, fitted anew only when needed, and rank as they sound."""

from collections.abc import AsyncIterator

import numpy as np
import pytest

from segue.library.taking import take_in
from segue.model import Quality, ServerKey, Track, TrackId
from segue.similarity import Artists, Follower, NotHeardYet, UnknownSeed
from segue.similarity.artist_models import ArtistModel, costs, fit, least, transport
from segue.store import catalogue, servers, tracks
from segue.store.pool import Pool
from tests.daemon.similarity.library import DIMENSIONS, hear

STYLES = np.eye(DIMENSIONS, dtype=np.float32)


def played(styles: list[int], count: int, *, seed: int) -> np.ndarray:
    """Songs in turn of these styles, each with a sound of its own."""
    noise = np.random.default_rng(seed).normal(0, 0.05, (count, DIMENSIONS)).astype(np.float32)
    return STYLES[[styles[number % len(styles)] for number in range(count)]] + noise


def model(styles: list[int], count: int, *, seed: int) -> ArtistModel:
    fitted = fit(played(styles, count, seed=seed))
    assert fitted is not None
    return fitted


def apart(one: ArtistModel, other: ArtistModel) -> float:
    return transport(costs(one.points, other.points), one.weights, other.weights)[0]


def test_components_are_the_styles_of_an_artist() -> None:
    fitted = model([0, 1], 12, seed=1)
    assert fitted.weights.tolist() == pytest.approx([0.5, 0.5], abs=0.01)
    assert sorted(fitted.means.argmax(axis=1).tolist()) == [0, 1]
    kept = ArtistModel.from_bytes(fitted.to_bytes())
    assert np.array_equal(kept.points, fitted.points)
    assert np.array_equal(kept.weights, fitted.weights)
    assert fit(np.zeros((3, DIMENSIONS), np.float32)) is None


def test_the_same_tracks_give_the_same_model() -> None:
    assert model([0, 1, 2], 40, seed=3).to_bytes() == model([0, 1, 2], 40, seed=3).to_bytes()


def test_two_artists_of_one_track_are_as_far_apart_as_the_tracks() -> None:
    one, other = played([0], 1, seed=1), played([0, 1], 2, seed=2)[1:]
    cosine = float(one[0] @ other[0] / np.linalg.norm(one[0]) / np.linalg.norm(other[0]))
    first, second = fit(one), fit(other)
    assert first is not None
    assert second is not None
    assert apart(first, second) == pytest.approx(1 - cosine, abs=1e-4)


def test_a_shared_side_brings_artists_nearer_than_none_and_farther_than_all() -> None:
    jazz, both, rock = model([0], 12, seed=1), model([0, 1], 24, seed=2), model([1], 12, seed=3)
    again = model([0], 18, seed=4)
    assert apart(jazz, again) < apart(jazz, both) < apart(jazz, rock)
    assert apart(jazz, both) == pytest.approx(apart(both, jazz), rel=0.02)


def test_the_bound_is_never_above_the_cost() -> None:
    random = np.random.default_rng(7)
    models = [model(list(random.integers(0, 9, 3)), int(random.integers(1, 60)), seed=n) for n in range(30)]
    points = np.concatenate([one.points for one in models])
    weights = np.concatenate([one.weights for one in models])
    starts = np.cumsum([0, *(len(one.weights) for one in models[:-1])])
    bounds = least(costs(models[0].points, points), models[0].weights, weights, starts)
    true = [apart(models[0], one) for one in models]
    assert np.all(bounds <= np.array(true) + 1e-4)


@pytest.fixture
async def library(pool: Pool) -> AsyncIterator[tuple[Pool, Follower, ServerKey]]:
    async with pool.connection() as c:
        server = await servers.insert(
            c, name="attic", kind="memory", origin="api", config_sealed=b"", hook_secret_sealed=b""
        )
        assert server is not None
    follower = Follower(pool)
    await follower.look()
    yield pool, follower, server.id


async def add(pool: Pool, server: ServerKey, artist: str, vectors: np.ndarray, *, first: int = 0) -> None:
    told = [
        Track(
            id=TrackId(f"{artist}-{first + number}"),
            title=f"{artist} {first + number}",
            artist=artist,
            revision="1",
            content_key=f"{artist}-{first + number}",
        )
        for number in range(len(vectors))
    ]
    async with pool.connection() as c:
        await take_in(c, server, told, quality=Quality.BALANCED)
        rows = await tracks.of_server(c, server, [one.id for one in told])
        order = {row.track_id: row.recording_id for row in rows}
        for one, vector in zip(told, vectors, strict=True):
            await hear(c, order[one.id], vector)


async def test_artists_rank_as_they_sound(library: tuple[Pool, Follower, ServerKey]) -> None:
    pool, follower, server = library
    for number, (name, styles) in enumerate(
        {"Ella": [0], "Nina": [0], "Mixed": [0, 1], "Lemmy": [1], "Bach": [2]}.items()
    ):
        await add(pool, server, name, played(styles, 12, seed=number))
    artists = Artists(pool, follower, pause_seconds=0)
    found = await artists.similar("ella", 10, matches=True)
    assert [one.artist.name for one in found][:2] == ["Nina", "Mixed"]
    assert found[0].artist.recordings == 12
    assert len(found) == 4
    assert found[0].distance < found[1].distance < found[2].distance
    best = found[1].matches[0]
    assert len(best.ours[2]) == len(best.theirs[2]) == 3
    assert artists.fitted == 5
    assert await Artists(pool, follower, pause_seconds=0).similar("Ella", 10, matches=True) == found


async def test_only_artists_whose_tracks_changed_are_fitted_anew(
    library: tuple[Pool, Follower, ServerKey],
) -> None:
    pool, follower, server = library
    for number, name in enumerate(("Ella", "Nina", "Lemmy")):
        await add(pool, server, name, played([number % 2], 6, seed=number))
    await follower.look()
    artists = Artists(pool, follower, pause_seconds=0)
    before = await artists.similar("Ella", 5)
    assert artists.fitted == 3
    assert [one.artist.name for one in before] == ["Lemmy", "Nina"]
    await add(pool, server, "Nina", played([0], 30, seed=9), first=6)
    await follower.look()
    after = await artists.similar("Ella", 5)
    assert artists.fitted == 4
    assert {one.artist.name: one.artist.recordings for one in after} == {"Lemmy": 6, "Nina": 36}
    assert await artists.similar("Ella", 5) == after
    assert artists.fitted == 4
    other = Artists(pool, follower, pause_seconds=0)
    assert await other.similar("Ella", 5) == after
    assert other.fitted == 0


async def test_an_artist_who_is_gone_is_no_answer(library: tuple[Pool, Follower, ServerKey]) -> None:
    pool, follower, server = library
    for name in ("Ella", "Nina", "Lemmy"):
        await add(pool, server, name, played([0], 3, seed=len(name)))
    artists = Artists(pool, follower, pause_seconds=0)
    assert len(await artists.similar("Ella", 5, server=server)) == 2
    async with pool.connection() as c:
        await c.execute("update tracks set missing_since = now() where artist = 'Nina'")
    other = Artists(pool, follower, pause_seconds=0)
    assert [one.artist.name for one in await other.similar("Ella", 5)] == ["Lemmy"]
    assert await other.similar("Ella", 5, server=ServerKey(int(server) + 1)) == []


async def test_who_is_unknown_and_who_is_unheard(library: tuple[Pool, Follower, ServerKey]) -> None:
    pool, follower, server = library
    async with pool.connection() as c:
        await take_in(
            c,
            server,
            [Track(id=TrackId("1"), title="One", artist="Silent", revision="1", content_key="1")],
            quality=Quality.BALANCED,
        )
    artists = Artists(pool, follower, pause_seconds=0)
    with pytest.raises(UnknownSeed, match="Nobody"):
        await artists.similar("Nobody", 5)
    with pytest.raises(NotHeardYet, match="Silent"):
        await artists.similar("Silent", 5)


async def test_names_are_found_without_accents_and_in_any_case(
    library: tuple[Pool, Follower, ServerKey],
) -> None:
    pool, follower, server = library
    for number, name in enumerate(("Motörhead", "İbrahim", "Beyoncé")):
        await add(pool, server, name, played([number], 3, seed=number))
    await follower.look()
    artists = Artists(pool, follower, pause_seconds=0)
    for name in ("MOTÖRHEAD", "motorhead", "İbrahim", "ibrahim", "beyonce!"):
        assert len(await artists.similar(name, 5)) == 2, name
        async with pool.connection() as c:
            assert len(await catalogue.of_artist(c, name)) == 3, name
    with pytest.raises(UnknownSeed, match=r"No artist is known as 'Motorhed'. Did you mean 'Motörhead'\?"):
        await artists.similar("Motorhed", 5)
    with pytest.raises(UnknownSeed, match=r"'Zappa'\.$"):
        await artists.similar("Zappa", 5)


async def test_guests_make_no_other_artist(library: tuple[Pool, Follower, ServerKey]) -> None:
    pool, follower, server = library
    for number, name in enumerate(("Ella", "Ella feat. Louis", "Nina ft. Miles", "Nina", "Lemmy")):
        await add(pool, server, name, played([number // 4], 3, seed=number))
    await follower.look()
    found = await Artists(pool, follower, pause_seconds=0).similar("Ella", 5)
    assert [one.artist.name.split(" ft.")[0] for one in found] == ["Nina", "Lemmy"]
    assert await Artists(pool, follower, pause_seconds=0).similar("Ella", 1) == found[:1]


async def test_nobody_sounds_like_a_name_for_many(library: tuple[Pool, Follower, ServerKey]) -> None:
    pool, follower, server = library
    for number, name in enumerate(("Ella", "[Unknown Artist]", "Various Artists", "Nina")):
        await add(pool, server, name, played([0], 3, seed=number))
    await follower.look()
    artists = Artists(pool, follower, pause_seconds=0)
    assert [one.artist.name for one in await artists.similar("Ella", 5)] == ["Nina"]
    with pytest.raises(UnknownSeed, match="many artists"):
        await artists.similar("various artists", 5)
