"""Speaks to a folder of music: everything that touches the disk happens in threads of its own."""

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from threading import Event
from typing import TypeVar

from segue.model import Change, Playlist, PlaylistHeader, PlaylistId, Track, TrackId
from segue.sdk import (
    Adapter,
    Malformed,
    Publishes,
    ReadsPlaylists,
    ServerInfo,
    Toolbox,
    Watches,
)
from segue.sdk.disk import Disk
from segue_folder import feed
from segue_folder.cache import Cache
from segue_folder.config import FolderConfig
from segue_folder.listing import Listing
from segue_folder.playlists import PlaylistFolder
from segue_folder.tree import Tree

__all__ = ["FolderAdapter", "FolderAdapterWithPlaylists", "connect"]

_GLANCE_SECONDS = 5.0

Result = TypeVar("Result")


class FolderAdapter:
    """The tracks of one folder; a track's id is its path below it."""

    def __init__(self, tree: Tree, listing: Listing, disk: Disk, *, playlists: Path | None = None) -> None:
        self._lists = playlists
        self._tree = tree
        self._listing = listing
        self._disk = disk

    async def probe(self) -> ServerInfo:
        """Look whether the folder is there and holds music."""
        await self._disk(self._listing.require)
        if await self._looks_empty():
            warning = f"{self._tree.root} holds no music yet."
            return ServerInfo(product="Folder", version="", tracks=0, warnings=(warning,))
        return ServerInfo(product="Folder", version="")

    async def walk(self) -> AsyncIterator[Track]:
        """Every audio file, opened only if it is new or changed."""
        batches = self._listing.walk()
        while (batch := await self._disk(_next, batches)) is not None:
            for track in batch:
                yield track

    async def get(self, track_id: TrackId) -> Track:
        """One file by its id."""
        return await self._disk(self._listing.get, track_id)

    @asynccontextmanager
    async def audio(self, track_id: TrackId) -> AsyncIterator[Path]:
        """The file itself."""
        found = await self._disk(self._tree.find, track_id)
        if not os.access(found.path, os.R_OK):
            raise Malformed(f"{track_id} may not be read: its permissions do not allow it.")
        yield found.path

    async def changes(self) -> AsyncIterator[Change]:
        """What the system tells of the folder, each file once it is quiet."""
        async for hints in _from_thread(lambda stop: feed.hints(self._tree, stop, playlists=self._lists)):
            for hint in hints:
                yield hint

    async def _looks_empty(self) -> bool:
        """Whether a glance finds no audio file; a folder too large for a glance is not empty."""
        first = self._tree.files()
        try:
            async with asyncio.timeout(_GLANCE_SECONDS):
                return await self._disk(next, first, None) is None
        except TimeoutError:
            return False


class FolderAdapterWithPlaylists(FolderAdapter):
    """A folder of music with a folder for playlists."""

    def __init__(self, tree: Tree, listing: Listing, disk: Disk, shelf: PlaylistFolder) -> None:
        super().__init__(tree, listing, disk, playlists=shelf.folder)
        self._shelf = shelf

    async def publish(self, playlist: Playlist, *, replacing: PlaylistId | None) -> PlaylistId:
        """Write a playlist's file whole, in the place of the one before."""
        return await self._disk(self._shelf.publish, playlist, replacing)

    async def withdraw(self, playlist_id: PlaylistId) -> None:
        """Delete a playlist's file, if it is ours."""
        await self._disk(self._shelf.withdraw, playlist_id)

    async def playlists(self) -> AsyncIterator[PlaylistHeader]:
        """Every playlist file of the folder."""
        for header in await self._disk(self._shelf.headers):
            yield header

    async def entries(self, playlist_id: PlaylistId) -> Sequence[TrackId]:
        """The tracks of a playlist file that lie in our folder of music."""
        return await self._disk(self._shelf.entries, playlist_id)


_WATCHES: type[Watches] = FolderAdapter
_PUBLISHES: type[Publishes] = FolderAdapterWithPlaylists
_READS_PLAYLISTS: type[ReadsPlaylists] = FolderAdapterWithPlaylists


@asynccontextmanager
async def connect(config: FolderConfig, toolbox: Toolbox) -> AsyncIterator[Adapter]:
    """A folder adapter for as long as the block lasts; the folder need not be there yet."""
    disk = Disk(config.path)
    mark = hashlib.sha256(bytes(config.path)).hexdigest()[:8]  # another folder has other files
    cache = await asyncio.to_thread(Cache, toolbox.scratch / f"tracks-{mark}.sqlite", toolbox.log)
    tree = Tree(config.path, config.exclude)
    listing = Listing(tree, cache, toolbox.log)
    try:
        if config.playlists is None:
            yield FolderAdapter(tree, listing, disk)
        else:
            shelf = PlaylistFolder(config.playlists, tree, listing)
            yield FolderAdapterWithPlaylists(tree, listing, disk, shelf)
    finally:
        disk.close()
        await asyncio.to_thread(cache.close)


def _next(batches: Iterator[list[Track]]) -> list[Track] | None:
    return next(batches, None)


async def _from_thread(make: Callable[[Event], Iterator[Result]]) -> AsyncIterator[Result]:
    """The items of a blocking iterator, which runs in a thread of its own until we leave."""
    loop = asyncio.get_running_loop()
    items: asyncio.Queue[Result | None] = asyncio.Queue()
    stop = Event()

    def run() -> None:
        for item in make(stop):
            loop.call_soon_threadsafe(items.put_nowait, item)

    thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="folder-feed")
    ended: Future[None] = thread.submit(run)
    ended.add_done_callback(lambda _: loop.call_soon_threadsafe(items.put_nowait, None))
    try:
        while (item := await items.get()) is not None:
            yield item
        ended.result()
    finally:
        stop.set()
        await asyncio.to_thread(thread.shutdown)
