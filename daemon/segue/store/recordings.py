"""Recordings: which shall be heard, by whom, and what became of it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import uuid4

from psycopg.rows import class_row, scalar_row

from segue.model import Quality, RecordingId, ServerKey, SpaceId, TrackId
from segue.store.pool import Connection

__all__ = [
    "LEASES_LOST_LIMIT",
    "Claim",
    "Counts",
    "Source",
    "Standing",
    "claim",
    "counts",
    "fail",
    "failures",
    "held",
    "merge",
    "postpone",
    "rehear",
    "release",
    "release_all",
    "renew",
    "sources",
    "standings",
    "unwant_all",
    "want",
    "want_all",
    "want_vacant",
]

LEASES_LOST_LIMIT = 5
"""A recording whose hearing has ended so often without a word takes its process down with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A recording lent to one worker; `owner` is unique to the claim and proves it when writing."""

    recording: RecordingId
    owner: str
    wanted: Quality
    heard: Quality | None
    attempts: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "wanted", Quality(self.wanted))
        object.__setattr__(self, "heard", Quality(self.heard) if self.heard else None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A present track that plays a recording, with the server that can lend its audio."""

    server: ServerKey
    track: TrackId
    path: str | None
    revision: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Whether a recording was heard; `failure` without a want is final, with one it is why not yet."""

    recording: RecordingId
    wanted: Quality | None
    heard: Quality | None
    failure: str | None

    def __post_init__(self) -> None:
        object.__setattr__(self, "wanted", Quality(self.wanted) if self.wanted else None)
        object.__setattr__(self, "heard", Quality(self.heard) if self.heard else None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """`wanted` includes `leased`, `postponed` and `sourceless` (no server has it now).

    What only filters leave out is in `total` and `heard` alone.
    """

    total: int
    heard: int
    wanted: int
    leased: int
    postponed: int
    sourceless: int
    failed: int


async def want(c: Connection, ids: Sequence[RecordingId], quality: Quality) -> int:
    """Ask that these be heard (again), as new audio: what is being heard now will not be kept."""
    cursor = await c.execute(
        """update recordings set wanted = greatest(wanted, %(quality)s::quality), wanted_at = now(),
                  not_before = null, attempts = 0, leases_lost = 0, failure = null, failed_at = null,
                  audio_hash = null, fingerprint = null, lease_owner = null, lease_until = null
            where id = any(%(ids)s)""",
        {"ids": list(ids), "quality": quality.value},
    )
    return cursor.rowcount


async def rehear(c: Connection, ids: Sequence[RecordingId], quality: Quality) -> set[RecordingId]:
    """As `want`, in place and as well as before, for those that one unproved track alone plays; which.

    What was heard goes on to serve until then, and playlists, pins and plays stay.
    """
    async with c.cursor(row_factory=scalar_row) as cursor:
        await cursor.execute(_REHEAR, {"ids": list(ids), "quality": quality.value})
        return {RecordingId(recording) for recording in await cursor.fetchall()}


async def want_all(c: Connection, quality: Quality, *, version: int, failed: bool = False) -> int:
    """Ask for every recording not yet heard so well by this version; `failed` ones only on request."""
    cursor = await c.execute(
        """update recordings r set wanted = %(quality)s::quality, wanted_at = now(), not_before = null,
                  attempts = 0, leases_lost = 0, failure = null, failed_at = null,
                  lease_owner = null, lease_until = null
            where (wanted is null or wanted < %(quality)s::quality)
              and (failure is null or wanted is not null or %(failed)s)
              and not exists (select from analyses a where a.recording_id = r.id
                                 and a.quality >= %(quality)s::quality and a.version >= %(version)s)""",
        {"quality": quality.value, "version": version, "failed": failed},
    )
    return cursor.rowcount


async def want_vacant(c: Connection, space: SpaceId, quality: Quality) -> int:
    """Ask for what was heard but has no vector in a space, to be heard by that space's model."""
    cursor = await c.execute(
        """update recordings r set wanted = greatest(wanted, %(quality)s::quality, a.quality),
                  wanted_at = now(), not_before = null, attempts = 0, leases_lost = 0,
                  failure = null, failed_at = null, lease_owner = null, lease_until = null
             from analyses a
            where a.recording_id = r.id and wanted is null and not exists (
                  select from embeddings e where e.space_id = %(space)s and e.recording_id = r.id
                     and e.vector is not null)""",
        {"quality": quality.value, "space": space},
    )
    return cursor.rowcount


async def unwant_all(c: Connection) -> int:
    """Take back every want; work under way is thrown away when it is brought."""
    cursor = await c.execute(
        """update recordings set wanted = null, wanted_at = null, not_before = null,
                  lease_owner = null, lease_until = null
            where wanted is not null"""
    )
    return cursor.rowcount


async def claim(c: Connection, *, owner: str, limit: int, seconds: float) -> list[Claim]:
    """Lend out what is wanted most: quick hearings first, then the most played, then the newest want.

    What only servers have that cannot be reached waits for them.

    Recordings that lost a lease come last and alone, so that one which kills its process takes
    no other down, and is given up after `LEASES_LOST_LIMIT` times.
    """
    token = f"{owner}/{uuid4().hex}"
    await _give_up(c)
    claims = await _claim(c, token, limit, seconds, suspects=False)
    return claims or await _claim(c, token, 1, seconds, suspects=True)


async def held(c: Connection, owners: Collection[str]) -> set[str]:
    """Which of these claims still hold a lease."""
    async with c.cursor(row_factory=scalar_row) as cursor:
        await cursor.execute(
            """select distinct lease_owner from recordings
                where lease_owner = any(%s) and wanted is not null and lease_until > clock_timestamp()""",
            (list(owners),),
        )
        return set(await cursor.fetchall())


async def renew(c: Connection, owner: str, *, seconds: float) -> list[RecordingId]:
    """Lengthen a claim's leases; what is not returned any more is lost."""
    async with c.cursor(row_factory=scalar_row) as cursor:
        await cursor.execute(
            """update recordings set lease_until = clock_timestamp() + make_interval(secs => %s)
                where lease_owner = %s and lease_until > clock_timestamp() returning id""",
            (seconds, owner),
        )
        return [RecordingId(row) for row in await cursor.fetchall()]


async def release(c: Connection, owner: str, ids: Sequence[RecordingId] | None = None) -> int:
    """Give leases back untouched: these of the claim, or all of it."""
    cursor = await c.execute(
        """update recordings set lease_owner = null, lease_until = null, attempts = greatest(attempts - 1, 0)
            where lease_owner = %s and (%s::bigint[] is null or id = any(%s))""",
        (owner, None if ids is None else list(ids), None if ids is None else list(ids)),
    )
    return cursor.rowcount


async def release_all(c: Connection, identity: str) -> int:
    """Give back everything that a process holds whose claims begin with its identity."""
    cursor = await c.execute(
        """update recordings
              set lease_owner = null, lease_until = null, attempts = greatest(attempts - 1, 0)
            where lease_owner is not null and starts_with(lease_owner, %s || '/')""",
        (identity,),
    )
    return cursor.rowcount


async def postpone(c: Connection, recording: RecordingId, owner: str, *, seconds: float, reason: str) -> bool:
    """Not now: try again later. False when the lease is lost."""
    cursor = await c.execute(
        """update recordings set lease_owner = null, lease_until = null, failure = %s,
                  not_before = clock_timestamp() + make_interval(secs => %s)
            where id = %s and lease_owner = %s and lease_until > clock_timestamp()""",
        (reason, seconds, recording, owner),
    )
    return cursor.rowcount == 1


async def fail(c: Connection, recording: RecordingId, owner: str, reason: str) -> bool:
    """It cannot be heard; only a new want tries again. False when the lease is lost."""
    cursor = await c.execute(
        """update recordings set wanted = null, wanted_at = null, not_before = null, failure = %s,
                  failed_at = now(), lease_owner = null, lease_until = null
            where id = %s and lease_owner = %s and lease_until > clock_timestamp()""",
        (reason, recording, owner),
    )
    return cursor.rowcount == 1


async def sources(c: Connection, recording: RecordingId) -> list[Source]:
    """The present tracks that play it, nearest first: files of ours, then servers that answer."""
    async with c.cursor(row_factory=class_row(Source)) as cursor:
        await cursor.execute(
            """select t.server_id as server, t.server_track_id as track, t.path, t.revision
                 from tracks t join servers s on s.id = t.server_id
                where t.recording_id = %s and t.missing_since is null and not s.withdrawn
                order by s.kind <> 'folder', s.state <> 'connected', s.id, t.id""",
            (recording,),
        )
        return await cursor.fetchall()


async def standings(c: Connection, ids: Sequence[RecordingId]) -> list[Standing]:
    """How these stand, in the order asked for; unknown ones are left out."""
    async with c.cursor(row_factory=class_row(Standing)) as cursor:
        await cursor.execute(
            """select r.id as recording, r.wanted, a.quality as heard, r.failure
                 from recordings r left join analyses a on a.recording_id = r.id
                where r.id = any(%(ids)s) order by array_position(%(ids)s::bigint[], r.id)""",
            {"ids": list(ids)},
        )
        return await cursor.fetchall()


async def failures(c: Connection, *, after: int = 0, limit: int = 100) -> list[Standing]:
    """Those that could not be heard, past the last one of the page before."""
    async with c.cursor(row_factory=class_row(Standing)) as cursor:
        await cursor.execute(
            """select r.id as recording, r.wanted, a.quality as heard, r.failure
                 from recordings r left join analyses a on a.recording_id = r.id
                where r.id > %s and r.wanted is null and r.failure is not null
                order by r.id limit %s""",
            (after, limit),
        )
        return await cursor.fetchall()


async def counts(c: Connection) -> Counts:
    """How far the hearing of the whole library is."""
    async with c.cursor(row_factory=class_row(Counts)) as cursor:
        await cursor.execute(
            """select count(*) as total,
                      (select count(*) from analyses) as heard,
                      count(*) filter (where counted) as wanted,
                      count(*) filter (where sourced is not null and lease_until > now()) as leased,
                      count(*) filter (where counted and not_before > now()) as postponed,
                      count(*) filter (where counted and not sourced) as sourceless,
                      count(*) filter (where sourced is null and failure is not null) as failed
                 from (select r.*, sourced,
                              sourced is not null and (sourced or left_out.recording_id is null) as counted
                         from recordings r
                              left join (select distinct recording_id from tracks where excluded) left_out
                                   on left_out.recording_id = r.id
                              cross join lateral (select case when r.wanted is not null then exists (
                                  select from tracks t join servers s on s.id = t.server_id
                                   where t.recording_id = r.id and t.missing_since is null
                                     and not s.withdrawn) end as sourced) source) known"""
        )
        found = await cursor.fetchone()
        assert found is not None
        return found


async def merge(c: Connection, *, keep: RecordingId, gone: RecordingId) -> bool:
    """Two recordings proved to be one piece of audio: everything of `gone` becomes `keep`'s."""
    locked = await c.execute(
        "select id from recordings where id = any(%s) order by id for update", ([keep, gone],)
    )
    if keep == gone or len(await locked.fetchall()) != 2:
        return False
    for statement in _REPOINTING:
        await c.execute(statement, {"keep": keep, "gone": gone})
    await c.execute("delete from recordings where id = %s", (gone,))
    return True


_REPOINTING = (
    "update tracks set recording_id = %(keep)s where recording_id = %(gone)s",
    """delete from playlist_entries twice where recording_id = %(gone)s and exists (
           select from playlist_entries kept
            where kept.version_id = twice.version_id and kept.recording_id = %(keep)s)""",
    "update playlist_entries set recording_id = %(keep)s where recording_id = %(gone)s",
    """update playlists set recipe = jsonb_set(recipe, '{seeds}', (
           select jsonb_agg(case when seed = to_jsonb(%(gone)s::bigint) then to_jsonb(%(keep)s::bigint)
                                 else seed end order by place)
             from jsonb_array_elements(recipe -> 'seeds') with ordinality as old (seed, place)))
        where recipe -> 'seeds' @> jsonb_build_array(%(gone)s::bigint)""",
    """insert into playlist_pins (playlist_id, recording_id, banned, at)
       select playlist_id, %(keep)s, banned, at from playlist_pins where recording_id = %(gone)s
       on conflict do nothing""",
    """insert into plays as p (server_id, server_user, recording_id, played_at, count)
       select server_id, server_user, %(keep)s, played_at, count from plays where recording_id = %(gone)s
       on conflict (server_id, server_user, recording_id) do update
          set played_at = greatest(p.played_at, excluded.played_at),
              count = greatest(p.count, excluded.count)""",
    """insert into cluster_members (cluster_id, recording_id, distance)
       select cluster_id, %(keep)s, distance from cluster_members where recording_id = %(gone)s
       on conflict do nothing""",
    """update recordings set plays = plays + (select plays from recordings where id = %(gone)s)
        where id = %(keep)s""",
)


_REHEAR = """
update recordings r
   set wanted = greatest(r.wanted, coalesce((select a.quality from analyses a where a.recording_id = r.id),
                                            %(quality)s::quality)),
       wanted_at = now(), not_before = null, attempts = 0, leases_lost = 0, failure = null, failed_at = null,
       audio_hash = null, fingerprint = null, lease_owner = null, lease_until = null
 where id = any(%(ids)s) and content_key is null
   and (select count(*) from tracks t where t.recording_id = r.id) = 1
returning id
"""


async def _claim(c: Connection, token: str, limit: int, seconds: float, *, suspects: bool) -> list[Claim]:
    async with c.cursor(row_factory=class_row(Claim)) as cursor:
        await cursor.execute(_CLAIM_SUSPECTS if suspects else _CLAIM, (limit, token, seconds))
        return await cursor.fetchall()


# The lease is judged anew after the row is locked: another claim may have committed in between.
_CLAIM_TEMPLATE = """
    with best as materialized (
        select id, wanted, plays, wanted_at from recordings r
         where wanted is not null
           and (lease_until is null or lease_until <= clock_timestamp())
           and (not_before is null or not_before <= clock_timestamp())
           and {suspicion}
           and exists (select from tracks t join servers s on s.id = t.server_id
                        where t.recording_id = r.id and t.missing_since is null and not s.withdrawn
                          and (s.state in ('new', 'connected') or s.fault_in = 'walk'))
         order by wanted, plays desc, wanted_at desc, id
         limit %s for update of r skip locked
    ), lent as (
        update recordings r
           set lease_owner = %s, lease_until = clock_timestamp() + make_interval(secs => %s),
               attempts = r.attempts + 1,
               leases_lost = r.leases_lost + case when r.lease_until is null then 0 else 1 end
          from best where best.id = r.id
     returning r.id, r.lease_owner, r.wanted, r.attempts, r.plays, r.wanted_at
    )
    select lent.id as recording, lease_owner as owner, wanted, a.quality as heard, attempts
      from lent left join analyses a on a.recording_id = lent.id
     order by wanted, plays desc, wanted_at desc, lent.id"""
_CLAIM = _CLAIM_TEMPLATE.format(suspicion="leases_lost = 0 and lease_until is null")
_CLAIM_SUSPECTS = _CLAIM_TEMPLATE.format(suspicion="(leases_lost > 0 or lease_until is not null)")


async def _give_up(c: Connection) -> None:
    await c.execute(
        """update recordings set wanted = null, wanted_at = null, lease_owner = null, lease_until = null,
                  failed_at = now(),
                  failure = 'The process that heard it ended or hung every time, so it is left alone.'
            where id in (select id from recordings
                          where wanted is not null and leases_lost >= %s
                            and lease_until <= clock_timestamp()
                            for update skip locked)""",
        (LEASES_LOST_LIMIT - 1,),
    )
