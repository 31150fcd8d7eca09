"""Server-sent events, read line by line; pure."""

from collections.abc import AsyncGenerator, AsyncIterable
from dataclasses import dataclass

from segue.sdk.errors import Malformed

__all__ = ["ServerSentEvent", "events_of"]

_LARGEST_EVENT = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSentEvent:
    """One event; `id` is the last one told."""

    name: str
    data: str
    id: str | None


async def events_of(lines: AsyncIterable[bytes]) -> AsyncGenerator[ServerSentEvent, None]:
    """Events in a stream of lines, as the HTML standard says to read them."""
    name, data, last_id, size = "", list[str](), None, 0
    async for raw in lines:
        line = raw.decode("utf-8", "replace").rstrip("\r\n")
        size += len(raw)
        if size > _LARGEST_EVENT:
            raise Malformed("The server's event does not end.")
        if not line:
            if data:
                yield ServerSentEvent(name=name or "message", data="\n".join(data), id=last_id)
            name, data, size = "", [], 0
            continue
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "event":
            name = value
        elif field == "data":
            data.append(value)
        elif field == "id" and "\0" not in value:
            last_id = value
