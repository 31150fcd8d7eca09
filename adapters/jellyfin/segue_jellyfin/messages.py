"""Jellyfin's websocket: it wants to hear of us, and talks of its library to users only."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import suppress

from segue.sdk.dialects.mediabrowser.client import Client
from segue.sdk.dialects.mediabrowser.messages import (
    News,
    Scans,
    keep_alive_seconds,
    library_news,
    message,
)
from segue.sdk.http import Socket

__all__ = ["listen"]

_SILENCE_SECONDS = 120.0  # it answers each sign of life, which it wants every 30 s
_TASKS_EVERY = "0,2000"


async def listen(client: Client) -> AsyncGenerator[News, None]:
    """News until the server hangs up. An API key hears of scans that end, and nothing else."""
    scans = Scans()
    alive: asyncio.Task[None] | None = None
    async with client.socket("socket", silence=_SILENCE_SECONDS) as socket:
        try:
            await _tell(socket, "ScheduledTasksInfoStart", _TASKS_EVERY)
            async for text in socket.texts():
                told = message(text)
                if told is None:
                    continue
                if alive is None and (every := keep_alive_seconds(told)) is not None:
                    alive = asyncio.create_task(_keep_alive(socket, every))
                news = library_news(told)
                if news is not None:
                    yield news
                elif scans.ended(told):
                    yield News()
        finally:
            if alive is not None:
                alive.cancel()
                with suppress(asyncio.CancelledError):
                    await asyncio.gather(alive, return_exceptions=True)


async def _keep_alive(socket: Socket, every: float) -> None:
    """Pings of the protocol do not count; when the line is broken, whoever reads it finds out."""
    with suppress(OSError, TimeoutError):
        while True:
            await _tell(socket, "KeepAlive")
            await asyncio.sleep(every)


async def _tell(socket: Socket, kind: str, data: str | None = None) -> None:
    await socket.send(json.dumps({"MessageType": kind} | ({} if data is None else {"Data": data})))
