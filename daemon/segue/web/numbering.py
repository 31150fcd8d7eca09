"""Some servers' plugins know tracks by passing numbers: read from their questions, told in their answers."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from segue.model import ServerKey, TrackId
from segue.sdk import AdapterError, NumbersTracks, Unavailable
from segue.store import servers, tracks
from segue.store.servers import ServerState
from segue.store.tracks import TrackRow
from segue.web.context import Call
from segue.web.errors import UNAVAILABLE, Refusal
from segue.web.naming import named_server

__all__ = ["Names", "Numbering", "names_of", "numbering", "numbering_of"]

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


class Names:
    """What the plugins of each track's server call it."""

    def __init__(self, told: Mapping[tuple[ServerKey, str], str]) -> None:
        self._told = told

    def of(self, row: TrackRow) -> str | None:
        """None for a track that its server has no number for any more."""
        return self._told.get((row.server_id, str(row.track_id)))


async def names_of(call: Call, rows: Iterable[TrackRow]) -> Names:
    """Names for an answer to a question that named no track, so that the asker shows by nothing else."""
    ids = defaultdict[ServerKey, list[str]](list)
    for row in rows:
        ids[row.server_id].append(str(row.track_id))
    told = {key: await (await numbering_of(call, key)).names(some) for key, some in ids.items()}
    return Names({(key, id_): name for key, names in told.items() for id_, name in names.items()})


async def numbering_of(call: Call, key: ServerKey) -> Numbering:
    """As this server's plugins name tracks; the plain one while it cannot be asked."""
    async with call.context.connection() as c:
        server = await servers.get(c, key)
    if server is None or server.withdrawn or server.state is not ServerState.CONNECTED:
        return Numbering()
    try:
        async with _in_time():
            adapter = await call.services.registry.adapter(key)
    except AdapterError:
        return Numbering()
    return Numbering(adapter) if isinstance(adapter, NumbersTracks) else Numbering()


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
