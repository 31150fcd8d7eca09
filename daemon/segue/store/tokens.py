"""Bearer tokens of the admin API: names, scopes and hashes, never the tokens themselves."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row

from segue.store.pool import Connection

__all__ = ["Token", "by_lookup", "create", "exclusively", "get", "has_admin", "list_", "revoke", "used"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """One row of tokens; `lookup` is the public half that finds it."""

    id: int
    name: str
    lookup: str
    secret_hash: str
    scopes: frozenset[str]
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None

    def __post_init__(self) -> None:
        object.__setattr__(self, "scopes", frozenset(self.scopes))


async def create(
    c: Connection, *, name: str, lookup: str, secret_hash: str, scopes: Collection[str]
) -> Token | None:
    """Add a token; None when a valid one has this name already."""
    cursor = c.cursor(row_factory=class_row(Token))
    await cursor.execute(
        _CREATE, {"name": name, "lookup": lookup, "hash": secret_hash, "scopes": sorted(scopes)}
    )
    return await cursor.fetchone()


async def get(c: Connection, token: int) -> Token | None:
    cursor = c.cursor(row_factory=class_row(Token))
    await cursor.execute(_SELECT + "where id = %s", [token])
    return await cursor.fetchone()


async def by_lookup(c: Connection, lookup: str) -> Token | None:
    """The token with this public half, revoked or not."""
    cursor = c.cursor(row_factory=class_row(Token))
    await cursor.execute(_SELECT + "where lookup = %s", [lookup])
    return await cursor.fetchone()


async def list_(c: Connection, *, before: int | None = None, limit: int = 50) -> Sequence[Token]:
    """Newest first, without revoked ones; `before` is the last id of the page before."""
    cursor = c.cursor(row_factory=class_row(Token))
    await cursor.execute(_LIST, {"before": before, "limit": limit})
    return await cursor.fetchall()


async def has_admin(c: Connection) -> bool:
    """Whether anybody holds a valid token with every right."""
    cursor = await c.execute(
        "select 1 from tokens where revoked_at is null and 'admin' = any(scopes) limit 1"
    )
    return await cursor.fetchone() is not None


async def revoke(c: Connection, token: int) -> bool:
    """End a token for good; False when there is no valid one with this id."""
    cursor = await c.execute(
        "update tokens set revoked_at = now() where id = %s and revoked_at is null", [token]
    )
    return cursor.rowcount == 1


async def used(c: Connection, token: int) -> None:
    """Note that it was used, once a minute at most."""
    await c.execute(_USED, [token])


async def exclusively(c: Connection) -> None:
    """Let no other process add or change tokens until this transaction ends."""
    await c.execute("lock table tokens in share row exclusive mode")


_COLUMNS = "id, name, lookup, secret_hash, scopes, created_at, last_used_at, revoked_at"
_SELECT = f"select {_COLUMNS} from tokens "

_CREATE = f"""
insert into tokens (name, lookup, secret_hash, scopes)
values (%(name)s, %(lookup)s, %(hash)s, %(scopes)s)
on conflict (name) where revoked_at is null do nothing
returning {_COLUMNS}
"""

_LIST = (
    _SELECT
    + """
where revoked_at is null and (%(before)s::bigint is null or id < %(before)s)
order by id desc limit %(limit)s
"""
)

_USED = """
update tokens set last_used_at = now()
where id = %s and (last_used_at is null or last_used_at < now() - interval '1 minute')
"""
