"""Rolls: every present track, and the log of its changes for followers.

It is read as embeddings are (see there), so no change is missed in whatever order transactions commit.
"""

from collections.abc import AsyncIterator
from typing import Any, NamedTuple

from psycopg.rows import tuple_row

from segue.store.following import Position, advanced, horizon
from segue.store.pool import Connection
from segue.store.tracks import TRACK_COLUMNS, TrackRow, track_row

__all__ = ["Change", "digest", "follow", "load"]


class Change(NamedTuple):
    """A track as it is now; `track` is None when it is gone or missing."""

    key: int
    number: int
    tx: int
    track: TrackRow | None


async def load(c: Connection, *, page: int = 2000) -> AsyncIterator[list[TrackRow]]:
    """Every present track, in pages; ask `following.position` first and follow from there."""
    after = 0
    while True:
        async with c.cursor(row_factory=tuple_row, binary=True) as cursor:
            await cursor.execute(_LOAD, (after, page))
            tracks = [track_row(row) for row in await cursor.fetchall()]
        if tracks:
            after = tracks[-1].id
            yield tracks
        if len(tracks) < page:
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
    key, number, tx, *track = row
    return Change(key, number, tx, track_row(track) if track[0] is not None else None)


_LOAD = f"""
select {TRACK_COLUMNS} from tracks t join servers s on s.id = t.server_id
 where t.id > %s and t.missing_since is null order by t.id limit %s
"""
_FOLLOW = f"""
select c.track_id, c.change, c.tx::text::bigint, {TRACK_COLUMNS}
  from track_changes c
  left join (tracks t join servers s on s.id = t.server_id) on t.id = c.track_id and t.missing_since is null
 where c.tx >= %s::text::xid8
   and not exists (select from unnest(%s::bigint[]) as seen(change) where seen.change = c.change)
 order by c.tx, c.change limit %s
"""
