"""How far a follower has read a table whose rows carry the transaction that wrote them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from psycopg.rows import tuple_row

from segue.store.pool import Connection

__all__ = ["Position", "advanced", "horizon", "position"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """How far a follower has read: all below `horizon`, and beyond it what is in `ahead`.

    `ahead` tells the transaction of each change number.
    """

    horizon: int
    ahead: Mapping[int, int] = field(default_factory=dict)


async def position(c: Connection) -> Position:
    """Where a follower stands that reads everything after asking this."""
    return Position(horizon=await horizon(c))


async def horizon(c: Connection) -> int:
    """The oldest transaction that still runs; to be asked before the rows are read."""
    async with c.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute("select pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
        row = await cursor.fetchone()
        assert row is not None
        return int(row[0])


def advanced(since: Position, oldest: int, read: Mapping[int, int], *, is_all: bool) -> Position:
    """Where a follower stands that read these changes, in the order of their transactions."""
    reached = oldest if is_all else min(oldest, max(read.values()))
    ahead = {change: tx for change, tx in {**since.ahead, **read}.items() if tx >= reached}
    return Position(horizon=reached, ahead=ahead)
