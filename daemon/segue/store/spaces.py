"""Spaces: ways to make vectors. Several live side by side; one serves."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row, scalar_row

from segue.model import SpaceId
from segue.store.pool import Connection

__all__ = [
    "RAW",
    "Space",
    "add_model",
    "create",
    "drop_idle",
    "exclusive",
    "live",
    "lock_shared",
    "named",
    "projection",
    "serve",
    "serving",
    "vacant",
]

RAW = "musicnn-raw"
"""The network's own embedding: never projected, always kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Space:
    """One space; `projected` ones are made from pooled features, the others from the network.

    `fitted_on` counts the recordings a projection was fitted on; None for one that was shipped.
    """

    id: SpaceId
    name: str
    dimensions: int
    serving: bool
    projected: bool
    fitted_on: int | None
    created_at: datetime


async def serving(c: Connection) -> Space | None:
    """The space that answers queries now."""
    async with c.cursor(row_factory=class_row(Space)) as cursor:
        await cursor.execute(_SELECT + " where serving")
        return await cursor.fetchone()


async def live(c: Connection) -> list[Space]:
    """Every space that a new analysis must get a vector in."""
    async with c.cursor(row_factory=class_row(Space)) as cursor:
        await cursor.execute(_SELECT + " order by id")
        return await cursor.fetchall()


async def projection(c: Connection, space: SpaceId) -> bytes | None:
    """How this space's vectors are made from pooled features; None if they are not, or it is gone."""
    async with c.cursor(row_factory=scalar_row) as cursor:
        await cursor.execute("select projection from spaces where id = %s", (space,))
        found: bytes | None = await cursor.fetchone()
        return found


async def create(
    c: Connection, name: str, dimensions: int, projection: bytes, *, fitted_on: int | None
) -> SpaceId:
    """A new projected space, not serving: from its commit on, every analysis brings a vector for it."""
    await _lock(c)
    async with c.cursor(row_factory=scalar_row) as cursor:
        await cursor.execute(
            """insert into spaces (name, dimensions, projection, fitted_on)
               values (%s, %s, %s, %s) returning id""",
            (name, dimensions, projection, fitted_on),
        )
        return SpaceId(int(await cursor.fetchone() or 0))


async def add_model(c: Connection, name: str, dimensions: int) -> None:
    """A space whose vectors another model makes; not serving. One that is there already stays."""
    await _lock(c)
    await c.execute(
        "insert into spaces (name, dimensions) values (%s, %s) on conflict (name) do nothing",
        (name, dimensions),
    )


async def named(c: Connection, name: str) -> Space | None:
    """A space by its name."""
    async with c.cursor(row_factory=class_row(Space)) as cursor:
        await cursor.execute(_SELECT + " where name = %s", (name,))
        return await cursor.fetchone()


async def vacant(c: Connection, space: SpaceId) -> int:
    """How many analyses have no vector in a space."""
    async with c.cursor(row_factory=scalar_row) as cursor:
        await cursor.execute(
            """select count(*) from analyses a where not exists (
                      select from embeddings e where e.space_id = %s and e.recording_id = a.recording_id
                         and e.vector is not null)""",
            (space,),
        )
        return int(await cursor.fetchone() or 0)


async def serve(c: Connection, space: SpaceId) -> bool:
    """Let this space answer from the commit on; False while analyses are without a vector in it."""
    await _lock(c)
    if await vacant(c, space):
        return False
    await c.execute("update spaces set serving = false where serving and id <> %s", (space,))
    cursor = await c.execute("update spaces set serving = true where id = %s", (space,))
    return cursor.rowcount == 1


async def drop_idle(c: Connection) -> list[str]:
    """Delete projected spaces that don't serve: what served before, and what was never finished."""
    await _lock(c)
    async with c.cursor(row_factory=scalar_row) as cursor:
        await cursor.execute("delete from spaces where projection is not null and not serving returning name")
        return list(await cursor.fetchall())


async def lock_shared(c: Connection) -> None:
    """Until the transaction ends no space comes, goes or takes over."""
    await c.execute("select pg_advisory_xact_lock_shared(hashtextextended('spaces', 0))")


@asynccontextmanager
async def exclusive(c: Connection) -> AsyncIterator[bool]:
    """Whether this is the only process that makes spaces, for as long as the block lasts."""
    async with c.cursor(row_factory=scalar_row) as cursor:
        await cursor.execute("select pg_try_advisory_lock(hashtextextended('making spaces', 0))")
        mine = bool(await cursor.fetchone())
    await c.commit()
    try:
        yield mine
    finally:
        if mine:
            await c.execute("select pg_advisory_unlock(hashtextextended('making spaces', 0))")
            await c.commit()


_SELECT = """
select id, name, dimensions, serving, projection is not null as projected, fitted_on,
       created_at from spaces"""


async def _lock(c: Connection) -> None:
    await c.execute("select pg_advisory_xact_lock(hashtextextended('spaces', 0))")
