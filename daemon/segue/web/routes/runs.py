"""Runs: watch and cancel long pieces of work."""

from aiohttp import web
from pydantic import Field

from segue.model import RunId, RunState
from segue.store import runs
from segue.web import cursors
from segue.web.context import Call
from segue.web.errors import CONFLICT, NOT_FOUND, TOO_MANY, Refusal
from segue.web.events import follow_run
from segue.web.naming import server_names
from segue.web.routing import Content, Scope, get, post
from segue.web.run_replies import LogLine, RunReply, told, told_line
from segue.web.shapes import Asked, Id, Limit, Page, PageQuery, Text, Told

__all__ = ["ROUTES"]

_TAG = "Runs"


class RunPage(Page[RunReply]):
    """Runs, newest first."""


class LogPage(Page[LogLine]):
    """A part of a run's log, oldest line first."""


class Cancelled(Told):
    """What a cancel ended."""

    revoked: int = Field(description="How many runs were ended: this one and those below it.")


class RunPath(Asked):
    """Which run."""

    run: Id = Field(description="The run's id.")


class RunsQuery(PageQuery):
    """Which runs."""

    kind: Text | None = Field(default=None, description="Only of this kind.", examples=["walk"])
    state: RunState | None = Field(default=None, description="Only in this state.")
    unfinished: bool = Field(default=False, description="Only those that have not ended.")
    whole: bool = Field(default=False, description="Only those that are no part of another run.")


class LogQuery(PageQuery):
    """Which lines."""

    limit: Limit = Field(default=200, description="How many lines at most.")


@get("/api/v1/runs", tag=_TAG, scope=Scope.READ, summary="List runs, newest first")
async def list_runs(call: Call, query: RunsQuery) -> RunPage:
    async with call.context.connection() as c:
        found = await runs.list_(
            c,
            kind=query.kind,
            state=query.state,
            unfinished=query.unfinished,
            whole=query.whole,
            before=_run_id(cursors.read("runs", query.cursor)),
            limit=query.limit + 1,
        )
        names = await server_names(c)
    shown, following = cursors.cut("runs", found, query.limit, lambda run: run.id)
    return RunPage(items=tuple(told(run, names) for run in shown), next=following)


@get("/api/v1/runs/{run}", tag=_TAG, scope=Scope.READ, summary="Show one run", refusals=[NOT_FOUND])
async def show_run(call: Call, path: RunPath) -> RunReply:
    run = await _existing(call, path)
    async with call.context.connection() as c:
        return told(run, await server_names(c))


@get(
    "/api/v1/runs/{run}/children",
    tag=_TAG,
    scope=Scope.READ,
    summary="List the runs directly below a run, oldest first",
    refusals=[NOT_FOUND],
)
async def list_child_runs(call: Call, path: RunPath) -> RunPage:
    await _existing(call, path)
    async with call.context.connection() as c:
        below = await runs.children(c, RunId(path.run))
        names = await server_names(c)
    return RunPage(items=tuple(told(run, names) for run in below), next=None)


@get(
    "/api/v1/runs/{run}/log",
    tag=_TAG,
    scope=Scope.READ,
    summary="Read a run's log, oldest line first",
    refusals=[NOT_FOUND],
)
async def read_run_log(call: Call, path: RunPath, query: LogQuery) -> LogPage:
    """An unfinished run may get more lines later; its events bring them as they come."""
    await _existing(call, path)
    async with call.context.connection() as c:
        after = cursors.read("log", query.cursor) or 0
        lines = await runs.log_after(c, RunId(path.run), after, limit=query.limit + 1)
    shown, following = cursors.cut("log", lines, query.limit, lambda line: line.id)
    return LogPage(items=tuple(told_line(line) for line in shown), next=following)


@post(
    "/api/v1/runs/{run}/cancel",
    tag=_TAG,
    scope=Scope.ADMIN,
    summary="Cancel a run and all below it",
    refusals=[NOT_FOUND, CONFLICT],
)
async def cancel_run(call: Call, path: RunPath) -> Cancelled:
    """Workers notice within a second; what is done stays done."""
    run = await _existing(call, path)
    async with call.context.connection() as c:
        revoked = await runs.cancel(c, run.id)
    if not revoked:
        raise Refusal(CONFLICT, f"Run {run.id} has ended; only unfinished runs can be cancelled.")
    return Cancelled(revoked=revoked)


@get(
    "/api/v1/runs/{run}/events",
    tag=_TAG,
    scope=Scope.READ,
    summary="Follow a run as it goes",
    refusals=[NOT_FOUND, TOO_MANY],
    stream=True,
    content=Content(
        media_type="text/event-stream",
        description="Server-sent events: `run` (as Show one run) whenever it changed, `log` (one line each) "
        "and at last `end`. A comment comes every 15 seconds. `Last-Event-ID` goes on where a stream "
        "broke off; after `end` the answer is 204.",
    ),
)
async def follow_run_events(call: Call, path: RunPath) -> web.StreamResponse:
    run = await _existing(call, path)
    return await follow_run(call, run.id)


async def _existing(call: Call, path: RunPath) -> runs.Run:
    async with call.context.connection() as c:
        run = await runs.get(c, RunId(path.run))
    if run is None:
        raise Refusal(NOT_FOUND, f"There is no run {path.run}; `GET /api/v1/runs` lists them.")
    return run


def _run_id(number: int | None) -> RunId | None:
    return None if number is None else RunId(number)


ROUTES = (
    list_runs,
    show_run,
    list_child_runs,
    read_run_log,
    cancel_run,
    follow_run_events,
)
