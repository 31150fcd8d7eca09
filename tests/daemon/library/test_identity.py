"""Several servers hold the same recordings, and each is heard once."""

from dataclasses import replace

import pytest

from segue.model import Track, TrackId
from tests.daemon.library.conftest import Library
from tests.daemon.library.rows import a_track

MBID = "5328cc95-3f3a-50c4-8084-3ebcb6c1d619"
KEYED = a_track(
    "folder/1.flac", content_key="key-1", musicbrainz_recording=MBID, seconds=200.0, track_number=1
)
TOLD = a_track("uuid-1", title=KEYED.title, content_key=None, seconds=200.4)


async def _second(library: Library) -> Library:
    added = await library.registry.add("cellar", "memory", {})
    assert added is not None
    return Library(library.pool, library.registry, library.far, added.id)


async def _recordings(library: Library, first: Track, then: Track) -> set[int]:
    """Where two servers' tracks end, the first one walked first."""
    other = await _second(library)
    library.far.hold(first)
    await library.walk()
    library.far.tracks = {then.id: then}
    await other.walk()
    rows = [*(await library.present()).values(), *(await other.present()).values()]
    assert len(rows) == 2
    return {row.recording_id for row in rows}


@pytest.mark.parametrize(
    "told",
    [
        TOLD,
        replace(TOLD, musicbrainz_recording=MBID, title="Called otherwise", seconds=201.5),
        replace(TOLD, artist="BJORK", album="Debut!"),
    ],
)
async def test_what_is_alike_is_one_recording_whoever_comes_first(library: Library, told: Track) -> None:
    assert len(await _recordings(library, KEYED, told)) == 1
    assert await library.wanted() == 1


@pytest.mark.parametrize(
    "told",
    [TOLD, replace(TOLD, musicbrainz_recording=MBID, title="Called otherwise")],
)
async def test_a_track_without_a_key_joins_later(library: Library, told: Track) -> None:
    assert len(await _recordings(library, told, KEYED)) == 1
    assert await library.wanted() == 1


@pytest.mark.parametrize(
    "told",
    [
        replace(TOLD, seconds=190.0),
        replace(TOLD, seconds=None),
        replace(TOLD, album=None),
        replace(TOLD, title="Another song"),
        replace(TOLD, track_number=2),
        replace(TOLD, musicbrainz_recording=MBID, title="Another song", seconds=210.0),
    ],
)
async def test_what_is_not_alike_is_heard_itself(library: Library, told: Track) -> None:
    assert len(await _recordings(library, KEYED, told)) == 2


async def test_words_that_fit_two_recordings_prove_nothing(library: Library) -> None:
    library.far.hold(KEYED, replace(KEYED, id=TrackId("2"), content_key="key-2", musicbrainz_recording=None))
    await library.walk()
    other = await _second(library)
    library.far.tracks = {TOLD.id: TOLD}
    await other.walk()
    assert await library.wanted() == 3


async def test_a_replaced_sound_does_not_join_what_it_was(library: Library) -> None:
    library.far.hold(TOLD)
    await library.walk()
    await library.hear_everything()
    library.far.hold(replace(TOLD, revision="2", bytes=99))
    await library.walk()
    assert await library.wanted() == 1


async def test_two_tracks_of_one_server_with_the_same_words_are_one(library: Library) -> None:
    library.far.hold(KEYED)
    await library.walk()
    library.far.hold(TOLD)
    await library.walk()
    assert len({row.recording_id for row in (await library.present()).values()}) == 1
