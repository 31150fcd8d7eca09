"""WebSockets through a proxy: messages and close codes pass both ways."""

import asyncio

import aiohttp
from aiohttp import WSCloseCode, WSMsgType, web
from multidict import CIMultiDict
from yarl import URL

from segue.web.front import headers

__all__ = ["connect_websocket", "is_websocket", "refusal", "relay_websocket"]

_LARGEST_MESSAGE = 16 * 1024 * 1024
_HEARTBEAT_SECONDS = 30
_OURS = (
    "Sec-WebSocket-Key", "Sec-WebSocket-Version", "Sec-WebSocket-Extensions", "Sec-WebSocket-Protocol",
    "Sec-WebSocket-Accept",
)  # fmt: skip
_OF_A_BODY = ("Content-Length", "Content-Type", "Content-Encoding")

Socket = aiohttp.ClientWebSocketResponse | web.WebSocketResponse


def is_websocket(request: web.Request) -> bool:
    """Whether the client asks to change to the WebSocket protocol."""
    return request.method == "GET" and request.headers.get("Upgrade", "").lower() == "websocket"


async def connect_websocket(
    request: web.Request, session: aiohttp.ClientSession, address: URL
) -> aiohttp.ClientWebSocketResponse:
    """To the server, before the client is answered: what it refuses, the client is refused."""
    told = headers.upstream(request)
    for name in _OURS:
        told.popall(name, None)
    words = ",".join(request.headers.getall("Sec-WebSocket-Protocol", ())).split(",")
    return await session.ws_connect(
        address,
        headers=told,
        protocols=[word.strip() for word in words if word.strip()],
        max_msg_size=_LARGEST_MESSAGE,
        heartbeat=_HEARTBEAT_SECONDS,
        autoclose=False,
    )


def refusal(status: int, told: CIMultiDict[str]) -> web.Response:
    """The server's, without the words that came with it."""
    for name in _OF_A_BODY:
        told.popall(name, None)
    return web.Response(status=status if status >= 300 else 502, headers=told)


async def relay_websocket(
    request: web.Request, server: aiohttp.ClientWebSocketResponse
) -> web.WebSocketResponse:
    """Messages both ways, until one side closes or is gone."""
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
        if message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
            try:
                await _say(sink, message)
            except ConnectionError:  # gone without a word
                await source.close(code=WSCloseCode.GOING_AWAY)
                return
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


async def _say(sink: Socket, message: aiohttp.WSMessage) -> None:
    if message.type is WSMsgType.TEXT:
        await sink.send_str(message.data)
    else:
        await sink.send_bytes(message.data)


def _speakable(code: int | None) -> int:
    """1005 and 1006 mean that there was no code; they may not be sent."""
    if code is None or code in (0, 1005, 1006, 1015):
        return int(WSCloseCode.OK)
    return code
