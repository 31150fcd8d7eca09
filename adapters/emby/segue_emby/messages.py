"""Emby's websocket."""

import json
from collections.abc import AsyncGenerator

from segue.sdk.dialects.mediabrowser.client import Client
from segue.sdk.dialects.mediabrowser.messages import News, Scans, library_news, message

__all__ = ["listen"]

_HEARTBEAT_SECONDS = 30.0
_TASKS_EVERY = "0,2000"


async def listen(client: Client, token: str, device: str) -> AsyncGenerator[News, None]:
    """News until the server hangs up; ends of scans too, should it not tell of the library."""
    scans = Scans()
    query = ("api_key", token), ("deviceId", device)
    async with client.socket("embywebsocket", *query, silence=None, heartbeat=_HEARTBEAT_SECONDS) as socket:
        await socket.send(json.dumps({"MessageType": "ScheduledTasksInfoStart", "Data": _TASKS_EVERY}))
        async for text in socket.texts():
            told = message(text)
            if told is None:
                continue
            news = library_news(told)
            if news is not None:
                yield news
            elif scans.ended(told):
                yield News()
