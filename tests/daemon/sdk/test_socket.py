"""Websockets as adapters use them: texts both ways, refusals by who must act, silence has an end."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web

from segue.sdk import AdapterError, AuthFailed, NotFound, Unavailable, Unsupported
from segue.sdk.http import HttpServer

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def _far(handler: Handler) -> AsyncIterator[HttpServer]:
    application = web.Application()
    application.router.add_get("/{path:.*}", handler)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    try:
        async with aiohttp.ClientSession() as session:
            yield HttpServer(session, f"http://{host}:{port}", headers={"X-Name": "us"})
    finally:
        await runner.cleanup()


async def test_texts_pass_both_ways_until_the_server_hangs_up() -> None:
    async def echo(request: web.Request) -> web.WebSocketResponse:
        line = web.WebSocketResponse()
        await line.prepare(request)
        await line.send_str(f"{request.headers['X-Name']} {request.path} {request.query['a']}")
        await line.send_bytes(b"passed over")
        await line.send_str((await line.receive_str()).upper())
        await line.close()
        return line

    async with (
        _far(echo) as server,
        server.socket("socket", query=[("a", "1 &")], silence=20) as socket,
    ):
        await socket.send("hello")
        assert [text async for text in socket.texts()] == ["us /socket 1 &", "HELLO"]


async def test_silence_is_an_error() -> None:
    async def mute(request: web.Request) -> web.WebSocketResponse:
        line = web.WebSocketResponse()
        await line.prepare(request)
        await line.receive()
        return line

    async with _far(mute) as server:
        with pytest.raises(Unavailable, match="did not answer in time"):
            async with server.socket("socket", silence=0.1) as socket:
                await anext(aiter(socket.texts()))


@pytest.mark.parametrize(
    ("status", "kind"),
    [(200, Unsupported), (400, Unsupported), (401, AuthFailed), (404, NotFound), (503, Unavailable)],
)
async def test_a_refusal_is_told_without_the_query(status: int, kind: type[AdapterError]) -> None:
    async def refuse(request: web.Request) -> web.Response:
        return web.Response(status=status)

    async with _far(refuse) as server:
        with pytest.raises(kind) as told:
            async with server.socket("socket", query=[("key", "se:cret")], silence=5):
                pass
    assert type(told.value) is kind
    assert "se:cret" not in f"{told.value}{told.value.__cause__}"


async def test_a_server_that_breaks_off_is_away() -> None:
    async def cut(request: web.Request) -> web.WebSocketResponse:
        line = web.WebSocketResponse()
        await line.prepare(request)
        assert request.transport is not None
        request.transport.abort()
        await asyncio.sleep(0)
        return line

    async with _far(cut) as server:
        with pytest.raises(Unavailable):
            async with server.socket("socket", silence=20) as socket:
                async for _ in socket.texts():
                    pass
                raise Unavailable("it hung up")
