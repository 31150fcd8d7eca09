"""Rolls: what rules ask about every present track, and the log of its changes for followers.

It is read as embeddings are (see there), so no change is missed in whatever order transactions commit.
"""

from collections.abc import AsyncIterator
from typing import Any, NamedTuple

from psycopg.rows import tuple_row

from segue.model import RecordingId, ServerKey
from segue.store.following import Position, advanced, horizon
from segue.store.pool import Connection

__all__ = ["Change", "Entry", "digest", "follow", "load"]


class Entry(NamedTuple):
    """A present track."""

    key: int
    recording: RecordingId
    server: ServerKey
    title: str
    artist: str | None
    album_artist: str | None
    album: str | None
    genres: list[str]
    seconds: float | None


class Change(NamedTuple):
    """A track as it is now; `entry` is None when it is gone or missing."""

    key: int
    number: int
    tx: int
    entry: Entry | None


async def load(c: Connection, *, page: int = 2000) -> AsyncIterator[list[Entry]]:
    """Every present track, in pages; ask `following.position` first and follow from there."""
    after = 0
    while True:
        async with c.cursor(row_factory=tuple_row, binary=True) as cursor:
            await cursor.execute(_LOAD, (after, page))
            entries = [Entry._make(row) for row in await cursor.fetchall()]
        if entries:
            after = entries[-1].key
            yield entries
        if len(entries) < page:
            return


async def follow(c: Connection, since: Position, *, limit: int = 2000) -> tuple[list[Change], Position]:
    """What changed since, oldest transaction first, and the position then; fewer than `limit`: it is all."""
    oldest = await horizon(c)
    async with c.cursor(row_factory=tuple_row, binary=True) as cursor:
        await cursor.execute(_FOLLOW, (str(since.horizon), list(since.ahead), limit))
        changes = [_change(row) for row in await cursor.fetchall()]
    read = {change.number: change.tx for change in changes}
    return changes, advanced(since, oldest, read, is_all=len(changes) < limit)


async def digest(c: Connection) -> tuple[int, int]:
    """How many tracks are present, and the sum of their keys and recordings."""
    async with c.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute(
            """select count(*), coalesce(sum(id + 3 * recording_id), 0)::bigint
                 from tracks where missing_since is null"""
        )
        row = await cursor.fetchone()
        assert row is not None
        return row[0], row[1]


def _change(row: tuple[Any, ...]) -> Change:
    key, number, tx, *rest = row
    return Change(key, number, tx, Entry(key, *rest) if rest[0] is not None else None)


_COLUMNS = "t.recording_id, t.server_id, t.title, t.artist, t.album_artist, t.album, t.genres, t.seconds"
_LOAD = f"""
select t.id, {_COLUMNS} from tracks t where t.id > %s and t.missing_since is null order by t.id limit %s
"""
_FOLLOW = f"""
select c.track_id, c.change, c.tx::text::bigint, {_COLUMNS}
  from track_changes c left join tracks t on t.id = c.track_id and t.missing_since is null
 where c.tx >= %s::text::xid8
   and not exists (select from unnest(%s::bigint[]) as seen(change) where seen.change = c.change)
 order by c.tx, c.change limit %s
"""
