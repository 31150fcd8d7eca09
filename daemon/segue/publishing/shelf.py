"""A server's playlists as we use them: every request with a time limit."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Mapping
from contextlib import asynccontextmanager
from typing import TypeVar

from segue.model import Playlist, PlaylistHeader, PlaylistId, TrackId
from segue.sdk import Adapter, NotFound, Publishes, ReadsPlaylists, Unavailable

__all__ = ["Shelf", "shelf_of"]

_SECONDS = 120.0
Answer = TypeVar("Answer")


class Shelf:
    """One server that keeps playlists for us and lets us read them back."""

    def __init__(self, adapter: Adapter, publishes: Publishes, reads: ReadsPlaylists) -> None:
        self._adapter = adapter
        self._publishes = publishes
        self._reads = reads

    async def headers(self) -> Mapping[PlaylistId, PlaylistHeader]:
        async with _in_time():
            return {header.id: header async for header in self._reads.playlists()}

    async def entries(self, id_: PlaylistId) -> tuple[TrackId, ...]:
        return tuple(await _answer(self._reads.entries(id_)))

    async def publish(self, playlist: Playlist, *, replacing: PlaylistId | None) -> PlaylistId:
        return await _answer(self._publishes.publish(playlist, replacing=replacing))

    async def withdraw(self, id_: PlaylistId) -> None:
        await _answer(self._publishes.withdraw(id_))

    async def has(self, track: TrackId) -> bool:
        """Whether the server still has a song."""
        try:
            await _answer(self._adapter.get(track))
        except NotFound:
            return False
        return True


def shelf_of(adapter: Adapter) -> Shelf | None:
    """None where playlists cannot be both kept and read back: then people's edits would be lost."""
    if isinstance(adapter, Publishes) and isinstance(adapter, ReadsPlaylists):
        return Shelf(adapter, adapter, adapter)
    return None


async def _answer(asked: Awaitable[Answer]) -> Answer:
    async with _in_time():
        return await asked


@asynccontextmanager
async def _in_time() -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(_SECONDS):
            yield
    except TimeoutError as error:
        raise Unavailable("The server did not answer about its playlists in time.") from error
