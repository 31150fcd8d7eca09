"""A websocket as adapters use it: texts both ways, and no silence without an end."""

import asyncio
from collections.abc import AsyncIterator

import aiohttp

from segue.sdk.errors import Malformed, Unavailable

__all__ = ["Socket"]


class Socket:
    """An open websocket; it is closed by whoever opened it."""

    def __init__(
        self, line: "aiohttp.ClientWebSocketResponse[bool]", *, where: str, silence: float | None
    ) -> None:
        self._line = line
        self._where = where
        self._silence = silence

    async def send(self, text: str) -> None:
        """Tell the server something."""
        async with asyncio.timeout(self._silence):
            await self._line.send_str(text)

    async def texts(self) -> AsyncIterator[str]:
        """What the server says, until it hangs up; Unavailable when it falls silent or breaks off."""
        while True:
            async with asyncio.timeout(self._silence):
                message = await self._line.receive()
            if message.type is aiohttp.WSMsgType.TEXT:
                yield str(message.data)
            elif message.type is aiohttp.WSMsgType.ERROR:
                if self._line.close_code == aiohttp.WSCloseCode.MESSAGE_TOO_BIG:
                    raise Malformed(f"{self._where} sent a message larger than we can take.")
                raise Unavailable(f"{self._where} broke off its messages.")
            elif message.type is not aiohttp.WSMsgType.BINARY:
                return
