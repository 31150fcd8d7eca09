"""An analysis is kept once, with its vectors, or not at all."""

import asyncio

import numpy as np
import pytest

from segue.model import Quality, RecordingId
from segue.store import analyses, recordings, spaces
from segue.store.pool import Connection, Pool
from tests.daemon.store_recordings.rows import add_recording, add_track, an_analysis


async def test_what_is_saved_is_read_back(pool: Pool) -> None:
    async with pool.connection() as c:
        claim = await _claimed(c)
        heard = an_analysis(audio_hash=b"hash", fingerprint=b"\x01print")
        saved = await analyses.save(c, claim.recording, claim.owner, heard)
        assert saved == analyses.Saved(recording=claim.recording, merged=None, wanted=None)
        stored = await analyses.get(c, claim.recording)
        assert stored is not None
        assert stored.analysis.descriptors == heard.descriptors
        for name in ("embedding", "tags", "features_mean", "features_std"):
            assert np.array_equal(getattr(stored.analysis, name), getattr(heard, name))
        assert (stored.analysis.seconds, stored.analysis.audio_hash) == (200.5, b"hash")
        assert await _vectors(c) == {("musicnn-raw", claim.recording): heard.embedding.tobytes()}
        counts = await recordings.counts(c)
        assert (counts.heard, counts.wanted, counts.leased) == (1, 0, 0)


async def test_other_models_have_spaces_and_heads_of_their_own(pool: Pool) -> None:
    other, mood = np.arange(16, dtype=np.float32), np.array([0.25, 0.75], np.float32)
    async with pool.connection() as c:
        await spaces.add_model(c, "other", 16)
        await spaces.add_model(c, "narrow", 3)
        claim = await _claimed(c)
        heard = an_analysis(spaces={"other": other, "narrow": other}, heads={"mood": mood})
        await analyses.save(c, claim.recording, claim.owner, heard)
        vectors = await _vectors(c)
        assert vectors["other", claim.recording] == other.tobytes()
        assert ("narrow", claim.recording) not in vectors
        rows = await (await c.execute("select head, scores from head_scores")).fetchall()
        assert [(str(row[0]), bytes(row[1])) for row in rows] == [("mood", mood.tobytes())]
        stored = await analyses.get(c, claim.recording)
        assert stored is not None
        assert stored.spaces == ("musicnn-raw", "other")
        assert {name: scores.tolist() for name, scores in stored.analysis.heads.items()} == {
            "mood": [0.25, 0.75]
        }


async def test_a_models_space_serves_once_everything_was_heard_with_it(pool: Pool) -> None:
    async with pool.connection() as c:
        claim = await _claimed(c)
        await analyses.save(c, claim.recording, claim.owner, an_analysis())
        await spaces.add_model(c, "other", 16)
        space = await spaces.named(c, "other")
        assert space is not None
        assert not await spaces.serve(c, space.id)
        assert await recordings.want_vacant(c, space.id, Quality.FAST) == 1
        (again,) = await recordings.claim(c, owner="w", limit=1, seconds=60)
        heard = an_analysis(spaces={"other": np.ones(16, np.float32)})
        assert await analyses.save(c, again.recording, again.owner, heard) is not None
        assert await recordings.want_vacant(c, space.id, Quality.FAST) == 0
        assert await spaces.serve(c, space.id)


async def test_nothing_is_kept_without_the_lease(pool: Pool) -> None:
    async with pool.connection() as c:
        claim = await _claimed(c)
        assert await analyses.save(c, claim.recording, "somebody else", an_analysis()) is None
        await c.execute("update recordings set lease_until = clock_timestamp() - interval '1 s'")
        assert await analyses.save(c, claim.recording, claim.owner, an_analysis()) is None
        assert await analyses.get(c, claim.recording) is None
        assert await _vectors(c) == {}


async def test_new_audio_while_it_is_heard_makes_the_hearing_void(pool: Pool) -> None:
    async with pool.connection() as c:
        claim = await _claimed(c)
        await recordings.want(c, [claim.recording], Quality.FAST)
        assert await analyses.save(c, claim.recording, claim.owner, an_analysis()) is None
        assert (await recordings.counts(c)).wanted == 1


async def test_two_that_bring_the_same_claim_keep_it_once(pool: Pool) -> None:
    async with pool.connection() as c:
        claim = await _claimed(c)

    async def bring() -> analyses.Saved | None:
        async with pool.connection() as c:
            return await analyses.save(c, claim.recording, claim.owner, an_analysis())

    outcomes = await asyncio.gather(*(bring() for _ in range(6)))
    assert sum(saved is not None for saved in outcomes) == 1


async def test_a_first_pass_leaves_the_better_one_wanted(pool: Pool) -> None:
    async with pool.connection() as c:
        claim = await _claimed(c)
        saved = await analyses.save(c, claim.recording, claim.owner, an_analysis(), target=Quality.BALANCED)
        assert saved is not None and saved.wanted is Quality.BALANCED
        (again,) = await recordings.claim(c, owner="me", limit=1, seconds=60)
        assert (again.wanted, again.heard) == (Quality.BALANCED, Quality.FAST)
        no_better = await analyses.save(c, again.recording, again.owner, an_analysis())
        assert no_better is not None and no_better.wanted is None


async def test_equal_audio_makes_one_recording(pool: Pool) -> None:
    async with pool.connection() as c:
        older, younger = await _claimed(c), await _claimed(c)
        await add_track(c, younger.recording, title="Copy")
        same = an_analysis(audio_hash=b"same")
        await analyses.save(c, younger.recording, younger.owner, same)
        saved = await analyses.save(c, older.recording, older.owner, same)
        assert saved is not None
        assert (saved.recording, saved.merged) == (older.recording, younger.recording)
        cursor = await c.execute("select count(*), min(recording_id), max(recording_id) from tracks")
        assert await cursor.fetchone() == (3, older.recording, older.recording)
        assert await _vectors(c) == {
            ("musicnn-raw", older.recording): same.embedding.tobytes(),
            ("musicnn-raw", younger.recording): None,
        }


async def test_a_twin_brings_its_plays_and_pins(pool: Pool) -> None:
    async with pool.connection() as c:
        older, younger = await _claimed(c), await _claimed(c)
        await c.execute(
            """insert into plays
               select s.id, 'me', r.id, now(), r.id - %s + 1 from servers s, recordings r""",
            [older.recording],
        )
        await c.execute(
            """insert into plays select s.id, 'you', %s, now(), 7 from servers s""", [younger.recording]
        )
        await c.execute(
            """with list as (insert into playlists (name, kind) values ('Mine', 'static') returning id)
               insert into playlist_pins select id, %s, false from list""",
            [younger.recording],
        )
        for claim in (younger, older):
            await analyses.save(c, claim.recording, claim.owner, an_analysis(audio_hash=b"same"))
        cursor = await c.execute("select server_user, recording_id, count from plays order by 1")
        assert await cursor.fetchall() == [("me", older.recording, 2), ("you", older.recording, 7)]
        cursor = await c.execute("select recording_id from playlist_pins")
        assert await cursor.fetchall() == [(older.recording,)]


async def test_a_twin_never_makes_an_analysis_worse(pool: Pool) -> None:
    async with pool.connection() as c:
        first, second = await _claimed(c), await _claimed(c)
        good = an_analysis(1, quality=Quality.FULL, audio_hash=b"same")
        await analyses.save(c, first.recording, first.owner, good)
        await analyses.save(c, second.recording, second.owner, an_analysis(2, audio_hash=b"same"))
        stored = await analyses.get(c, first.recording)
        assert stored is not None and stored.analysis.quality is Quality.FULL
        assert (await _vectors(c))["musicnn-raw", first.recording] == good.embedding.tobytes()


async def test_twins_saved_at_one_time_still_merge(pool: Pool) -> None:
    async with pool.connection() as c:
        claims = [await _claimed(c) for _ in range(8)]

    async def bring(claim: recordings.Claim) -> analyses.Saved | None:
        async with pool.connection() as c:
            return await analyses.save(c, claim.recording, claim.owner, an_analysis(audio_hash=b"same"))

    assert all(await asyncio.gather(*(bring(claim) for claim in claims)))
    async with pool.connection() as c:
        assert (await recordings.counts(c)).total == 1


async def test_a_vector_without_direction_is_no_reason_to_lose_an_analysis(pool: Pool) -> None:
    async with pool.connection() as c:
        claim = await _claimed(c)
        silent = an_analysis(embedding=np.zeros(200, np.float32))
        assert await analyses.save(c, claim.recording, claim.owner, silent) is not None
        assert (await recordings.counts(c)).heard == 1


async def test_every_projected_space_gets_its_vector(pool: Pool) -> None:
    async with pool.connection() as c:
        claim = await _claimed(c)
        await c.execute("insert into spaces (name, dimensions, projection) values ('fitted', 3, '')")
        fitted = next(space for space in await spaces.live(c) if space.name == "fitted")
        with pytest.raises(analyses.SpacesChangedError):
            await analyses.save(c, claim.recording, claim.owner, an_analysis())
        vector = np.array([1, 2, 3], np.float32)
        saved = await analyses.save(
            c, claim.recording, claim.owner, an_analysis(), vectors={fitted.id: vector}
        )
        assert saved is not None
        assert (await _vectors(c))["fitted", claim.recording] == vector.tobytes()


async def _claimed(c: Connection) -> recordings.Claim:
    await add_recording(c, wanted="fast")
    (claim,) = await recordings.claim(c, owner="me", limit=1, seconds=60)
    return claim


async def _vectors(c: Connection) -> dict[tuple[str, RecordingId], bytes | None]:
    cursor = await c.execute(
        "select s.name, e.recording_id, e.vector from embeddings e join spaces s on s.id = e.space_id"
    )
    return {(name, RecordingId(recording)): vector for name, recording, vector in await cursor.fetchall()}
