"""Servers: what is connected, in which state, and who listens to its feed."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from psycopg.rows import class_row, scalar_row

from segue.model import ServerKey
from segue.store.pool import Connection

__all__ = [
    "Server",
    "ServerState",
    "Summary",
    "by_name",
    "claim_feed",
    "get",
    "insert",
    "list_",
    "now",
    "reconfigure",
    "release_feed",
    "remove",
    "set_hook_secret",
    "set_product",
    "set_state",
    "set_withdrawn",
    "summaries",
    "walk_doubted",
    "walk_ended",
    "walk_pause",
]


class ServerState(StrEnum):
    """new: never reached · lost: nobody need act · refused, broken: the operator must."""

    NEW = "new"
    CONNECTED = "connected"
    LOST = "lost"
    REFUSED = "refused"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """One row of servers; `withdrawn`: the settings no longer name it, so it is left alone."""

    id: ServerKey
    name: str
    kind: str
    origin: str
    config_sealed: bytes
    hook_secret_sealed: bytes
    state: ServerState
    state_since: datetime
    fault_in: str | None
    last_error: str | None
    product: str | None
    product_version: str | None
    last_walk_at: datetime | None
    last_walk_ended_at: datetime | None
    loss_doubted_at: datetime | None
    loss_doubted: int | None
    feed_owner: str | None
    feed_until: datetime | None
    withdrawn: bool
    only_libraries: tuple[str, ...]
    exclude_paths: tuple[str, ...]
    exclude_genres: tuple[str, ...]
    created_at: datetime

    def __post_init__(self) -> None:
        object.__setattr__(self, "state", ServerState(self.state))
        for name in ("only_libraries", "exclude_paths", "exclude_genres"):
            object.__setattr__(self, name, tuple(getattr(self, name)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """How many tracks of a server are present, missing, excluded, heard, and could not be heard."""

    server: ServerKey
    tracks: int
    missing: int
    excluded: int
    heard: int
    failed: int


async def list_(c: Connection) -> list[Server]:
    """All servers by name."""
    async with c.cursor(row_factory=class_row(Server)) as cursor:
        await cursor.execute(_SELECT + "order by name")
        return await cursor.fetchall()


async def get(c: Connection, server: ServerKey) -> Server | None:
    async with c.cursor(row_factory=class_row(Server)) as cursor:
        await cursor.execute(_SELECT + "where id = %s", (server,))
        return await cursor.fetchone()


async def by_name(c: Connection, name: str) -> Server | None:
    async with c.cursor(row_factory=class_row(Server)) as cursor:
        await cursor.execute(_SELECT + "where name = %s", (name,))
        return await cursor.fetchone()


async def summaries(c: Connection, server: ServerKey | None = None) -> list[Summary]:
    """Counts of every server, or of one."""
    async with c.cursor(row_factory=class_row(Summary)) as cursor:
        await cursor.execute(_SUMMARIES, {"server": server})
        return await cursor.fetchall()


async def insert(
    c: Connection, *, name: str, kind: str, origin: str, config_sealed: bytes, hook_secret_sealed: bytes
) -> Server | None:
    """A new server; None when the name is taken."""
    async with c.cursor(row_factory=class_row(Server)) as cursor:
        await cursor.execute(
            """insert into servers (name, kind, origin, config_sealed, hook_secret_sealed)
               values (%s, %s, %s, %s, %s) on conflict (name) do nothing returning """
            + _COLUMNS,
            (name, kind, origin, config_sealed, hook_secret_sealed),
        )
        return await cursor.fetchone()


async def reconfigure(
    c: Connection, server: ServerKey, *, kind: str, origin: str, config_sealed: bytes
) -> bool:
    """Other settings for a server: what is known of its state is void."""
    cursor = await c.execute(
        """update servers set kind = %s, origin = %s, config_sealed = %s, withdrawn = false,
                  state = 'new', state_since = now(), last_error = null, fault_in = null,
                  product = null, product_version = null
            where id = %s""",
        (kind, origin, config_sealed, server),
    )
    return cursor.rowcount == 1


async def set_hook_secret(c: Connection, server: ServerKey, sealed: bytes) -> bool:
    """What its webhooks must present from now on."""
    cursor = await c.execute("update servers set hook_secret_sealed = %s where id = %s", (sealed, server))
    return cursor.rowcount == 1


async def set_withdrawn(c: Connection, server: ServerKey, withdrawn: bool) -> bool:
    """Whether the settings still name it; True when that is news."""
    cursor = await c.execute(
        "update servers set withdrawn = %s where id = %s and withdrawn <> %s", (withdrawn, server, withdrawn)
    )
    return cursor.rowcount == 1


async def remove(c: Connection, server: ServerKey) -> bool:
    """Forget a server and its tracks; what was heard stays with the recordings."""
    cursor = await c.execute("delete from servers where id = %s", (server,))
    return cursor.rowcount == 1


async def set_state(
    c: Connection, server: ServerKey, state: ServerState, *, error: str | None = None, walking: bool = False
) -> bool:
    """Note how the server is; True when that is another state than before.

    What fails while `walking` a server that can be reached is over only when that succeeds.
    """
    values = {"server": server, "state": state.value, "error": error, "use": "walk" if walking else "reach"}
    async with c.cursor(row_factory=scalar_row) as cursor:
        await cursor.execute(_SET_STATE, values)
        return bool(await cursor.fetchone())


async def set_product(c: Connection, server: ServerKey, product: str, version: str) -> None:
    """Note what the server says of itself."""
    await c.execute(
        """update servers set product = %(product)s, product_version = %(version)s
            where id = %(server)s
              and (product, product_version) is distinct from (%(product)s, %(version)s)""",
        {"server": server, "product": product, "version": version},
    )


async def now(c: Connection) -> datetime:
    """The database's clock, by which all is judged."""
    async with c.cursor(row_factory=scalar_row) as cursor:
        await cursor.execute("select clock_timestamp()")
        moment = await cursor.fetchone()
    assert isinstance(moment, datetime)
    return moment


async def walk_ended(c: Connection, server: ServerKey, began_at: datetime) -> None:
    """A walk ended normally and was believed."""
    await c.execute(
        """update servers set last_walk_at = %s, last_walk_ended_at = clock_timestamp(),
                  loss_doubted_at = null, loss_doubted = null
            where id = %s""",
        (began_at, server),
    )


async def walk_pause(c: Connection, server: ServerKey) -> float:
    """Seconds that the next walk should wait: twice the time that the last one took, counted from its end."""
    async with c.cursor(row_factory=scalar_row) as cursor:
        await cursor.execute(_WALK_PAUSE, {"server": server, "longest": _LONGEST_WALK_PAUSE})
        return float(await cursor.fetchone() or 0.0)


async def walk_doubted(c: Connection, server: ServerKey, *, lost: int) -> None:
    """A walk ended normally but lost so much that a second one must agree."""
    await c.execute(
        "update servers set loss_doubted_at = clock_timestamp(), loss_doubted = %s where id = %s",
        (lost, server),
    )


async def claim_feed(c: Connection, server: ServerKey, owner: str, *, seconds: float) -> bool:
    """Become, or stay, the one process that listens to this server."""
    cursor = await c.execute(
        """update servers set feed_owner = %(owner)s,
                  feed_until = clock_timestamp() + make_interval(secs => %(seconds)s)
            where id = %(server)s
              and (feed_owner is null or feed_owner = %(owner)s or feed_until < clock_timestamp())""",
        {"server": server, "owner": owner, "seconds": seconds},
    )
    return cursor.rowcount == 1


async def release_feed(c: Connection, server: ServerKey, owner: str) -> None:
    """Let another process listen."""
    await c.execute(
        "update servers set feed_owner = null, feed_until = null where id = %s and feed_owner = %s",
        (server, owner),
    )


_LONGEST_WALK_PAUSE = 900.0
_WALK_PAUSE = """
select greatest(0, least(%(longest)s, 2 * extract(epoch from last_walk_ended_at - last_walk_at))
                   - extract(epoch from clock_timestamp() - last_walk_ended_at))
  from servers where id = %(server)s
"""

_COLUMNS = """
    id, name, kind, origin, config_sealed, hook_secret_sealed, state, state_since, fault_in, last_error,
    product, product_version, last_walk_at, last_walk_ended_at, loss_doubted_at, loss_doubted, feed_owner,
    feed_until, withdrawn, only_libraries, exclude_paths, exclude_genres, created_at
"""
_SELECT = "select " + _COLUMNS + " from servers "

_SUMMARIES = """
select s.id as server,
       count(t.id) filter (where t.missing_since is null) as tracks,
       count(t.id) filter (where t.missing_since is not null and not t.excluded) as missing,
       count(t.id) filter (where t.excluded) as excluded,
       count(a.recording_id) filter (where t.missing_since is null) as heard,
       count(r.failure) filter (where t.missing_since is null and r.wanted is null) as failed
  from servers s
       left join tracks t on t.server_id = s.id
       left join recordings r on r.id = t.recording_id
       left join analyses a on a.recording_id = t.recording_id
 where %(server)s::bigint is null or s.id = %(server)s
 group by s.id order by s.name
"""

# The row is locked before it is compared, so of two processes with the same news one tells it.
_SET_STATE = """
with before as (
    select id, state from servers
     where id = %(server)s and (state, last_error) is distinct from (%(state)s, %(error)s)
       and (%(state)s <> 'connected' or %(use)s = 'walk' or fault_in is distinct from 'walk')
       for update
), changed as (
    update servers s
       set state = %(state)s, last_error = %(error)s,
           fault_in = case when %(state)s = 'connected' then null
                           when s.state = %(state)s then s.fault_in else %(use)s end,
           state_since = case when s.state = %(state)s then s.state_since else clock_timestamp() end
      from before where s.id = before.id
)
select before.state <> %(state)s from before
"""
