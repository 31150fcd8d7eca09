"""Around every request: checks at the door, one place for refusals and faults, safe headers, a log line."""

import secrets
import time
from collections.abc import Awaitable, Callable

import structlog
from aiohttp import web

from segue.store.pool import DATABASE_FAULTS
from segue.web import problems
from segue.web.errors import INTERNAL, UNAVAILABLE, Refusal
from segue.web.hosts import Doorbell
from segue.web.observed import Observed

__all__ = ["REQUEST_ID", "answer_faults", "dress", "middleware"]

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

REQUEST_ID = web.RequestKey("request_id", str)
_SAFE = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}


def middleware(doorbell: Doorbell, observed: Observed) -> Callable[..., Awaitable[web.StreamResponse]]:
    """The one middleware of the application."""

    @web.middleware
    async def boundary(request: web.Request, handler: Handler) -> web.StreamResponse:
        began = time.perf_counter()
        response: web.StreamResponse | None = None
        try:
            response = await answer_faults(request, handler, doorbell)
            return response
        finally:
            seconds = time.perf_counter() - began
            _observe(request, response, seconds, observed)

    return boundary


async def answer_faults(
    request: web.Request, handler: Handler, doorbell: Doorbell | None = None
) -> web.StreamResponse:
    """The handler's answer, or a problem document for whatever it raises."""
    request_id = request.setdefault(REQUEST_ID, secrets.token_hex(8))
    try:
        if doorbell is not None:
            doorbell.check(request)
        return await handler(request)
    except web.HTTPRedirection:
        raise
    except Exception as error:
        if request.writer.output_size > 0:
            _note_broken(error, request)
            raise
        dialect = request.get(problems.IN_DIALECT, False)
        return problems.reply(_refusal(error, request), request_id=request_id, dialect=dialect)


def dress(request: web.BaseRequest, response: web.StreamResponse) -> None:
    """Safe headers on everything that leaves, unless the handler chose its own."""
    for name, value in _SAFE.items():
        response.headers.setdefault(name, value)
    response.headers["Server"] = "segue"
    if request_id := request.get(REQUEST_ID):
        response.headers[problems.REQUEST_ID_HEADER] = request_id


def route_of(request: web.Request) -> str:
    """The declared path; what a client wrote may hold secrets."""
    resource = request.match_info.route.resource
    return resource.canonical if resource else "-"


def _observe(
    request: web.Request, response: web.StreamResponse | None, seconds: float, observed: Observed
) -> None:
    status = response.status if response is not None else 499
    method = request.method if request.method in _METHODS else "OTHER"
    route = route_of(request)
    stream = response is not None and response.content_type == "text/event-stream"
    observed.answered(method, route, status, seconds, stream=stream)
    log.debug("request_answered", method=method, route=route, status=status, seconds=round(seconds, 4))


def _refusal(error: Exception, request: web.Request) -> Refusal:
    match error:
        case Refusal():
            return error
        case web.HTTPException():
            return problems.of_http_error(error, method=request.method)
        case TimeoutError():
            log.warning("request_timed_out", request=request[REQUEST_ID], route=route_of(request))
            return Refusal(UNAVAILABLE, _TOO_LONG, headers={"Retry-After": "5"})
        case _ if isinstance(error, DATABASE_FAULTS):
            log.warning("database_missed", request=request[REQUEST_ID], reason=str(error))
            return Refusal(UNAVAILABLE, _NO_DATABASE, headers={"Retry-After": "5"})
    log.error("request_failed", request=request[REQUEST_ID], route=route_of(request), exc_info=error)
    return Refusal(INTERNAL, _FAULT.format(request[REQUEST_ID]))


def _note_broken(error: Exception, request: web.Request) -> None:
    if not isinstance(error, ConnectionError):
        log.error("reply_broken", request=request[REQUEST_ID], route=route_of(request), exc_info=error)


_TOO_LONG = "This took too long and was stopped; try again, or ask for less at once."
_NO_DATABASE = "The database cannot be reached or is too busy; try again in a moment."
_FAULT = "This is a fault of the daemon, not of the request; its log says more under {}."
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
