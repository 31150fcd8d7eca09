"""Schedules: when which kind of run shall begin."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from pydantic import Field

from segue.model import ServerKey
from segue.store import schedules
from segue.store.pool import Connection
from segue.store.schedules import Schedule, ScheduleError
from segue.web import reading
from segue.web.context import Call
from segue.web.errors import INVALID, NOT_FOUND, Fault, Refusal
from segue.web.naming import named_server, server_names
from segue.web.routing import Scope, delete, get, put
from segue.web.shapes import Asked, Name, Text, Told

__all__ = ["ROUTES"]

_TAG = "Schedules"
Kind = Literal["walk", "analyse", "recluster"]


class ScheduleReply(Told):
    """When which kind of run begins."""

    name: str
    kind: str
    server: str | None
    cron: str = Field(examples=["30 4 * * *"])
    timezone: str = Field(examples=["Europe/Berlin"])
    enabled: bool
    next_due_at: datetime | None = Field(description="Null when disabled or never again.")
    last_due_at: datetime | None
    created_at: datetime


class ScheduleList(Told):
    """Every schedule, by name."""

    items: tuple[ScheduleReply, ...]


class SchedulePath(Asked):
    """Which schedule."""

    schedule: Name = Field(description="The schedule's name.", examples=["nightly"])


class ScheduleWanted(Asked):
    """How the schedule shall be."""

    kind: Kind = Field(
        description="What begins: a walk of one server, hearing what is unheard, or new groups if enough of "
        "the library has changed."
    )
    server: Name | None = Field(default=None, description="The server that a walk is for.")
    cron: Text = Field(
        description="Minute, hour, day of month, month, day of week, as cron reads them.",
        examples=["30 4 * * *"],
    )
    timezone: Text = Field(default="UTC", description="The time zone of `cron`.", examples=["Europe/Berlin"])
    enabled: bool = True


@get("/api/v1/schedules", tag=_TAG, scope=Scope.READ, summary="List schedules by name")
async def list_schedules(call: Call) -> ScheduleList:
    async with call.context.connection() as c:
        names = await server_names(c)
        found = await schedules.all_(c)
    return ScheduleList(items=tuple(_told(schedule, names) for schedule in found))


@get(
    "/api/v1/schedules/{schedule}",
    tag=_TAG,
    scope=Scope.READ,
    summary="Show one schedule",
    refusals=[NOT_FOUND],
)
async def show_schedule(call: Call, path: SchedulePath) -> ScheduleReply:
    async with call.context.connection() as c:
        names = await server_names(c)
        schedule = await schedules.get(c, path.schedule)
    if schedule is None:
        raise _unknown(path)
    return _told(schedule, names)


@put(
    "/api/v1/schedules/{schedule}",
    tag=_TAG,
    scope=Scope.ADMIN,
    summary="Make or change a schedule",
    refusals=[NOT_FOUND],
)
async def put_schedule(call: Call, path: SchedulePath, body: ScheduleWanted) -> ScheduleReply:
    """It is next due after now; doing the same again changes nothing else."""
    async with call.context.connection() as c:
        names = await server_names(c)
        server = await _server(c, body)
        try:
            schedule = await schedules.upsert(
                c,
                path.schedule,
                kind=body.kind,
                cron=body.cron,
                timezone=body.timezone,
                server=server,
                enabled=body.enabled,
            )
        except ScheduleError as error:
            raise Refusal(INVALID, str(error)) from error
    await call.services.wake("schedules")
    return _told(schedule, names)


@delete(
    "/api/v1/schedules/{schedule}",
    tag=_TAG,
    scope=Scope.ADMIN,
    summary="Remove a schedule",
    refusals=[NOT_FOUND],
)
async def remove_schedule(call: Call, path: SchedulePath) -> None:
    """Runs that it began stay."""
    async with call.context.connection() as c:
        removed = await schedules.remove(c, path.schedule)
    if not removed:
        raise _unknown(path)


async def _server(c: Connection, body: ScheduleWanted) -> ServerKey | None:
    """A walk is for one server, and nothing else is."""
    if (body.kind == "walk") != (body.server is not None):
        sentence = "is needed for a walk, and only there"
        raise reading.refuse([Fault(where="body.server", message=sentence)])
    return (await named_server(c, body.server)).id if body.server else None


def _unknown(path: SchedulePath) -> Refusal:
    return Refusal(NOT_FOUND, f"There is no schedule `{path.schedule}`; `GET /api/v1/schedules` lists them.")


def _told(schedule: Schedule, names: Mapping[ServerKey, str]) -> ScheduleReply:
    return ScheduleReply(
        name=schedule.name,
        kind=schedule.kind,
        server=names.get(schedule.server_id) if schedule.server_id else None,
        cron=schedule.cron,
        timezone=schedule.timezone,
        enabled=schedule.enabled,
        next_due_at=schedule.next_due_at if schedule.enabled else None,
        last_due_at=schedule.last_due_at,
        created_at=schedule.created_at,
    )


ROUTES = (list_schedules, show_schedule, put_schedule, remove_schedule)
