"""Builds the web application from its routes."""

import asyncio
import json
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from importlib.metadata import version
from urllib.parse import urlsplit

from aiohttp import web
from pydantic import BaseModel

from segue.library.gathering import Gathering
from segue.services import Services
from segue.similarity import Artists, Follower
from segue.web import boundary, first_token, openapi, problems, reading, site
from segue.web.attempts import Attempts
from segue.web.context import CONTEXT, Call, Context
from segue.web.deliveries import Flow
from segue.web.front import Doors
from segue.web.front.dialects import dialects_with
from segue.web.hosts import Doorbell
from segue.web.keeper import Caller, Keeper
from segue.web.observed import Observed
from segue.web.routes import ROUTES
from segue.web.routing import Route

__all__ = ["make_app"]

_MAX_BODY_BYTES = 1024 * 1024
_REQUEST_SECONDS = 30


def make_app(services: Services, *, follower: Follower) -> web.Application:
    """The whole of our own doors: API, hooks, health, metrics and pages."""
    settings = services.settings
    admin_token = settings.admin_token.get_secret_value() if settings.admin_token else None
    artists = Artists(services.pool, follower)
    context = Context(
        services=services,
        follower=follower,
        doors=Doors(services, follower, dialects=dialects_with(artists)),
        artists=artists,
        keeper=Keeper(services.pool, admin_token=admin_token, clock=time.monotonic),
        observed=Observed(),
        version=version("segue"),
        document=site.file(_document(), "application/json"),
        site=site.read(),
        gathering=Gathering(services.pool, services.wake),
        flow=Flow(per_second=50, burst=500, clock=time.monotonic),
        hook_attempts=Attempts(burst=20, seconds_each=6, clock=time.monotonic),
    )
    doorbell = _doorbell(settings.host, settings.public_url)
    app = web.Application(
        middlewares=[boundary.middleware(doorbell, context.observed)], client_max_size=_MAX_BODY_BYTES
    )
    app[CONTEXT] = context
    app.on_response_prepare.append(_dress)
    app.on_startup.append(_make_first_token)
    app.on_shutdown.append(_close)
    app.cleanup_ctx.append(_keep_going)
    for route in ROUTES:
        _add(app, route, _bound(route, context))
    return app


def _add(
    app: web.Application, route: Route, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> None:
    app.router.add_route(route.method, route.path, handler)
    if route.method == "GET" and not route.stream:
        app.router.add_route("HEAD", route.path, handler)


def _bound(route: Route, context: Context) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def handle(request: web.Request) -> web.StreamResponse:
        request[problems.IN_DIALECT] = route.in_dialect
        async with asyncio.timeout(None if route.stream else _REQUEST_SECONDS):
            call = Call(request=request, context=context, visitor=await _visitor(route, request, context))
            answer = await route.handler(call, **await reading.arguments(route, request))
        return _reply(route, call, answer)

    return handle


async def _visitor(route: Route, request: web.Request, context: Context) -> Caller | None:
    if route.scope is None:
        return None
    authorization = request.headers.get("Authorization")
    return await context.keeper.admit(authorization, address=request.remote, scope=route.scope)


def _reply(route: Route, call: Call, answer: BaseModel | web.StreamResponse | None) -> web.StreamResponse:
    if isinstance(answer, web.StreamResponse):
        return answer
    if answer is None:
        return web.Response(status=route.status, headers=call.headers)
    return web.Response(
        status=route.status,
        body=answer.model_dump_json(exclude_none=route.sparse).encode(),
        content_type="application/json",
        headers=call.headers,
    )


def _document() -> bytes:
    return json.dumps(openapi.document(ROUTES, version=version("segue"))).encode()


async def _make_first_token(app: web.Application) -> None:
    """Unless the settings name a token, somebody must be able to get in."""
    services = app[CONTEXT].services
    if services.settings.admin_token is None:
        await first_token.ensure(services.pool, services.settings.data_dir)


async def _keep_going(app: web.Application) -> AsyncIterator[None]:
    task = asyncio.create_task(app[CONTEXT].doors.run())
    yield
    task.cancel()
    await asyncio.gather(task, app[CONTEXT].artists.close(), return_exceptions=True)


async def _dress(request: web.Request, response: web.StreamResponse) -> None:
    boundary.dress(request, response)


async def _close(app: web.Application) -> None:
    app[CONTEXT].closing.set()


def _doorbell(host: str, public_url: str | None) -> Doorbell:
    names = {host, socket.gethostname(), socket.getfqdn()}
    origins: set[str] = set()
    if public_url:
        parts = urlsplit(public_url)
        names.add(parts.hostname or "")
        origins.add(f"{parts.scheme}://{parts.netloc}")
    return Doorbell(names, origins)
