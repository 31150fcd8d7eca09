"""Tracks that a server lists under another id than before: who they were, and giving them the new id."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row, tuple_row
from psycopg.types.json import Jsonb

from segue.model import RecordingId, ServerKey, Track, TrackId
from segue.store.pool import Connection

__all__ = ["Candidate", "arrived", "candidates", "rename"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A track of the server that the so-manyth one asked for may have been; `evidence` says by what."""

    number: int
    key: int
    track_id: TrackId
    recording_id: RecordingId
    content_key: str | None
    evidence: str


async def candidates(c: Connection, server: ServerKey, tracks: Sequence[Track]) -> list[Candidate]:
    """Listed tracks of the same content, else file, else place of an album; the best come first."""
    told = [
        {
            "number": number,
            "content_key": track.content_key,
            "path": track.path,
            "bytes": track.bytes,
            "seconds": track.seconds,
            "title": track.title,
            "words": f"{track.artist} {track.title} {track.album}" if track.artist and track.album else None,
            "place": track.track_number,
            "disc": track.disc_number,
        }
        for number, track in enumerate(tracks)
    ]
    async with c.cursor(row_factory=class_row(Candidate)) as cursor:
        await cursor.execute(_CANDIDATES, {"server": server, "told": Jsonb(told), "most": _MOST})
        return await cursor.fetchall()


async def arrived(
    c: Connection, server: ServerKey, lost: Sequence[int], *, all_lost: Sequence[int], since: datetime
) -> dict[int, TrackId]:
    """Which of the lost ones came back under another id since a moment, proved by equal content.

    What is lost itself is nobody's other id.
    """
    async with c.cursor(row_factory=tuple_row) as cursor:
        values = {"server": server, "lost": list(lost), "all_lost": list(all_lost), "since": since}
        await cursor.execute(_ARRIVED, values)
        return {int(key): TrackId(track_id) for key, track_id in await cursor.fetchall()}


async def rename(c: Connection, server: ServerKey, renames: Mapping[int, TrackId]) -> int:
    """Our keys of tracks take the ids, and all that was told, of the rows that were made for those ids."""
    cursor = await c.execute(
        _RENAME, {"server": server, "keys": list(renames), "ids": list(renames.values())}
    )
    return cursor.rowcount


_MOST = 8
_SAME_LENGTH = "coalesce(abs(t.seconds - told.seconds) <= 1, true)"
_SAME_SIZE = "coalesce(t.bytes = told.bytes, true)"

# Equal content proves it; one path of one server names one file; words must fit in every respect.
# `offset 0` has each way use its own index: by its server alone every track would be looked at.
_CANDIDATES = f"""
with told as (
    select number, content_key, path, bytes, seconds, title, fold(words) as words, place, disc
      from jsonb_to_recordset(%(told)s)
           as told (number integer, content_key text, path text, bytes bigint, seconds real, title text,
                    words text, place integer, disc integer)
)
select told.number, found.key, found.track_id, found.recording_id, found.content_key, found.evidence
  from told cross join lateral (
    select key, track_id, recording_id, content_key,
           (array['content', 'path', 'words'])[min(rank)] as evidence, min(rank) as rank, alike
      from (
        select t.id as key, t.server_track_id as track_id, t.recording_id, t.content_key, 1 as rank,
               (t.path is not distinct from told.path)::int + (t.title = told.title)::int as alike
          from (select * from tracks where content_key = told.content_key offset 0) t
         where t.server_id = %(server)s and (t.missing_since is null or t.excluded)
        union all
        select t.id, t.server_track_id, t.recording_id, t.content_key, 2, (t.title = told.title)::int
          from (select * from tracks where path = told.path offset 0) t
         where t.server_id = %(server)s and {_SAME_SIZE} and {_SAME_LENGTH}
           and (t.missing_since is null or t.excluded)
        union all
        select t.id, t.server_track_id, t.recording_id, t.content_key, 3, 0
          from (select * from tracks where search = told.words offset 0) t
         where t.server_id = %(server)s and t.artist is not null
           and t.album is not null and t.track_number is not distinct from told.place
           and t.disc_number is not distinct from told.disc and {_SAME_SIZE}
           and abs(t.seconds - told.seconds) <= 1
           and coalesce(t.content_key = told.content_key, true)
           and (t.missing_since is null or t.excluded)
      ) every_way
     group by key, track_id, recording_id, content_key, alike
     order by rank, alike desc, key limit %(most)s
  ) found
 order by told.number, found.rank, found.alike desc, found.key
"""

_ARRIVED = """
with pairs as (
    select distinct on (new.id) new.id as made, lost.id as key, new.server_track_id
      from (select id, content_key from tracks where id = any(%(lost)s) and content_key is not null) lost
           cross join lateral (select * from tracks where content_key = lost.content_key offset 0) new
     where new.server_id = %(server)s and new.created_at > %(since)s and new.id <> all(%(all_lost)s)
       and (new.missing_since is null or new.excluded)
     order by new.id, lost.id
)
select distinct on (key) key, server_track_id from pairs order by key, made
"""

# The row of the new id goes first: an id stands in one row.
_RENAME = """
with renamed as (
    select * from unnest(%(keys)s::bigint[], %(ids)s::text[]) as pair (key, track_id)
), made as (
    delete from tracks t using renamed
     where t.server_id = %(server)s and t.server_track_id = renamed.track_id and t.id <> renamed.key
    returning renamed.key, t.*
)
update tracks t
   set server_track_id = made.server_track_id, recording_id = made.recording_id, revision = made.revision,
       title = made.title, artist = made.artist, album_artist = made.album_artist, album = made.album,
       track_number = made.track_number, disc_number = made.disc_number, year = made.year,
       genres = made.genres, seconds = made.seconds, bytes = made.bytes, format = made.format,
       path = made.path, library = made.library, musicbrainz_recording = made.musicbrainz_recording,
       content_key = made.content_key, added_at = made.added_at, missing_since = made.missing_since,
       excluded = made.excluded, updated_at = clock_timestamp()
  from made where t.id = made.key
"""
