"""A server without walls: lends files out of a folder, and fails or waits when told to."""

from asyncio import Semaphore
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from segue.model import ServerKey, Track, TrackId
from segue.sdk import AdapterError, NotFound, ServerInfo


class Shelf:
    """A registry and the adapter of its only server; a track's id is a file's name."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.failing: AdapterError | None = None
        self.asked = 0
        self.probed = 0
        self.gate: Semaphore | None = None
        self.waiting = 0

    @asynccontextmanager
    async def using(self, server: ServerKey) -> AsyncIterator["Shelf"]:
        self.asked += 1
        if self.failing is not None:
            raise self.failing
        yield self

    async def probe(self) -> ServerInfo:
        self.probed += 1
        return ServerInfo(product="Shelf", version="1")

    async def walk(self) -> AsyncIterator[Track]:
        for path in sorted(self.folder.iterdir()):
            yield Track(id=TrackId(path.name), title=path.name, revision="1")

    async def get(self, track_id: TrackId) -> Track:
        return Track(id=track_id, title=track_id, revision="1")

    @asynccontextmanager
    async def audio(self, track_id: TrackId) -> AsyncIterator[Path]:
        path = self.folder / track_id
        if not path.exists():
            raise NotFound(f"There is no {track_id} on the shelf.")
        if self.gate is not None:
            self.waiting += 1
            await self.gate.acquire()
            self.waiting -= 1
        yield path
