"""Speaks to one Music Player Daemon; each act has a connection of its own."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from segue.model import (
    Change,
    LibraryChanged,
    Playlist,
    PlaylistHeader,
    PlaylistId,
    PlaylistsChanged,
    Track,
    TrackChanged,
    TrackId,
    UserId,
)
from segue.sdk import (
    Adapter,
    AuthFailed,
    CatchesUp,
    KeepsHistory,
    Malformed,
    NotFound,
    Play,
    Publishes,
    ReadsPlaylists,
    ServerInfo,
    Toolbox,
    Unsupported,
    User,
    Watches,
)
from segue.sdk.local import LocalFiles
from segue_mpd.client import Client, opened
from segue_mpd.config import MpdConfig
from segue_mpd.library import Connect, Library
from segue_mpd.playlists import Playlists
from segue_mpd.stickers import EVERYBODY, Stickers
from segue_mpd.wire import Ack, refusals

__all__ = ["MpdAdapter", "MpdAdapterWithHistory", "connect"]

_AT_ONCE = 8
_NEEDED = frozenset({"find", "stats", "status", "idle", "tagtypes"})
_LATELY = 50
_SLACK = timedelta(seconds=2)


class MpdAdapter:
    """Songs by their uri; audio from our own file system, because MPD hands none out."""

    def __init__(self, connect: Connect, local: LocalFiles | None) -> None:
        self._connect = connect
        self._local = local
        self._library = Library(connect, local)
        self._playlists = Playlists(connect)

    async def probe(self) -> ServerInfo:
        """Look at our rights, and whether the files are where they are said to be."""
        with refusals("a look at its songs"):
            return await self._probe()

    def walk(self) -> AsyncIterator[Track]:
        """The whole database."""
        return self._library.walk()

    async def get(self, track_id: TrackId) -> Track:
        """One song."""
        return await self._library.get(track_id)

    @asynccontextmanager
    async def audio(self, track_id: TrackId) -> AsyncIterator[Path]:
        """The song's file in our own file system."""
        if self._local is None:
            raise Unsupported("MPD hands out no audio: set `path` to where its music is found here.")
        try:
            path = await self._local.lend(track_id)
        except NotFound:
            await self.get(track_id)
            raise Malformed(
                f"MPD lists {track_id}, but there is no such file below {self._local.root}."
            ) from None
        yield path

    def changed_since(self, moment: datetime) -> AsyncIterator[Track]:
        """Songs with younger files."""
        return self._library.changed_since(moment)

    async def changes(self) -> AsyncIterator[Change]:
        """A look at everything whenever the database changed, the youngest songs by name before it; at
        playlists whenever one was edited.
        """
        with refusals("to tell of changes"):
            async with self._connect() as client:
                seen = datetime.now(UTC)
                yield LibraryChanged()
                async for changed in client.events("database", "stored_playlist"):
                    if "stored_playlist" in changed:
                        yield PlaylistsChanged()
                    if "database" in changed:
                        now = datetime.now(UTC)
                        for track in await self._lately(seen - _SLACK):
                            yield TrackChanged(track.id)
                        seen = now
                        yield LibraryChanged()

    async def publish(self, playlist: Playlist, *, replacing: PlaylistId | None) -> PlaylistId:
        """Keep a stored playlist."""
        return await self._playlists.publish(playlist, replacing)

    async def withdraw(self, playlist_id: PlaylistId) -> None:
        """Remove a stored playlist."""
        await self._playlists.withdraw(playlist_id)

    def playlists(self) -> AsyncIterator[PlaylistHeader]:
        """All stored playlists."""
        return self._playlists.headers()

    async def entries(self, playlist_id: PlaylistId) -> Sequence[TrackId]:
        """A stored playlist's songs."""
        return await self._playlists.entries(playlist_id)

    async def _probe(self) -> ServerInfo:
        async with self._connect() as client:
            if missing := _NEEDED - await _commands(client):
                raise AuthFailed(f"MPD does not let us use: {', '.join(sorted(missing))}.")
            stats = dict(await client.ask("stats"))
            first = await client.ask("find", '(base "")', "window", "0:5")
        uris = [value for key, value in first if key == "file"]
        return ServerInfo(
            product="MPD",
            version=client.protocol,
            tracks=int(stats["songs"]) if stats.get("songs", "").isdigit() else None,
            warnings=tuple(await self._warnings(uris)),
        )

    async def _lately(self, moment: datetime) -> list[Track]:
        """What is young, unless it is much: then a look at everything is as quick."""
        found = [track async for track in self._library.changed_since(moment, most=_LATELY + 1)]
        return found if len(found) <= _LATELY else []

    async def _warnings(self, uris: Sequence[str]) -> list[str]:
        if self._local is None:
            return ["MPD hands out no audio: set `path` to where its music is found on this machine."]
        await self._local.require()
        if uris and not any(await self._local.look(uris)):
            return [f"None of MPD's first songs is found below {self._local.root}; is `path` right?"]
        return []


class MpdAdapterWithHistory(MpdAdapter):
    """An MPD that keeps stickers and lets us read them."""

    def __init__(self, connect: Connect, local: LocalFiles | None) -> None:
        super().__init__(connect, local)
        self._stickers = Stickers(connect)

    async def users(self) -> AsyncIterator[User]:
        """One for all: MPD knows no users."""
        yield EVERYBODY

    def plays(self, user: UserId, since: datetime) -> AsyncIterator[Play]:
        """What clients noted in stickers."""
        return self._stickers.plays(since)


_WATCHES: type[Watches] = MpdAdapter
_CATCHES_UP: type[CatchesUp] = MpdAdapter
_PUBLISHES: type[Publishes] = MpdAdapter
_READS_PLAYLISTS: type[ReadsPlaylists] = MpdAdapter
_KEEPS_HISTORY: type[KeepsHistory] = MpdAdapterWithHistory


@asynccontextmanager
async def connect(config: MpdConfig, toolbox: Toolbox) -> AsyncIterator[Adapter]:
    """An adapter for as long as the block lasts; MPD must be there to say what it can do."""
    few = asyncio.Semaphore(_AT_ONCE)
    password = config.password.get_secret_value() if config.password else None

    @asynccontextmanager
    async def open_client() -> AsyncIterator[Client]:
        async with few, opened(config.host, config.port, password) as client:
            yield client

    async with open_client() as client:
        stickers = "sticker" in await _commands(client) and await _keeps_stickers(client)
        root = config.path or await _music_directory(client)
    local = await asyncio.to_thread(LocalFiles, root, toolbox.scratch, toolbox.log) if root else None
    kind = MpdAdapterWithHistory if stickers else MpdAdapter
    try:
        yield kind(open_client, local)
    finally:
        if local is not None:
            await asyncio.to_thread(local.close)


async def _commands(client: Client) -> frozenset[str]:
    with refusals("to tell its commands"):
        return frozenset(value for key, value in await client.ask("commands") if key == "command")


async def _keeps_stickers(client: Client) -> bool:
    try:
        await client.ask("sticker", "find", "song", "", "playCount")
    except Ack:
        return False
    return True


async def _music_directory(client: Client) -> Path | None:
    """Where MPD says its music is, which it does over a unix socket only; of use only if it is here too."""
    try:
        told = dict(await client.ask("config")).get("music_directory", "")
    except Ack:
        return None
    path = Path(told)
    return path if path.is_absolute() and await asyncio.to_thread(path.is_dir) else None
