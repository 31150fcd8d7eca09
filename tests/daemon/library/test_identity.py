"""Several servers hold the same recordings, and each is heard once."""

from dataclasses import replace

import pytest

from segue.model import Quality, Track, TrackId
from segue.store import analyses, recordings
from tests.daemon.library.conftest import Library
from tests.daemon.library.rows import a_track
from tests.daemon.store_recordings.rows import an_analysis

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


async def _retagged(library: Library, *before: Track, **changes: object) -> None:
    """The first of these tracks is told otherwise after all were heard."""
    library.far.hold(*before)
    await library.walk()
    async with library.pool.connection() as c:
        for claim in await recordings.claim(c, owner="ears", limit=9, seconds=60):
            heard = an_analysis(quality=Quality.BALANCED, audio_hash=b"%d" % claim.recording)
            assert await analyses.save(c, claim.recording, claim.owner, heard)
    library.far.hold(replace(before[0], revision="2", title="Now spelt right", **changes))  # type: ignore[arg-type]
    await library.walk()


async def test_new_tags_of_a_file_that_we_cannot_read_are_heard_again_where_they_are(
    library: Library,
) -> None:
    before = replace(TOLD, bytes=5_000_000)
    await _retagged(library, before, bytes=5_004_096)
    [row] = (await library.present()).values()
    async with library.pool.connection() as c:
        cursor = await c.execute("select id, wanted, audio_hash from recordings")
        assert await cursor.fetchall() == [(row.recording_id, "balanced", None)]
    assert row.title == "Now spelt right"


@pytest.mark.parametrize("changes", [{"seconds": 230.0}, {"format": "mp3"}, {"content_key": "key-9"}])
async def test_what_may_be_other_audio_is_another_recording(
    library: Library, changes: dict[str, object]
) -> None:
    await _retagged(library, replace(TOLD, bytes=5_000_000), **{"bytes": 6_000_000, **changes})
    [row] = (await library.present()).values()
    async with library.pool.connection() as c:
        cursor = await c.execute("select min(id), max(id) from recordings")
        assert await cursor.fetchone() == (row.recording_id - 1, row.recording_id)


async def test_other_tracks_of_a_recording_stay_when_one_may_be_other_audio(library: Library) -> None:
    one, two = replace(TOLD, bytes=5_000_000), replace(TOLD, id=TrackId("uuid-2"), bytes=5_000_000)
    library.far.hold(one)
    await library.walk()
    await _retagged(library, one, two, bytes=5_004_096)
    rows = await library.present()
    assert rows[one.id].recording_id != rows[two.id].recording_id
    async with library.pool.connection() as c:
        cursor = await c.execute("select id from recordings where wanted is not null")
        assert await cursor.fetchall() == [(rows[one.id].recording_id,)]
