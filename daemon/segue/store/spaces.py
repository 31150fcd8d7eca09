"""Spaces: ways to make vectors. Several live side by side; one serves."""

from dataclasses import dataclass

from psycopg.rows import class_row

from segue.model import SpaceId
from segue.store.pool import Connection

__all__ = ["RAW", "Space", "live", "lock_shared", "serving"]

RAW = "musicnn-raw"
"""The network's own embedding: never projected, always kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Space:
    """One space; `projected` ones are made from pooled features, the others from the network."""

    id: SpaceId
    name: str
    dimensions: int
    serving: bool
    projected: bool


async def serving(c: Connection) -> Space | None:
    """The space that answers queries now."""
    async with c.cursor(row_factory=class_row(Space)) as cursor:
        await cursor.execute(f"{_SELECT} where serving")
        return await cursor.fetchone()


async def live(c: Connection) -> list[Space]:
    """Every space that a new analysis must get a vector in."""
    async with c.cursor(row_factory=class_row(Space)) as cursor:
        await cursor.execute(f"{_SELECT} order by id")
        return await cursor.fetchall()


async def lock_shared(c: Connection) -> None:
    """Until the transaction ends no space comes or goes."""
    await c.execute("select pg_advisory_xact_lock_shared(hashtextextended('spaces', 0))")


_SELECT = "select id, name, dimensions, serving, projection is not null as projected from spaces"
