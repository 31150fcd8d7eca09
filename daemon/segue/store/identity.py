"""Which recording a track plays: the one with the same content, else a new one that wants hearing."""

from collections.abc import Mapping, Sequence

from psycopg.rows import scalar_row, tuple_row
from psycopg.types.json import Jsonb

from segue.model import Quality, RecordingId, Track
from segue.store.pool import Connection

__all__ = ["adopt", "forget_unplayed", "recordings_for"]


async def recordings_for(
    c: Connection, tracks: Sequence[Track], quality: Quality, *, alike: bool
) -> list[RecordingId]:
    """One recording for each track, found by its content key or made and wanted.

    A track without a key may, where `alike` ones are allowed, join a recording by its MusicBrainz
    id or its words, if the length agrees: its server then need not lend what another one did.
    """
    keyed = await _keyed(c, tracks, quality)
    unkeyed = [track for track in tracks if track.content_key is None]
    joined = await _joined(c, unkeyed) if alike else {}
    alone = [track for number, track in enumerate(unkeyed) if number not in joined]
    made = iter(await _make(c, [track.seconds for track in alone], quality))
    found = iter([joined[number] if number in joined else next(made) for number in range(len(unkeyed))])
    return [next(found) if track.content_key is None else keyed[track.content_key] for track in tracks]


async def adopt(c: Connection) -> int:
    """Have tracks without a key, whose recordings nobody has heard, join recordings that have one."""
    await c.execute("set local statement_timeout = '600s'")  # it looks at every unheard track
    cursor = await c.execute(_ADOPT)
    return cursor.rowcount


async def forget_unplayed(c: Connection, ids: Sequence[RecordingId]) -> int:
    """Of these recordings, forget those that no track plays any more, with all that was heard in them."""
    cursor = await c.execute(_FORGET, [list(ids)])
    return cursor.rowcount


async def _keyed(c: Connection, tracks: Sequence[Track], quality: Quality) -> Mapping[str, RecordingId]:
    seconds = {track.content_key: track.seconds for track in tracks if track.content_key is not None}
    keys = sorted(seconds)
    known = await _known(c, keys)
    new = [key for key in keys if key not in known]
    if not new:
        return known
    values = {"keys": new, "seconds": [seconds[key] for key in new], "quality": quality.value}
    await c.execute(_INSERT_KEYED, values)
    return {**known, **await _known(c, new)}


async def _joined(c: Connection, tracks: Sequence[Track]) -> Mapping[int, RecordingId]:
    """By their numbers in the sequence."""
    told = [
        {
            "number": number,
            "mbid": track.musicbrainz_recording,
            "words": f"{track.artist} {track.title} {track.album}" if track.artist and track.album else None,
            "seconds": track.seconds,
            "place": track.track_number,
        }
        for number, track in enumerate(tracks)
        if track.seconds is not None
    ]
    if not told:
        return {}
    async with c.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute(_JOINED, [Jsonb(told)])
        return {number: RecordingId(recording) for number, recording in await cursor.fetchall()}


async def _known(c: Connection, keys: Sequence[str]) -> Mapping[str, RecordingId]:
    """By the recordings' own keys, and by those of tracks whose recording was merged into another."""
    if not keys:
        return {}
    async with c.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute(_KNOWN, {"keys": list(keys)})
        return {key: RecordingId(recording) for key, recording in await cursor.fetchall()}


async def _make(c: Connection, seconds: Sequence[float | None], quality: Quality) -> list[RecordingId]:
    if not seconds:
        return []
    async with c.cursor(row_factory=scalar_row) as cursor:
        await cursor.execute(_INSERT_UNKEYED, {"seconds": list(seconds), "quality": quality.value})
        return [RecordingId(row) for row in await cursor.fetchall()]


_KNOWN = """
select distinct on (content_key) content_key, recording
  from (select content_key, id as recording, 0 as rank from recordings where content_key = any(%(keys)s)
        union all
        select content_key, recording_id, 1 from tracks where content_key = any(%(keys)s)) found
 order by content_key, rank
"""

# Keys come sorted, so two walks that meet the same new content wait for each other in one order.
_INSERT_KEYED = """
insert into recordings (content_key, seconds, wanted, wanted_at)
select key, seconds, %(quality)s::quality, now()
  from unnest(%(keys)s::text[], %(seconds)s::real[]) as new (key, seconds)
on conflict (content_key) where content_key is not null do nothing
"""
_INSERT_UNKEYED = """
insert into recordings (seconds, wanted, wanted_at)
select seconds, %(quality)s::quality, now() from unnest(%(seconds)s::real[]) as new (seconds)
returning id
"""

# Words fit only one recording, or they fit none: a common name proves nothing.
_MATCH = """
    select coalesce(
        (select min(t.recording_id) from tracks t
          where t.musicbrainz_recording = told.mbid and abs(t.seconds - told.seconds) <= 2 {which}),
        (select min(t.recording_id) from tracks t
          where t.search = told.words and t.artist is not null and t.album is not null
            and abs(t.seconds - told.seconds) <= 1
            and coalesce(t.track_number = told.place, true) {which}
         having count(distinct t.recording_id) = 1)) as recording
"""
_JOINED = f"""
with told as (
    select number, mbid, fold(words) as words, seconds, place
      from jsonb_to_recordset(%s)
           as told (number integer, mbid text, words text, seconds real, place integer)
)
select number, recording from told cross join lateral ({_MATCH.format(which="")}) matched
 where recording is not null
"""
_ADOPT = f"""
with told as (
    select t.id, t.recording_id, t.musicbrainz_recording as mbid, t.seconds, t.track_number as place,
           case when t.artist is not null and t.album is not null then t.search end as words
      from tracks t join recordings r on r.id = t.recording_id
     where t.content_key is null and t.seconds is not null and t.missing_since is null
       and r.content_key is null and r.lease_owner is null
       and not exists (select from analyses a where a.recording_id = r.id)
), matched as (
    select told.id, told.recording_id as old, recording
      from told cross join lateral ({_MATCH.format(which="and t.content_key is not null")}) matched
     where recording is not null
), moved as (
    update tracks t set recording_id = matched.recording from matched where t.id = matched.id
    returning matched.old
), pinned as (
    insert into playlist_pins (playlist_id, recording_id, banned, at)
    select pin.playlist_id, matched.recording, pin.banned, pin.at
      from playlist_pins pin join matched on matched.old = pin.recording_id
        on conflict do nothing
), played as (
    insert into plays as p (server_id, server_user, recording_id, played_at, count)
    select played.server_id, played.server_user, matched.recording, max(played.played_at), max(played.count)
      from plays played join (select distinct old, recording from matched) matched
           on matched.old = played.recording_id
     group by played.server_id, played.server_user, matched.recording
        on conflict (server_id, server_user, recording_id) do update
           set played_at = greatest(p.played_at, excluded.played_at),
               count = greatest(p.count, excluded.count)
), entered as (
    update playlist_entries e set recording_id = matched.recording
      from matched where e.recording_id = matched.old
)
update recordings r set wanted = null, wanted_at = null, failure = null, failed_at = null
 where r.id in (select old from moved)
   and not exists (select from tracks t where t.recording_id = r.id and t.id not in (select id from matched))
"""
_FORGET = """
delete from recordings r
 where r.id = any(%s) and r.lease_owner is null
   and not exists (select from tracks t where t.recording_id = r.id)
"""
