"""Server-sent events of a run: what changed, each log line, the end."""

import asyncio
import time
from collections.abc import AsyncIterator

from aiohttp import web

from segue.model import RunId
from segue.store import runs
from segue.store.pool import DATABASE_FAULTS
from segue.web.context import Call
from segue.web.naming import server_names
from segue.web.run_replies import RunReply, told, told_line

__all__ = ["follow_run"]

_MOST_STREAMS = 200
_POLL_SECONDS = 0.5
_HEARTBEAT_SECONDS = 15.0
_LINES = 500
_END = "end"


async def follow_run(call: Call, run: RunId) -> web.StreamResponse:
    """Send events until the run ends, the client leaves or the daemon stops."""
    last = call.request.headers.get("Last-Event-ID", "")
    if last == _END:
        return web.Response(status=204)  # tells a browser's EventSource to stop reconnecting
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "X-Accel-Buffering": "no"})
    with call.context.streams.one_more(_MOST_STREAMS):
        await response.prepare(call.request)
        if call.request.method != "HEAD":
            async for event in _events(call, run, after=_line_id(last)):
                await response.write(event)
            await response.write_eof()
    return response


async def _events(call: Call, run: RunId, *, after: int) -> AsyncIterator[bytes]:
    """The run is read before its lines, so none that it wrote can come after its end."""
    shown: RunReply | None = None
    spoke_at = time.monotonic()
    while True:
        try:
            async with call.context.connection() as c:
                found = await runs.get(c, run)
                lines = await runs.log_after(c, run, after, limit=_LINES)
                names = await server_names(c)
        except DATABASE_FAULTS:
            yield b": the database cannot be reached; trying again\n\n"
            if await _closing(call.context.closing):
                return
            continue
        for line in lines:
            after = line.id
            yield _event("log", told_line(line).model_dump_json(), event_id=str(line.id))
        if found is None:
            yield _event(_END, "{}", event_id=_END)
            return
        if (now := told(found, names)) != shown:
            shown = now
            yield _event("run", now.model_dump_json())
            spoke_at = time.monotonic()
        if len(lines) == _LINES:
            continue
        if found.finished:
            yield _event(_END, now.model_dump_json(), event_id=_END)
            return
        if time.monotonic() - spoke_at > _HEARTBEAT_SECONDS:
            spoke_at = time.monotonic()
            yield b": still here\n\n"
        if await _closing(call.context.closing):
            return


async def _closing(closing: asyncio.Event) -> bool:
    """Rest until the next look; True when the daemon stops."""
    try:
        async with asyncio.timeout(_POLL_SECONDS):
            return await closing.wait()
    except TimeoutError:
        return False


def _event(name: str, data: str, *, event_id: str | None = None) -> bytes:
    head = f"event: {name}\n" + (f"id: {event_id}\n" if event_id else "")
    return f"{head}data: {data}\n\n".encode()


def _line_id(last: str) -> int:
    return int(last) if last.isascii() and last.isdecimal() and len(last) < 19 else 0
