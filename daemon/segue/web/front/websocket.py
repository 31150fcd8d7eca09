"""WebSockets through a proxy: messages and close codes pass both ways."""

import asyncio

import aiohttp
from aiohttp import WSCloseCode, WSMsgType, web
from yarl import URL

from segue.web.front import headers

__all__ = ["is_websocket", "relay_websocket"]

_LARGEST_MESSAGE = 16 * 1024 * 1024
_HEARTBEAT_SECONDS = 30
_OURS = (
    "Sec-WebSocket-Key", "Sec-WebSocket-Version", "Sec-WebSocket-Extensions", "Sec-WebSocket-Protocol",
    "Sec-WebSocket-Accept",
)  # fmt: skip

Socket = aiohttp.ClientWebSocketResponse | web.WebSocketResponse


def is_websocket(request: web.Request) -> bool:
    """Whether the client asks to change to the WebSocket protocol."""
    return request.headers.get("Upgrade", "").lower() == "websocket"


async def relay_websocket(
    request: web.Request, session: aiohttp.ClientSession, address: URL
) -> web.StreamResponse:
    """Connect to the server first: what it refuses, the client is refused."""
    told = headers.upstream(request)
    for name in _OURS:
        told.popall(name, None)
    offered = [one.strip() for one in request.headers.get("Sec-WebSocket-Protocol", "").split(",") if one]
    try:
        server = await session.ws_connect(
            address,
            headers=told,
            protocols=offered,
            max_msg_size=_LARGEST_MESSAGE,
            heartbeat=_HEARTBEAT_SECONDS,
            autoclose=False,
        )
    except aiohttp.WSServerHandshakeError as error:
        return web.Response(status=error.status if error.status >= 400 else 502)
    async with server:
        client = web.WebSocketResponse(
            protocols=[server.protocol] if server.protocol else (),
            max_msg_size=_LARGEST_MESSAGE,
            heartbeat=_HEARTBEAT_SECONDS,
            compress=False,
            autoclose=False,
        )
        await client.prepare(request)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_pump(client, server))
            tasks.create_task(_pump(server, client))
    return client


async def _pump(source: Socket, sink: Socket) -> None:
    """Until one side closes; then the other is closed with the same code."""
    while True:
        message = await source.receive()
        if message.type is WSMsgType.TEXT:
            await sink.send_str(message.data)
        elif message.type is WSMsgType.BINARY:
            await sink.send_bytes(message.data)
        elif message.type is WSMsgType.CLOSE:
            code, reason = _speakable(message.data), (message.extra or "").encode()
            await sink.close(code=code, message=reason)
            await source.close(code=code)
            return
        elif message.type is WSMsgType.CLOSING:
            return  # the other pump closes this side
        else:
            await sink.close(code=WSCloseCode.GOING_AWAY)
            return


def _speakable(code: int | None) -> int:
    """1005 and 1006 mean that there was no code; they may not be sent."""
    if code is None or code in (0, 1005, 1006, 1015):
        return int(WSCloseCode.OK)
    return code
