"""The task questions of AudioMuse-AI's dialect: start hearing, watch it, cancel it."""

from datetime import UTC, datetime
from typing import Literal

from pydantic import Field

from segue.analysis import OLDEST_VALID
from segue.clustering.order import Order
from segue.model import Quality, RunId
from segue.settings.clustering import parameters_of
from segue.store import cluster_searches, recordings, runs
from segue.web.context import Call
from segue.web.errors import CONFLICT, NOT_FOUND, Refusal
from segue.web.routing import DIALECT, Scope, get, post
from segue.web.shapes import Asked, Id, Text, Told

__all__ = ["ROUTES"]

_TASK_TYPES = {"analyse": "main_analysis", "clustering": "main_clustering"}
_LOG_LINES = 20
_MOST_CANCELLED = 500


class TaskDetails(Told):
    """What a task tells of itself."""

    log: tuple[str, ...]


class Task(Told):
    """A run under the dialect's names; all fields are absent when there is none."""

    task_id: str | None = None
    state: str | None = None
    status: str | None = Field(default=None, description="The same as `state`.")
    status_message: str | None = None
    progress: int | None = Field(default=None, description="0 to 100.")
    running_time_seconds: float | None = None
    details: TaskDetails | None = None
    task_type: str | None = None
    task_type_from_db: str | None = Field(default=None, description="The same as `task_type`.")


class TaskStarted(Told):
    """A task that was begun, or goes on."""

    task_id: str
    task_type: str
    status: str


class TaskCancelled(Told):
    """What a cancel ended."""

    message: str
    task_id: str
    cancelled_jobs_count: int


class TasksCancelled(Told):
    """What a cancel of all tasks of a type ended."""

    message: str
    cancelled_main_tasks: tuple[str, ...]
    cancelled_jobs_count: int


class TaskTypePath(Asked):
    """Which tasks."""

    task_type: Text = Field(description="The type, or how it begins.", examples=["main_analysis"])


class DialectHealth(Told):
    """The daemon answers."""

    status: Literal["ok"]


class DialectConfig(Told):
    """The settings that clients of the dialect ask for."""

    max_songs_per_artist: int
    path_default_length: int
    similarity_eliminate_duplicates_default: bool
    similarity_radius_default: bool
    version: str


class TaskPath(Asked):
    """Which task."""

    task: Id = Field(description="The run's id.")


@get("/api/health", tag=DIALECT, scope=None, summary="Whether the daemon answers, in the dialect")
async def dialect_health(call: Call) -> DialectHealth:
    return DialectHealth(status="ok")


@get("/api/config", tag=DIALECT, scope=Scope.PLAY, summary="Settings, as AudioMuse-AI tells them")
async def dialect_config(call: Call) -> DialectConfig:
    return DialectConfig(
        max_songs_per_artist=3,
        path_default_length=25,
        similarity_eliminate_duplicates_default=True,
        similarity_radius_default=True,
        version=call.context.version,
    )


@post(
    "/api/analysis/start",
    tag=DIALECT,
    scope=Scope.ADMIN,
    summary="Hear what is unheard, in the dialect",
    status=202,
    takes_any_body=True,
)
async def dialect_start_analysis(call: Call) -> TaskStarted:
    """What the body asks for is passed over: albums need not be counted."""
    quality = Quality(call.services.settings.analysis.quality)
    async with call.context.connection() as c:
        await recordings.want_all(c, quality, version=OLDEST_VALID)
        run = await runs.create(c, "analyse", total=(await recordings.counts(c)).wanted)
        state = await runs.get(c, run)
    await call.services.wake("analyse")
    status = state.state.value if state else "PENDING"
    return TaskStarted(task_id=str(run), task_type="main_analysis", status=status)


@post(
    "/api/clustering/start",
    tag=DIALECT,
    scope=Scope.ADMIN,
    summary="Look for groups, in the dialect",
    refusals=[CONFLICT],
    status=202,
    takes_any_body=True,
)
async def dialect_start_clustering(call: Call) -> TaskStarted:
    """What the body asks for is passed over: the settings say how groups are found."""
    order = Order.from_dict({"parameters": parameters_of(call.services.settings.clustering)})
    async with call.context.connection() as c:
        run = await cluster_searches.want(c, order.as_dict())
    if run is None:
        raise Refusal(CONFLICT, "Groups are being looked for already.")
    await call.services.wake("clustering")
    return TaskStarted(task_id=str(run), task_type="main_clustering", status="PENDING")


@get(
    "/api/active_tasks",
    tag=DIALECT,
    scope=Scope.READ,
    summary="What goes on, as AudioMuse-AI tells it",
    sparse=True,
)
async def dialect_active_tasks(call: Call) -> Task:
    return await _newest(call, unfinished=True)


@get(
    "/api/last_task",
    tag=DIALECT,
    scope=Scope.READ,
    summary="The last task, as AudioMuse-AI tells it",
    sparse=True,
)
async def dialect_last_task(call: Call) -> Task:
    return await _newest(call, unfinished=False)


@get(
    "/api/status/{task}",
    tag=DIALECT,
    scope=Scope.READ,
    summary="One task, as AudioMuse-AI tells it",
    refusals=[NOT_FOUND],
)
async def dialect_task_status(call: Call, path: TaskPath) -> Task:
    return await _task(call, await _existing(call, path))


@post(
    "/api/cancel/{task}",
    tag=DIALECT,
    scope=Scope.ADMIN,
    summary="Cancel a task, in the dialect",
    refusals=[NOT_FOUND],
)
async def dialect_cancel_task(call: Call, path: TaskPath) -> TaskCancelled:
    run = await _existing(call, path)
    async with call.context.connection() as c:
        revoked = await runs.cancel(c, run.id)
    message = "The task was cancelled." if revoked else "The task had ended already."
    return TaskCancelled(message=message, task_id=str(run.id), cancelled_jobs_count=revoked)


@post(
    "/api/cancel_all/{task_type}",
    tag=DIALECT,
    scope=Scope.ADMIN,
    summary="Cancel every task of a type, in the dialect",
    refusals=[NOT_FOUND],
)
async def dialect_cancel_all(call: Call, path: TaskTypePath) -> TasksCancelled:
    said = path.task_type
    kinds = [kind for kind, name in _TASK_TYPES.items() if said == kind or (said and name.startswith(said))]
    if not kinds:
        raise Refusal(NOT_FOUND, f"No tasks are of the type {path.task_type!r}.")
    ended: list[str] = []
    revoked = 0
    async with call.context.connection() as c:
        for kind in kinds:
            for run in await runs.list_(c, kind=kind, unfinished=True, limit=_MOST_CANCELLED):
                revoked += await runs.cancel(c, run.id)
                ended.append(str(run.id))
    message = f"{len(ended)} tasks were cancelled." if ended else "No such task goes on."
    return TasksCancelled(message=message, cancelled_main_tasks=tuple(ended), cancelled_jobs_count=revoked)


async def _newest(call: Call, *, unfinished: bool) -> Task:
    found: list[runs.Run] = []
    async with call.context.connection() as c:
        for kind in _TASK_TYPES:
            found += await runs.list_(c, kind=kind, unfinished=unfinished, limit=1)
    if not found:
        return Task()
    return await _task(call, max(found, key=lambda run: run.id))


async def _existing(call: Call, path: TaskPath) -> runs.Run:
    async with call.context.connection() as c:
        run = await runs.get(c, RunId(path.task))
    if run is None:
        raise Refusal(NOT_FOUND, f"There is no task {path.task}.")
    return run


async def _task(call: Call, run: runs.Run) -> Task:
    async with call.context.connection() as c:
        lines = await runs.log_after(c, run.id, limit=1000)
    ended = run.finished_at or datetime.now(UTC)
    kind = _TASK_TYPES.get(run.kind, run.kind)
    return Task(
        task_id=str(run.id),
        state=run.state.value,
        status=run.state.value,
        status_message=run.message,
        progress=int(run.percent or 0),
        running_time_seconds=(ended - run.started_at).total_seconds() if run.started_at else 0.0,
        details=TaskDetails(log=tuple(line.line for line in lines[-_LOG_LINES:])),
        task_type=kind,
        task_type_from_db=kind,
    )


ROUTES = (
    dialect_health,
    dialect_config,
    dialect_start_analysis,
    dialect_start_clustering,
    dialect_active_tasks,
    dialect_last_task,
    dialect_task_status,
    dialect_cancel_task,
    dialect_cancel_all,
)
