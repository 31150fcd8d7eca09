"""Some servers' plugins know tracks by passing numbers: read from their questions, told in their answers."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from segue.model import ServerKey, TrackId
from segue.sdk import AdapterError, NumbersTracks, Unavailable
from segue.store import servers, tracks
from segue.web.context import Call
from segue.web.errors import UNAVAILABLE, Refusal
from segue.web.naming import named_server

__all__ = ["Numbering", "numbering"]

_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Numbering:
    """How one question names tracks: by their ids, or by numbers of the server that `adapter` speaks to."""

    adapter: NumbersTracks | None = None
    ids: Mapping[str, TrackId] = field(default_factory=dict)

    def id_of(self, item: str) -> str:
        """The id that is meant."""
        return str(self.ids.get(item, item))

    async def names(self, ids: Sequence[str]) -> Mapping[str, str]:
        """What the asker calls these; what has no number is left out."""
        if self.adapter is None:
            return {one: one for one in ids}
        try:
            async with _in_time():
                told = await self.adapter.numbers(_ids(ids))
        except AdapterError as error:
            raise Refusal(UNAVAILABLE, str(error)) from error
        return {str(id_): name for id_, name in told.items()}


async def numbering(call: Call, items: Sequence[str | None], server: str | None) -> Numbering:
    """The plain one, unless all are numbers that are nobody's ids but that a server's plugin may mean."""
    asked = [item for item in items if item]
    if not asked or not all(item.isascii() and item.isdecimal() for item in asked):
        return Numbering()
    for key in await _strangers(call, asked, server):
        try:
            async with _in_time():
                adapter = await call.services.registry.adapter(key)
                ids = await adapter.numbered(asked) if isinstance(adapter, NumbersTracks) else {}
        except AdapterError:
            continue
        if isinstance(adapter, NumbersTracks) and ids.keys() >= set(asked):
            return Numbering(adapter, ids)
    return Numbering()


async def _strangers(call: Call, asked: Sequence[str], server: str | None) -> Sequence[ServerKey]:
    """The servers that may be meant; none if one of them has these as ids."""
    async with call.context.connection() as c:
        if server is not None:
            keys = [(await named_server(c, server)).id]
        else:
            keys = [one.id for one in await servers.list_(c) if not one.withdrawn]
        known = [row for key in keys for row in await tracks.of_server(c, key, _ids(asked))]
    return [] if known else keys


def _ids(texts: Sequence[str]) -> list[TrackId]:
    return [TrackId(one) for one in texts]


@asynccontextmanager
async def _in_time() -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(_SECONDS):
            yield
    except TimeoutError as error:
        raise Unavailable("The server did not tell its numbers in time.") from error
