"""Health: whether the process lives, whether it can answer, and its metrics."""

from typing import Literal

from aiohttp import web

from segue.store.migrate import MigrationError, pending
from segue.store.pool import DATABASE_FAULTS
from segue.web.context import Call, Context
from segue.web.errors import UNAVAILABLE, Fault, Refusal
from segue.web.metrics import exposition
from segue.web.routing import Content, Scope, get
from segue.web.shapes import Told

__all__ = ["ROUTES"]

_TAG = "Health"


class Alive(Told):
    """The process lives."""

    status: Literal["ok"]


class Ready(Told):
    """Requests are answered; `degraded` when new work begins up to a minute late."""

    status: Literal["ok", "degraded"]
    database: Literal["ok"]
    index: Literal["ok"]
    redis: Literal["ok", "unreachable"]


@get("/healthz", tag=_TAG, scope=None, summary="Whether the process lives")
async def check_health(call: Call) -> Alive:
    return Alive(status="ok")


@get("/readyz", tag=_TAG, scope=None, summary="Whether requests can be answered")
async def check_readiness(call: Call) -> Ready:
    """Needs the database in its present shape, and the index. Redis only wakes workers early: without
    it the daemon answers all the same and is called degraded."""
    faults = [*await _database(call.context), *_index(call.context)]
    if faults:
        detail = "Not ready: " + "; ".join(f"{fault.where} {fault.message}" for fault in faults) + "."
        raise Refusal(UNAVAILABLE, detail, faults=faults, headers={"Retry-After": "2"})
    reachable = await call.services.wake.queue_depth() is not None
    return Ready(
        status="ok" if reachable else "degraded",
        database="ok",
        index="ok",
        redis="ok" if reachable else "unreachable",
    )


@get(
    "/metrics",
    tag=_TAG,
    scope=Scope.READ,
    summary="Metrics for Prometheus",
    content=Content(media_type="text/plain", description="The text format of Prometheus."),
)
async def read_metrics(call: Call) -> web.Response:
    """Give Prometheus a token with the scope `read` as its bearer token."""
    return web.Response(body=await exposition(call.context), content_type="text/plain", charset="utf-8")


async def _database(context: Context) -> list[Fault]:
    try:
        async with context.connection() as c:
            missing = await pending(c)
    except MigrationError as error:
        return [Fault(where="database", message=f"has another shape: {error}")]
    except DATABASE_FAULTS:
        return [Fault(where="database", message="cannot be reached")]
    if missing:
        return [Fault(where="database", message="lacks migrations; run `segue migrate`")]
    return []


def _index(context: Context) -> list[Fault]:
    if context.follower.status.ready:
        return []
    return [Fault(where="index", message="is still being read")]


ROUTES = (check_health, check_readiness, read_metrics)
