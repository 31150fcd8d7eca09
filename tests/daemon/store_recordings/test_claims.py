"""Who hears what, and when."""

import asyncio

from segue.model import Quality, RecordingId
from segue.store import recordings
from segue.store.pool import Connection, Pool
from tests.daemon.store_recordings.rows import add_recording, add_track


async def test_breadth_first_then_most_played_then_newest_want(pool: Pool) -> None:
    async with pool.connection() as c:
        full = await add_recording(c, wanted="full", plays=99)
        balanced = await add_recording(c, wanted="balanced", plays=99)
        older = await add_recording(c, wanted="fast")
        newer = await add_recording(c, wanted="fast")
        played = await add_recording(c, wanted="fast", plays=3)
        await add_recording(c)
        claims = await recordings.claim(c, owner="me", limit=10, seconds=60)
    assert [claim.recording for claim in claims] == [played, newer, older, balanced, full]
    assert {claim.wanted for claim in claims} == {Quality.FAST, Quality.BALANCED, Quality.FULL}


async def test_claims_at_one_time_share_the_rows(pool: Pool) -> None:
    async with pool.connection() as c:
        wanted = {await add_recording(c, wanted="fast") for _ in range(40)}

    async def take(limit: int) -> list[recordings.Claim]:
        async with pool.connection() as c:
            return await recordings.claim(c, owner="me", limit=limit, seconds=60)

    shares = await asyncio.gather(*(take(5) for _ in range(8)))
    taken = [claim.recording for share in shares for claim in share]
    assert len(taken) == len(set(taken))
    rest = await take(40)
    assert set(taken) | {claim.recording for claim in rest} == wanted
    assert len({claim.owner for share in shares for claim in share}) == 8


async def test_what_no_server_has_now_waits(pool: Pool) -> None:
    async with pool.connection() as c:
        recording = await add_recording(c, wanted="fast", missing_since="2026-01-01")
        assert await recordings.claim(c, owner="me", limit=1, seconds=60) == []
        assert (await recordings.counts(c)).sourceless == 1
        await add_track(c, recording, server="cellar", track_id="again")
        assert len(await recordings.claim(c, owner="me", limit=1, seconds=60)) == 1


async def test_a_lease_that_ran_out_is_claimed_again_and_its_owner_shut_out(pool: Pool) -> None:
    async with pool.connection() as c:
        recording = await add_recording(c, wanted="fast")
        (first,) = await recordings.claim(c, owner="me", limit=1, seconds=60)
        assert await recordings.claim(c, owner="me", limit=1, seconds=60) == []
        assert await recordings.renew(c, first.owner, seconds=60) == [recording]
        await _expire(c, recording)
        assert await recordings.renew(c, first.owner, seconds=60) == []
        (second,) = await recordings.claim(c, owner="me", limit=1, seconds=60)
        assert second.owner != first.owner
        assert not await recordings.fail(c, recording, first.owner, "late")
        assert not await recordings.postpone(c, recording, first.owner, seconds=1, reason="late")
        assert await recordings.release(c, first.owner) == 0
        assert await recordings.renew(c, second.owner, seconds=60) == [recording]


async def test_one_that_kills_its_process_comes_alone_and_is_given_up(pool: Pool) -> None:
    async with pool.connection() as c:
        poison = await add_recording(c, wanted="fast", plays=9)
        harmless = await add_recording(c, wanted="fast", plays=8)
        both = await recordings.claim(c, owner="me", limit=2, seconds=60)
        assert [claim.recording for claim in both] == [poison, harmless]
        await _expire(c, poison, harmless)
        fresh = await add_recording(c, wanted="full")
        order = [await recordings.claim(c, owner="me", limit=5, seconds=60) for _ in range(3)]
        assert [[claim.recording for claim in claims] for claims in order] == [[fresh], [poison], [harmless]]
        for _ in range(recordings.LEASES_LOST_LIMIT - 2):
            await _expire(c, poison)
            (claim,) = await recordings.claim(c, owner="me", limit=5, seconds=60)
            assert claim.recording == poison
        await _expire(c, poison)
        assert await recordings.claim(c, owner="me", limit=5, seconds=60) == []
        assert (await recordings.counts(c)).failed == 1


async def test_postponed_and_failed(pool: Pool) -> None:
    async with pool.connection() as c:
        later = await add_recording(c, wanted="fast")
        broken = await add_recording(c, wanted="fast")
        owner = (await recordings.claim(c, owner="me", limit=2, seconds=60))[0].owner
        assert await recordings.postpone(c, later, owner, seconds=3600, reason="The server is away.")
        assert await recordings.fail(c, broken, owner, "No audio stream.")
        assert await recordings.claim(c, owner="me", limit=2, seconds=60) == []
        counts = await recordings.counts(c)
        assert (counts.wanted, counts.postponed, counts.failed, counts.leased) == (1, 1, 1, 0)
        assert await recordings.want(c, [later, broken], Quality.BALANCED) == 2
        again = await recordings.claim(c, owner="me", limit=2, seconds=60)
        assert {(claim.wanted, claim.attempts) for claim in again} == {(Quality.BALANCED, 1)}


async def test_want_all_leaves_failures_alone_unless_told(pool: Pool) -> None:
    async with pool.connection() as c:
        new, broken = await add_recording(c), await add_recording(c, wanted="fast")
        (claim,) = await recordings.claim(c, owner="me", limit=1, seconds=60)
        await recordings.fail(c, broken, claim.owner, "No audio stream.")
        assert await recordings.want_all(c, Quality.FULL, version=1) == 1
        (claim,) = await recordings.claim(c, owner="me", limit=2, seconds=60)
        assert claim.recording == new
        assert await recordings.want_all(c, Quality.FULL, version=1) == 0
        assert await recordings.renew(c, claim.owner, seconds=60) == [new]
        assert await recordings.want_all(c, Quality.FULL, version=1, failed=True) == 1
        assert await recordings.unwant_all(c) == 2
        assert (await recordings.counts(c)).wanted == 0


async def test_release_gives_back_without_a_mark(pool: Pool) -> None:
    async with pool.connection() as c:
        one, two = await add_recording(c, wanted="fast"), await add_recording(c, wanted="fast")
        owner = (await recordings.claim(c, owner="me", limit=2, seconds=60))[0].owner
        assert await recordings.release(c, owner, [one]) == 1
        assert await recordings.release(c, owner) == 1
        claims = await recordings.claim(c, owner="me", limit=2, seconds=60)
        assert {(claim.recording, claim.attempts) for claim in claims} == {(one, 1), (two, 1)}


async def test_sources_come_nearest_first(pool: Pool) -> None:
    async with pool.connection() as c:
        recording = await add_recording(c, server="attic")
        await c.execute("update servers set kind = 'jellyfin'")
        await add_track(c, recording, server="cellar", track_id="near", path="/music/a.flac")
        await add_track(c, recording, server="cellar", track_id="gone", missing_since="2026-01-01")
        found = await recordings.sources(c, recording)
    assert [source.path for source in found] == ["/music/a.flac", None]


async def _expire(c: Connection, *ids: RecordingId) -> None:
    await c.execute(
        "update recordings set lease_until = clock_timestamp() - interval '1 s' where id = any(%s)",
        (list(ids),),
    )
