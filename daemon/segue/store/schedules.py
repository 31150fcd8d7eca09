"""Schedules: when which kind of run shall begin; each due moment begins at most one run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NewType
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError
from psycopg.rows import class_row, scalar_row
from psycopg.sql import SQL
from psycopg.types.json import Jsonb

from segue.model import RunId, ServerKey
from segue.store.pool import Connection

__all__ = [
    "Schedule",
    "ScheduleError",
    "ScheduleId",
    "after",
    "all_",
    "due",
    "fire",
    "get",
    "give_once",
    "next_look",
    "remove",
    "upsert",
]

ScheduleId = NewType("ScheduleId", int)


class ScheduleError(ValueError):
    """This can't be a schedule; a sentence for the person who wrote it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """One row of schedules."""

    id: ScheduleId
    name: str
    kind: str
    server_id: ServerKey | None
    arguments: Mapping[str, Any]
    cron: str
    timezone: str
    enabled: bool
    next_due_at: datetime | None
    last_due_at: datetime | None
    created_at: datetime


def after(cron: str, timezone: str, moment: datetime) -> datetime | None:
    """The first due moment after this one; None when there is none, ScheduleError when it makes no sense."""
    try:
        zone = ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ScheduleError(
            f"There is no time zone {timezone!r}; write for example Europe/Berlin."
        ) from error
    try:
        return next(CronSim(cron, moment.astimezone(zone)), None)
    except CronSimError as error:
        raise ScheduleError(
            f"{cron!r} is no cron expression ({error}); write for example '30 4 * * *' for half past four."
        ) from error


async def upsert(
    c: Connection,
    name: str,
    *,
    kind: str,
    cron: str,
    timezone: str = "UTC",
    server: ServerKey | None = None,
    arguments: Mapping[str, Any] | None = None,
    enabled: bool = True,
) -> Schedule:
    """Make or change the schedule of this name; it is next due after now."""
    cursor = c.cursor(row_factory=class_row(Schedule))
    await cursor.execute(
        _UPSERT,
        {
            "name": name,
            "kind": kind,
            "server": server,
            "arguments": Jsonb(dict(arguments or {})),
            "cron": cron,
            "timezone": timezone,
            "enabled": enabled,
            "next": after(cron, timezone, await _now(c)),
        },
    )
    schedule = await cursor.fetchone()
    assert schedule is not None
    return schedule


async def give_once(c: Connection, name: str, *, kind: str, cron: str) -> bool:
    """Make a schedule that everybody shall have; who changes or removes it has the last word."""
    cursor = await c.execute("insert into given_schedules (name) values (%s) on conflict do nothing", [name])
    if cursor.rowcount == 0 or await get(c, name) is not None:
        return False
    await upsert(c, name, kind=kind, cron=cron)
    return True


async def get(c: Connection, name: str) -> Schedule | None:
    cursor = c.cursor(row_factory=class_row(Schedule))
    await cursor.execute(_GET, [name])
    return await cursor.fetchone()


async def all_(c: Connection) -> Sequence[Schedule]:
    """Every schedule, by name."""
    cursor = c.cursor(row_factory=class_row(Schedule))
    await cursor.execute(_ALL)
    return await cursor.fetchall()


async def remove(c: Connection, name: str) -> bool:
    """Forget a schedule; its runs stay."""
    return (await c.execute("delete from schedules where name = %s", [name])).rowcount == 1


async def due(c: Connection) -> Sequence[Schedule]:
    """The schedules whose moment has come; judged by the database's clock."""
    cursor = c.cursor(row_factory=class_row(Schedule))
    await cursor.execute(_DUE)
    return await cursor.fetchall()


async def fire(c: Connection, schedule: Schedule) -> RunId | None:
    """Begin the run of the schedule's due moment and move on to the next one after now.

    None when another process did so first, or an equal run is wanted already. Moments that
    passed while nobody looked are made up for once.
    """
    moment = schedule.next_due_at
    if moment is None:
        return None
    following = after(schedule.cron, schedule.timezone, max(moment, await _now(c)))
    values = {"id": schedule.id, "due": moment, "next": following}
    if (await c.execute(_ADVANCE, values)).rowcount == 0:
        return None
    cursor = c.cursor(row_factory=scalar_row)
    await cursor.execute(_BEGIN, values)
    run = await cursor.fetchone()
    return None if run is None else RunId(run)


async def next_look(c: Connection) -> float | None:
    """Seconds until the next schedule is due; None when there is none."""
    cursor = c.cursor(row_factory=scalar_row)
    await cursor.execute(
        "select extract(epoch from min(next_due_at) - clock_timestamp()) from schedules where enabled"
    )
    seconds = await cursor.fetchone()
    return None if seconds is None else max(0.0, float(seconds))


async def _now(c: Connection) -> datetime:
    cursor = c.cursor(row_factory=scalar_row)
    await cursor.execute("select clock_timestamp()")
    now = await cursor.fetchone()
    assert isinstance(now, datetime)
    return now.astimezone(UTC)


_COLUMNS = SQL(
    "id, name, kind, server_id, arguments, cron, timezone, enabled, next_due_at, last_due_at, created_at"
)
_GET = SQL("select {} from schedules where name = %s").format(_COLUMNS)
_ALL = SQL("select {} from schedules order by name").format(_COLUMNS)
_DUE = SQL(
    "select {} from schedules where enabled and next_due_at <= clock_timestamp() order by next_due_at, id"
).format(_COLUMNS)

_UPSERT = SQL("""
insert into schedules (name, kind, server_id, arguments, cron, timezone, enabled, next_due_at)
values (%(name)s, %(kind)s, %(server)s, %(arguments)s, %(cron)s, %(timezone)s, %(enabled)s, %(next)s)
on conflict (name) do update set
    kind = excluded.kind,
    server_id = excluded.server_id,
    arguments = excluded.arguments,
    cron = excluded.cron,
    timezone = excluded.timezone,
    enabled = excluded.enabled,
    next_due_at = excluded.next_due_at
returning {}
""").format(_COLUMNS)

# Two processes that see the same due moment wait here for one another; the second finds it changed.
_ADVANCE = """
update schedules set last_due_at = %(due)s, next_due_at = %(next)s
where id = %(id)s and next_due_at = %(due)s and enabled
"""

_BEGIN = """
insert into runs (kind, server_id, arguments, schedule_id, due_at)
select kind, server_id, arguments, id, %(due)s from schedules where id = %(id)s
on conflict do nothing
returning id
"""
