"""The inbox: single tracks of which a hint came, until they are looked at."""

from collections.abc import Collection, Sequence

from psycopg.rows import scalar_row, tuple_row

from segue.model import ServerKey, TrackId
from segue.store.pool import Connection

__all__ = ["add", "holds", "remove", "take", "waiting"]


async def add(c: Connection, server: ServerKey, tracks: Collection[TrackId]) -> None:
    """Note that these tracks are new or different."""
    await c.execute(
        "insert into inbox (server_id, track_id) select %s, unnest(%s::text[])", (server, list(tracks))
    )


async def holds(c: Connection, server: ServerKey, entries: int) -> bool:
    """Whether so many entries of a server wait already."""
    cursor = await c.execute(
        "select from inbox where server_id = %s order by id offset %s limit 1", (server, entries - 1)
    )
    return cursor.rowcount == 1


async def waiting(c: Connection) -> list[ServerKey]:
    """Servers with something in the inbox, the longest waiting first."""
    async with c.cursor(row_factory=scalar_row) as cursor:
        await cursor.execute("select server_id from inbox group by server_id order by min(id)")
        return [ServerKey(key) for key in await cursor.fetchall()]


async def take(c: Connection, server: ServerKey, *, limit: int) -> tuple[list[int], list[TrackId]]:
    """The oldest entries of a server, which stay until removed, and the tracks they are of."""
    async with c.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute(
            "select id, track_id from inbox where server_id = %s order by id limit %s", (server, limit)
        )
        rows = await cursor.fetchall()
    return [row[0] for row in rows], list(dict.fromkeys(TrackId(row[1]) for row in rows))


async def remove(c: Connection, server: ServerKey, entries: Sequence[int] | None) -> None:
    """These have been looked at; None: a walk will look at everything."""
    await c.execute(
        "delete from inbox where server_id = %s and (%s::bigint[] is null or id = any(%s))",
        (server, entries, entries),
    )
