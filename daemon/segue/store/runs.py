"""Runs: long pieces of work that a person can watch and cancel.

Whoever works on a run holds its lease under a token of its own; everything it writes is
conditional on still holding it, so a cancel or a lost lease ends its say at once. A run without
a lease (`owner=None`) is shared by all workers and ends when its rows do.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from psycopg.rows import class_row, scalar_row
from psycopg.sql import SQL
from psycopg.types.json import Jsonb

from segue.model import FINISHED_STATES, RunId, RunState, ServerKey
from segue.store import recordings
from segue.store.pool import Connection

__all__ = [
    "MAX_ATTEMPTS",
    "LogLine",
    "ParentFinishedError",
    "Run",
    "cancel",
    "children",
    "claim",
    "create",
    "fail",
    "get",
    "hasten",
    "held",
    "hold",
    "list_",
    "log",
    "log_after",
    "next_look",
    "postpone",
    "progress",
    "purge",
    "release",
    "release_all",
    "renew",
    "succeed",
    "unfinished_by_kind",
]

MAX_ATTEMPTS = 5

Level = Literal["info", "warning", "error"]


class ParentFinishedError(Exception):
    """A finished or cancelled run gets no more children."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One row of runs."""

    id: RunId
    kind: str
    parent_id: RunId | None
    server_id: ServerKey | None
    schedule_id: int | None
    due_at: datetime | None
    arguments: Mapping[str, Any]
    state: RunState
    done: int
    failed: int
    total: int | None
    message: str
    attempts: int
    not_before: datetime | None
    lease_owner: str | None
    lease_until: datetime | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    updated_at: datetime

    def __post_init__(self) -> None:
        object.__setattr__(self, "state", RunState(self.state))

    @property
    def finished(self) -> bool:
        return self.state in FINISHED_STATES

    @property
    def percent(self) -> float | None:
        """0 to 100; None while nobody knows how much there is to do."""
        if self.state is RunState.SUCCESS:
            return 100.0
        if not self.total:
            return None
        return min(100.0, 100.0 * (self.done + self.failed) / self.total)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """One line of a run's log."""

    id: int
    at: datetime
    level: Level
    line: str


async def create(
    c: Connection,
    kind: str,
    *,
    parent: RunId | None = None,
    server: ServerKey | None = None,
    total: int | None = None,
    arguments: Mapping[str, Any] | None = None,
    seconds: float = 0,
) -> RunId:
    """Want a run, in some seconds; one that is wanted already and not yet begun is returned instead."""
    if parent is not None:
        await _hold_open(c, parent)
    values = {
        "kind": kind,
        "parent": parent,
        "server": server,
        "total": total,
        "arguments": Jsonb(dict(arguments or {})),
        "seconds": seconds,
    }
    while True:  # an equal one may begin between our looks, then ours is needed
        for statement in (_HASTEN, _CREATE, _EQUAL):
            cursor = c.cursor(row_factory=scalar_row)
            await cursor.execute(statement, values)
            run = await cursor.fetchone()
            if run is not None:
                return RunId(run)


async def claim(c: Connection, kinds: Collection[str], *, owner: str, seconds: float) -> Run | None:
    """Take the oldest run that nobody works on, also one whose worker went silent.

    Of one server only the oldest unfinished run of a kind is taken; one that was begun too
    often without an end becomes a FAILURE.
    """
    values = {"kinds": list(kinds), "owner": owner, "seconds": seconds, "most": MAX_ATTEMPTS}
    await c.execute(_GIVE_UP, values)
    cursor = c.cursor(row_factory=class_row(Run))
    await cursor.execute(_CLAIM, values)
    return await cursor.fetchone()


async def renew(c: Connection, owners: Collection[str], *, seconds: float) -> set[str]:
    """Lengthen these leases; the owners that are missing from the answer have lost theirs."""
    cursor = c.cursor(row_factory=scalar_row)
    await cursor.execute(_RENEW, {"owners": list(owners), "seconds": seconds})
    return set(await cursor.fetchall())


async def held(c: Connection, owners: Collection[str]) -> set[str]:
    """Which of these owners still hold their lease."""
    cursor = c.cursor(row_factory=scalar_row)
    await cursor.execute("select lease_owner from runs where lease_owner = any(%s)", [list(owners)])
    return set(await cursor.fetchall())


async def progress(
    c: Connection,
    run: RunId,
    owner: str | None,
    *,
    done: int = 0,
    failed: int = 0,
    total: int | None = None,
    message: str | None = None,
) -> bool:
    """Add to what is done; False when the run is no longer ours: then stop."""
    cursor = await c.execute(
        _PROGRESS,
        {"run": run, "owner": owner, "done": done, "failed": failed, "total": total, "message": message},
    )
    return cursor.rowcount == 1


async def succeed(c: Connection, run: RunId, owner: str | None, *, message: str | None = None) -> bool:
    """End well; False when the run is no longer ours."""
    return await _finish(c, run, owner, RunState.SUCCESS, message)


async def fail(c: Connection, run: RunId, owner: str | None, reason: str) -> bool:
    """End badly, with a sentence; False when the run is no longer ours."""
    ended = await _finish(c, run, owner, RunState.FAILURE, reason)
    if ended:
        await c.execute(_LOG_END, {"run": run, "level": "error", "line": reason})
    return ended


async def postpone(c: Connection, run: RunId, owner: str, *, seconds: float, reason: str) -> bool:
    """Give the run back, to be begun again not before some seconds have passed."""
    cursor = await c.execute(
        _POSTPONE, {"run": run, "owner": owner, "seconds": seconds, "reason": reason, "attempts": 0}
    )
    return cursor.rowcount == 1


async def release(c: Connection, run: RunId, owner: str, *, seconds: float = 0) -> bool:
    """Give the run back unharmed, for some seconds or at once: this was no attempt."""
    cursor = await c.execute(
        _POSTPONE, {"run": run, "owner": owner, "seconds": seconds, "reason": None, "attempts": 1}
    )
    return cursor.rowcount == 1


async def hold(c: Connection, run: RunId) -> bool:
    """Keep a run from changing until the transaction ends; False when it is over."""
    cursor = await c.execute("select 1 from runs where id = %s and finished_at is null for update", [run])
    return await cursor.fetchone() is not None


async def hasten(c: Connection, run: RunId) -> None:
    """What waits for its time may be taken at once."""
    await c.execute(
        "update runs set not_before = null where id = %s and lease_owner is null and finished_at is null",
        [run],
    )


async def release_all(c: Connection, kind: str, identity: str) -> int:
    """Give back everything of a kind that a process holds whose leases begin with its identity."""
    return (await c.execute(_RELEASE_ALL, {"kind": kind, "identity": identity})).rowcount


async def cancel(c: Connection, run: RunId) -> int:
    """Revoke a run and all below it; 0 when it was finished already.

    Cancelling the hearing also takes back what is still wanted to be heard.
    """
    cursor = await c.execute("select finished_at is null from runs where id = %s for update", [run])
    row = await cursor.fetchone()
    if row is None or not row[0]:
        return 0
    revoked: list[str] = []
    while kinds := await _revoke(c, run):  # a child made while we waited shows in the next look
        revoked += kinds
    if "analyse" in revoked:
        await recordings.unwant_all(c)
    return len(revoked)


async def log(c: Connection, run: RunId, level: Level, line: str) -> bool:
    """Add a line; a finished run takes none."""
    cursor = await c.execute(_LOG, {"run": run, "level": level, "line": line})
    return cursor.rowcount == 1


async def get(c: Connection, run: RunId) -> Run | None:
    cursor = c.cursor(row_factory=class_row(Run))
    await cursor.execute(_GET, [run])
    return await cursor.fetchone()


async def list_(
    c: Connection,
    *,
    kind: str | None = None,
    state: RunState | None = None,
    unfinished: bool = False,
    whole: bool = False,
    before: RunId | None = None,
    limit: int = 50,
) -> Sequence[Run]:
    """Newest first, `whole` ones are no part of others; `before` is the last id of the page before."""
    cursor = c.cursor(row_factory=class_row(Run))
    await cursor.execute(
        _LIST,
        {
            "kind": kind,
            "state": None if state is None else state.value,
            "unfinished": unfinished,
            "whole": whole,
            "before": before,
            "limit": limit,
        },
    )
    return await cursor.fetchall()


async def children(c: Connection, run: RunId) -> Sequence[Run]:
    """The runs directly below this one, oldest first."""
    cursor = c.cursor(row_factory=class_row(Run))
    await cursor.execute(_CHILDREN, [run])
    return await cursor.fetchall()


async def log_after(c: Connection, run: RunId, after_id: int = 0, *, limit: int = 1000) -> Sequence[LogLine]:
    """The log's lines past the one seen last."""
    cursor = c.cursor(row_factory=class_row(LogLine))
    await cursor.execute(
        "select id, at, level, line from run_log where run_id = %s and id > %s order by id limit %s",
        [run, after_id, limit],
    )
    return await cursor.fetchall()


async def purge(c: Connection, *, days: float, most: int) -> int:
    """Forget runs that ended so long ago, and all but the newest, each with the runs below it."""
    return (await c.execute(_PURGE, {"days": days, "most": most})).rowcount


async def unfinished_by_kind(c: Connection) -> Mapping[str, int]:
    """How many runs of each kind have not ended."""
    cursor = await c.execute("select kind, count(*) from runs where finished_at is null group by kind")
    return {kind: count async for kind, count in cursor}


async def next_look(c: Connection, kinds: Collection[str]) -> float | None:
    """Seconds until an unfinished run of these kinds can be claimed; None when there is none."""
    cursor = c.cursor(row_factory=scalar_row)
    await cursor.execute(_NEXT_LOOK, [list(kinds)])
    seconds = await cursor.fetchone()
    return None if seconds is None else max(0.0, float(seconds))


async def _revoke(c: Connection, run: RunId) -> list[str]:
    cursor = c.cursor(row_factory=scalar_row)
    await cursor.execute(_CANCEL, [run])
    return await cursor.fetchall()


async def _hold_open(c: Connection, parent: RunId) -> None:
    """Keep the parent from being finished or cancelled until our child is committed."""
    cursor = await c.execute("select 1 from runs where id = %s and finished_at is null for share", [parent])
    if await cursor.fetchone() is None:
        raise ParentFinishedError(f"Run {parent} is finished and takes no more work.")


async def _finish(c: Connection, run: RunId, owner: str | None, state: RunState, message: str | None) -> bool:
    cursor = await c.execute(_FINISH, {"run": run, "owner": owner, "state": state.value, "message": message})
    return cursor.rowcount == 1


_COLUMNS = SQL("""
    id, kind, parent_id, server_id, schedule_id, due_at, arguments, state, done, failed, total, message,
    attempts, not_before, lease_owner, lease_until, created_at, started_at, finished_at, updated_at
""")

_GET = SQL("select {} from runs where id = %s").format(_COLUMNS)
_CHILDREN = SQL("select {} from runs where parent_id = %s order by id").format(_COLUMNS)

# One that was begun and waits after a fault: being wanted again is a reason to try at once.
_HASTEN = """
update runs set not_before = null
where kind = %(kind)s and server_id = %(server)s and finished_at is null and state <> 'PENDING'
    and lease_owner is null and not_before is not null
returning id
"""

_CREATE = """
insert into runs (kind, parent_id, server_id, total, arguments, not_before)
values (%(kind)s, %(parent)s, %(server)s, %(total)s, %(arguments)s,
    case when %(seconds)s > 0 then now() + make_interval(secs => %(seconds)s) end)
on conflict do nothing
returning id
"""

_EQUAL = """
select id from runs
where kind = %(kind)s and server_id is not distinct from %(server)s and finished_at is null
    and (state = 'PENDING' or kind = 'analyse')
order by id desc limit 1
"""

_GIVE_UP = """
with lost as (
    select id from runs
    where kind = any(%(kinds)s) and finished_at is null and attempts >= %(most)s
        and (lease_until is null or lease_until < now())
        and (not_before is null or not_before <= now())
    for update skip locked
), ended as (
    update runs set state = 'FAILURE', finished_at = now(), updated_at = now(),
        lease_owner = null, lease_until = null,
        message = case when message = '' then '' else message || ' ' end
            || 'Given up after ' || attempts || ' attempts.'
    from lost where runs.id = lost.id
    returning runs.id, message
)
insert into run_log (run_id, level, line) select id, 'error', message from ended
"""

_CLAIM = SQL("""
with next as (
    select id from runs
    where kind = any(%(kinds)s) and finished_at is null
        and (lease_until is null or lease_until < now())
        and (not_before is null or not_before <= now())
        and not exists (
            select from runs older
            where older.kind = runs.kind and older.server_id = runs.server_id
                and older.finished_at is null and older.id < runs.id)
    order by id limit 1
    for update skip locked
)
update runs set
    state = case state when 'PENDING' then 'STARTED' else state end,
    attempts = attempts + 1,
    not_before = null,
    lease_owner = %(owner)s,
    lease_until = now() + make_interval(secs => %(seconds)s),
    started_at = coalesce(started_at, now()),
    updated_at = now()
where id = (select id from next)
returning {}
""").format(_COLUMNS)

_RENEW = """
update runs set lease_until = now() + make_interval(secs => %(seconds)s)
where lease_owner = any(%(owners)s) and finished_at is null
returning lease_owner
"""

_PROGRESS = """
update runs set
    state = 'PROGRESS',
    done = done + %(done)s,
    failed = failed + %(failed)s,
    total = coalesce(%(total)s, total),
    message = coalesce(%(message)s, message),
    started_at = coalesce(started_at, now()),
    updated_at = now()
where id = %(run)s and lease_owner is not distinct from %(owner)s and finished_at is null
"""

_FINISH = """
update runs set
    state = %(state)s,
    message = coalesce(%(message)s, message),
    lease_owner = null,
    lease_until = null,
    not_before = null,
    started_at = coalesce(started_at, now()),
    finished_at = now(),
    updated_at = now()
where id = %(run)s and lease_owner is not distinct from %(owner)s and finished_at is null
"""

_POSTPONE = """
update runs set
    lease_owner = null,
    lease_until = null,
    attempts = attempts - %(attempts)s,
    not_before = now() + make_interval(secs => %(seconds)s),
    message = coalesce(%(reason)s, message),
    updated_at = now()
where id = %(run)s and lease_owner = %(owner)s and finished_at is null
"""

_RELEASE_ALL = """
update runs set lease_owner = null, lease_until = null, attempts = attempts - 1, updated_at = now()
where lease_owner is not null and starts_with(lease_owner, %(identity)s || '/') and kind = %(kind)s
    and finished_at is null
"""

# Rows are locked from parent to child, as everybody does, so two cancels cannot wait for each other.
_CANCEL = """
with recursive tree as (
    select id from runs where id = %s
    union all
    select runs.id from runs join tree on runs.parent_id = tree.id
), open as (
    select runs.id from runs join tree using (id) where finished_at is null order by id for update of runs
)
update runs set state = 'REVOKED', finished_at = now(), updated_at = now(),
    lease_owner = null, lease_until = null, not_before = null
where id in (select id from open)
returning kind
"""

_LOG = """
insert into run_log (run_id, level, line)
select id, %(level)s, %(line)s from runs where id = %(run)s and finished_at is null for share
"""
_LOG_END = "insert into run_log (run_id, level, line) values (%(run)s, %(level)s, %(line)s)"

_LIST = SQL("""
select {} from runs
where (%(kind)s::text is null or kind = %(kind)s)
    and (%(state)s::text is null or state = %(state)s)
    and (not %(unfinished)s or finished_at is null)
    and (not %(whole)s or parent_id is null)
    and (%(before)s::bigint is null or id < %(before)s)
order by id desc limit %(limit)s
""").format(_COLUMNS)

_NEXT_LOOK = """
select extract(epoch from min(greatest(not_before, lease_until, now())) - now())
from runs where kind = any(%s) and finished_at is null
    and not exists (
        select from runs older
        where older.kind = runs.kind and older.server_id = runs.server_id
            and older.finished_at is null and older.id < runs.id)
"""

# A run below another goes with it, and so keeps it while it is unfinished.
_PURGE = """
delete from runs where id in (
    select id from runs
    where finished_at is not null and parent_id is null
        and (finished_at < now() - make_interval(secs => %(days)s * 86400)
            or id <= (select id from runs where finished_at is not null and parent_id is null
                order by id desc offset %(most)s limit 1))
        and not exists (select from runs child where child.parent_id = runs.id and child.finished_at is null)
    order by id limit 5000)
"""
