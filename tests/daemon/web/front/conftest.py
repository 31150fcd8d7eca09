"""A front door before a server that a test makes."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import aiohttp
import pytest
from aiohttp import web
from yarl import URL

from segue.web.front.door import Dialect, make_door, runner

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
RawHandler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Stage:
    """Opens servers and doors, and closes them after the test."""

    def __init__(self, stack: AsyncExitStack) -> None:
        self._stack = stack

    async def server(self, handler: Handler) -> URL:
        """A server that answers everything with one handler."""
        app = web.Application(client_max_size=0)
        app.router.add_route("*", "/{path:.*}", handler)
        return await self._open(
            web.AppRunner(
                app, auto_decompress=False, access_log=None, shutdown_timeout=1, max_line_size=2**20
            )
        )

    async def raw_server(self, handler: RawHandler) -> URL:
        """A server that says exactly these bytes."""

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                await handler(reader, writer)
            finally:
                writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        self._stack.callback(server.close)
        return URL(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")

    async def door(self, server: URL, dialect: Dialect | None = None) -> URL:
        return await self._open(runner(make_door(server, dialect)))

    async def client(self, **options: object) -> aiohttp.ClientSession:
        session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=30), cookie_jar=aiohttp.DummyCookieJar(), **options
        )
        return await self._stack.enter_async_context(session)

    async def _open(self, app_runner: web.AppRunner) -> URL:
        await app_runner.setup()
        self._stack.push_async_callback(app_runner.cleanup)
        await web.TCPSite(app_runner, "127.0.0.1", 0).start()
        return URL(f"http://127.0.0.1:{app_runner.addresses[0][1]}")


@asynccontextmanager
async def open_stage() -> AsyncIterator[Stage]:
    async with AsyncExitStack() as stack:
        yield Stage(stack)


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with open_stage() as stage:
        yield stage
