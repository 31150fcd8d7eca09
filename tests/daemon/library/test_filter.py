"""What a server's filter leaves out is known, but neither heard nor proposed, and comes back as it was."""

from dataclasses import replace

import pytest

from segue.model import Track, TrackId
from segue.store import exclusions, recordings, servers, tracks
from segue.store.exclusions import Filter
from tests.daemon.library.conftest import Library

SONGS = [
    Track(
        id=TrackId(name),
        title=name,
        revision="1",
        path=path,
        genres=genres,
        library=library,
        content_key=name,
    )
    for name, path, genres, library in (
        ("one", "Music/Ada/One.flac", ("Folk",), "Main"),
        ("two", "Music/Podcasts/Two.mp3", ("Talk", "Hörspiel"), "Main"),
        ("three", "Music/Ada/Demos/Three 50%_.flac", (), "Main"),
        ("four", "Christmas/Four.flac", ("Folk",), "Seasonal"),
        ("five", "Five.flac", (), None),
    )
]


async def _filter(library: Library, **parts: tuple[str, ...]) -> set[str]:
    async with library.pool.connection() as c:
        await exclusions.set_filter(c, library.server, Filter(**parts))
        out = await tracks.list_(c, server=library.server, excluded=True)
    assert {row.track_id for row in out} | set(await library.present()) == {song.id for song in SONGS}
    return {str(row.track_id) for row in out}


@pytest.fixture
async def held(library: Library) -> Library:
    library.far.hold(*SONGS)
    await library.walk()
    return library


async def test_what_each_part_leaves_out(held: Library) -> None:
    assert await _filter(held, exclude_paths=("podcasts",)) == {"two"}
    assert await _filter(held, exclude_paths=("Ada/*",)) == {"one", "three"}
    assert await _filter(held, exclude_paths=("*.mp3", "/Christmas/")) == {"two", "four"}
    assert await _filter(held, exclude_paths=("Three 50%_.flac", "F?ve.flac")) == {"three", "five"}
    assert await _filter(held, exclude_paths=("da", "%", "_", "\\")) == set()
    assert await _filter(held, exclude_genres=("horspiel",)) == {"two"}
    assert await _filter(held, exclude_genres=("folk", "talk")) == {"one", "two", "four"}
    assert await _filter(held, only_libraries=("Main",)) == {"four", "five"}
    assert await _filter(held) == set()


async def test_it_holds_for_what_comes_later_and_walks_write_nothing(held: Library) -> None:
    await _filter(held, exclude_paths=("Podcasts",))
    held.far.hold(replace(SONGS[1], id=TrackId("six"), content_key="six"))
    held.far.hold(replace(SONGS[0], revision="2", path="Podcasts/One.flac"))
    outcome = await held.walk()
    assert (outcome.new, outcome.changed, outcome.gone) == (1, 1, 0)
    assert set(await held.present()) == {"three", "four", "five"}
    again = await held.walk()
    assert (again.new, again.changed, again.gone) == (0, 0, 0)


async def test_what_is_left_out_is_not_claimed_and_comes_back_unheard_or_heard(held: Library) -> None:
    await _filter(held, exclude_genres=("Folk",))
    async with held.pool.connection() as c:
        counts = await recordings.counts(c)
        claimed = await recordings.claim(c, owner="me", limit=10, seconds=60)
    assert (counts.wanted, counts.sourceless) == (3, 0)
    assert len(claimed) == 3
    await _filter(held)
    async with held.pool.connection() as c:
        assert len(await recordings.claim(c, owner="me", limit=10, seconds=60)) == 2
    await held.hear_everything()
    await _filter(held, exclude_genres=("Folk",))
    await _filter(held)
    assert await held.wanted() == 0


async def test_what_is_left_out_and_goes_is_missing(held: Library) -> None:
    await _filter(held, exclude_paths=("Podcasts",))
    del held.far.tracks[TrackId("two")]
    assert (await held.walk()).gone == 1
    assert set(await held.missing()) == {"two"}
    async with held.pool.connection() as c:
        [counts] = await servers.summaries(c, held.server)
    assert (counts.tracks, counts.missing, counts.excluded) == (4, 1, 0)
