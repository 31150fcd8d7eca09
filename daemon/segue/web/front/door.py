"""One front door: the application that listens on its port."""

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Protocol

import structlog
from aiohttp import web
from yarl import URL

from segue.web.front.proxy import REPLIED, Proxy, ServerAway, only_what_the_server_told, open_session

__all__ = ["Dialect", "make_door", "runner"]

_LONGEST_LINE = 1024 * 1024
_LONGEST_FIELD = 64 * 1024

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class Dialect(Protocol):
    """The questions of one kind of server that we answer ourselves."""

    async def answer(self, request: web.Request, proxy: Proxy) -> web.StreamResponse | None:
        """Our answer, or None when the server shall answer by itself."""
        ...

    async def away(self, request: web.Request) -> web.StreamResponse:
        """What clients of this kind understand when the server cannot be reached."""
        ...


PROXY = web.AppKey("proxy", Proxy)


def make_door(
    server: URL, dialect: Dialect | None = None, *, tls: ssl.SSLContext | bool = True
) -> web.Application:
    """A door before this server; without a dialect it only passes on."""

    async def lend_proxy(app: web.Application) -> AsyncIterator[None]:
        async with open_session(tls) as session:
            app[PROXY] = Proxy(session, server)
            yield

    app = web.Application()
    app.on_response_prepare.append(only_what_the_server_told)
    app.cleanup_ctx.append(lend_proxy)
    app.router.add_route("*", "/{path:.*}", _handler(dialect))
    return app


def runner(app: web.Application) -> web.AppRunner:
    """Bodies stay packed, long addresses pass, and a client that leaves frees the server."""
    return web.AppRunner(
        app,
        handler_cancellation=True,
        access_log=None,
        auto_decompress=False,
        max_line_size=_LONGEST_LINE,
        max_field_size=_LONGEST_FIELD,
        shutdown_timeout=2,
    )


def _handler(dialect: Dialect | None) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def handle(request: web.Request) -> web.StreamResponse:
        proxy = request.app[PROXY]
        try:
            answer = await _ours(dialect, request, proxy) if dialect else None
            return answer if answer is not None else await proxy.forward(request)
        except ServerAway:
            if dialect is not None:
                return await dialect.away(request)
            return web.Response(status=502, text="The media server cannot be reached.\n")

    return handle


async def _ours(dialect: Dialect, request: web.Request, proxy: Proxy) -> web.StreamResponse | None:
    """A fault of ours costs nobody the server's own answer."""
    try:
        return await dialect.answer(request, proxy)
    except (ServerAway, ConnectionError, web.HTTPException):
        raise
    except Exception as error:
        if REPLIED in request:
            raise
        log.error("door_failed", method=request.method, exc_info=error)
        return None
