"""Plays: when people last played a recording, as their servers tell it."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from psycopg.rows import scalar_row
from psycopg.types.json import Jsonb

from segue.model import RecordingId, ServerKey, TrackId, UserId
from segue.store.pool import Connection

__all__ = ["Played", "note_reading", "put", "read_at", "since"]


class Played(NamedTuple):
    """A user's last play of a track."""

    track: TrackId
    at: datetime
    times: int


async def put(c: Connection, server: ServerKey, user: UserId, plays: Sequence[Played]) -> int:
    """Keep what is newer than what is known; tracks that are not known are passed over."""
    rows = [{"track": one.track, "at": one.at.isoformat(), "times": one.times} for one in plays]
    cursor = await c.execute(_PUT, {"server": server, "user": user, "rows": Jsonb(rows)})
    return cursor.rowcount


async def read_at(c: Connection, server: ServerKey, user: UserId) -> datetime | None:
    """When this user's history was last read."""
    async with c.cursor(row_factory=scalar_row) as cursor:
        await cursor.execute(
            "select read_at from play_readings where server_id = %s and server_user = %s", (server, user)
        )
        moment: datetime | None = await cursor.fetchone()
        return moment


async def note_reading(c: Connection, server: ServerKey, user: UserId, name: str, at: datetime) -> None:
    """This user's history was read up to a moment."""
    await c.execute(
        """insert into play_readings as r (server_id, server_user, user_name, read_at)
           values (%s, %s, %s, %s)
           on conflict (server_id, server_user) do update
           set user_name = excluded.user_name, read_at = greatest(r.read_at, excluded.read_at)""",
        (server, user, name, at),
    )


async def since(
    c: Connection, moment: datetime, *, server: ServerKey | None = None, user: str | None = None
) -> list[RecordingId]:
    """What was played since, by anybody or by one user, named as the server names them or by id."""
    async with c.cursor(row_factory=scalar_row, binary=True) as cursor:
        await cursor.execute(_SINCE, {"moment": moment, "server": server, "user": user})
        return [RecordingId(recording) for recording in await cursor.fetchall()]


# Two tracks of a server may play one recording.
_PUT = """
insert into plays as p (server_id, server_user, recording_id, played_at, count)
select %(server)s, %(user)s, t.recording_id, max(new.at), sum(new.times)
  from jsonb_to_recordset(%(rows)s) as new (track text, at timestamptz, times integer)
       join tracks t on t.server_id = %(server)s and t.server_track_id = new.track
 group by t.recording_id order by t.recording_id
on conflict (server_id, server_user, recording_id)
do update set played_at = excluded.played_at, count = greatest(p.count, excluded.count)
 where p.played_at < excluded.played_at
"""
_SINCE = """
select distinct p.recording_id from plays p
 where p.played_at >= %(moment)s and (%(server)s::bigint is null or p.server_id = %(server)s)
   and (%(user)s::text is null or exists (
        select from play_readings r where r.server_id = p.server_id and r.server_user = p.server_user
           and %(user)s in (r.server_user, r.user_name)))
"""
