"""A server in memory that does what a test tells it: it may break off, lie, fall silent or refuse."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from segue.model import Change, LibraryChanged, PlaylistHeader, PlaylistId, Track, TrackId
from segue.sdk import Adapter, AdapterPlugin, ClientSide, NotFound, ServerConfig, ServerInfo, Toolbox


@dataclass
class MemoryServer:
    """The truth, and how it is told. `fault` is raised by everything; `break_after` ends a listing early."""

    tracks: dict[TrackId, Track] = field(default_factory=dict)
    fault: Exception | None = None
    feed_fault: Exception | None = None
    break_after: int | None = None
    break_with: Exception | None = None
    walks: int = 0
    gets: int = 0
    listeners: list[asyncio.Queue[Change | Exception]] = field(default_factory=list)
    while_listing: list[object] = field(default_factory=list)
    client_side: ClientSide | None = None
    artists: dict[str, str] = field(default_factory=dict)
    artists_of: dict[str, str] = field(default_factory=dict)
    lists: dict[str, list[str]] = field(default_factory=dict)

    def hold(self, *tracks: Track) -> None:
        self.tracks |= {track.id: track for track in tracks}

    def tell(self, *changes: Change | Exception) -> None:
        for listener in self.listeners:
            for change in changes:
                listener.put_nowait(change)

    def plugin(
        self, kind: str = "memory", *, watches: bool = True, lists: bool = False
    ) -> AdapterPlugin[ServerConfig]:
        adapter: Adapter = _WatchingAdapter(self) if watches else _MemoryAdapter(self)
        if lists:
            adapter = _ListingAdapter(self)

        @asynccontextmanager
        async def connect(config: ServerConfig, toolbox: Toolbox) -> AsyncIterator[Adapter]:
            yield adapter

        side = self.client_side
        return AdapterPlugin(
            kind=kind,
            title="In memory",
            config=ServerConfig,
            connect=connect,
            client_side=None if side is None else lambda _config: side,
        )


class _MemoryAdapter:
    def __init__(self, server: MemoryServer) -> None:
        self._server = server

    async def probe(self) -> ServerInfo:
        self._answer()
        return ServerInfo(product="Memory", version="1")

    async def walk(self) -> AsyncIterator[Track]:
        self._answer()
        self._server.walks += 1
        for number, track in enumerate(list(self._server.tracks.values())):
            if number == self._server.break_after:
                if self._server.break_with:
                    raise self._server.break_with
                return
            if number % 100 == 0:
                await asyncio.sleep(0)
            yield track
        for act in self._server.while_listing:
            await act()  # type: ignore[operator]

    async def get(self, track_id: TrackId) -> Track:
        self._answer()
        self._server.gets += 1
        if track_id not in self._server.tracks:
            raise NotFound(f"There is no track {track_id}.")
        return self._server.tracks[track_id]

    async def artist_name(self, artist_id: str) -> str:
        self._answer()
        if artist_id not in self._server.artists:
            raise NotFound(f"There is no artist {artist_id}.")
        return self._server.artists[artist_id]

    async def artist_ids(self, track_ids: Sequence[TrackId]) -> Mapping[TrackId, str]:
        self._answer()
        return {one: self._server.artists_of[one] for one in track_ids if one in self._server.artists_of}

    @asynccontextmanager
    async def audio(self, track_id: TrackId) -> AsyncIterator[Path]:
        self._answer()
        raise NotFound("There is no audio here.")
        yield Path()

    def _answer(self) -> None:
        if self._server.fault:
            raise self._server.fault


class _WatchingAdapter(_MemoryAdapter):
    async def changes(self) -> AsyncIterator[Change]:
        self._answer()
        if self._server.feed_fault:
            raise self._server.feed_fault
        queue: asyncio.Queue[Change | Exception] = asyncio.Queue()
        self._server.listeners.append(queue)
        try:
            yield LibraryChanged()
            while True:
                change = await queue.get()
                if isinstance(change, Exception):
                    raise change
                yield change
        finally:
            self._server.listeners.remove(queue)


class _ListingAdapter(_WatchingAdapter):
    async def playlists(self) -> AsyncIterator[PlaylistHeader]:
        self._answer()
        for name, entries in self._server.lists.items():
            yield PlaylistHeader(id=PlaylistId(name), name=name, tracks=len(entries))

    async def entries(self, playlist_id: PlaylistId) -> Sequence[TrackId]:
        self._answer()
        if playlist_id not in self._server.lists:
            raise NotFound(f"There is no playlist {playlist_id}.")
        return [TrackId(track) for track in self._server.lists[playlist_id]]
