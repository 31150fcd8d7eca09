"""Speaks to one Lyrion Music Server."""

from base64 import b64encode
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from segue.model import Change, Playlist, PlaylistHeader, PlaylistId, Track, TrackId, UserId
from segue.sdk import (
    Adapter,
    CatchesUp,
    KeepsHistory,
    NumbersTracks,
    Play,
    Publishes,
    ReadsPlaylists,
    ServerInfo,
    Toolbox,
    User,
    Watches,
)
from segue.sdk.http import HttpLimits, HttpServer
from segue.sdk.places import places
from segue_lyrion.client import Client
from segue_lyrion.commandline import opened
from segue_lyrion.config import LyrionConfig
from segue_lyrion.history import EVERYBODY, History
from segue_lyrion.lending import Lending
from segue_lyrion.listing import Listing, speaks_sql
from segue_lyrion.playlists import Playlists
from segue_lyrion.probing import Probing
from segue_lyrion.watching import Watching

__all__ = ["LyrionAdapter", "connect"]

_LIMITS = HttpLimits(attempts=3, at_once=2, silence=20.0)
_SLACK = timedelta(minutes=2)  # clocks differ


class LyrionAdapter:
    """Songs and playlists by their addresses, which outlive the server's numbers; players are left alone."""

    def __init__(
        self,
        *,
        probing: Probing,
        listing: Listing,
        lending: Lending,
        watching: Watching,
        playlists: Playlists,
        history: History,
    ) -> None:
        self._probing = probing
        self._listing = listing
        self._lending = lending
        self._watching = watching
        self._playlists = playlists
        self._history = history

    async def probe(self) -> ServerInfo:
        """Who answers, and what the operator should know."""
        return await self._probing.probe()

    def walk(self) -> AsyncIterator[Track]:
        """Every song that is a file."""
        return self._listing.walk()

    async def get(self, track_id: TrackId) -> Track:
        """One song."""
        return await self._listing.get(track_id)

    def audio(self, track_id: TrackId) -> AbstractAsyncContextManager[Path]:
        """The song's file, from this machine's disk if it is there, else from the server."""
        return self._lending.audio(track_id)

    def changes(self) -> AsyncIterator[Change]:
        """What its command line or its signs tell."""
        return self._watching.changes()

    def changed_since(self, moment: datetime) -> AsyncIterator[Track]:
        """Songs with younger files, and such as were read in later."""
        return self._listing.changed_since(moment - _SLACK)

    async def publish(self, playlist: Playlist, *, replacing: PlaylistId | None) -> PlaylistId:
        """Keep a stored playlist."""
        return await self._playlists.publish(playlist, replacing)

    async def withdraw(self, playlist_id: PlaylistId) -> None:
        """Delete a stored playlist."""
        await self._playlists.withdraw(playlist_id)

    def playlists(self) -> AsyncIterator[PlaylistHeader]:
        """All stored playlists."""
        return self._playlists.headers()

    async def entries(self, playlist_id: PlaylistId) -> Sequence[TrackId]:
        """A stored playlist's songs."""
        return await self._playlists.entries(playlist_id)

    async def users(self) -> AsyncIterator[User]:
        """One for all: Lyrion knows no users."""
        yield EVERYBODY

    def plays(self, user: UserId, since: datetime) -> AsyncIterator[Play]:
        """Everybody's plays and ratings."""
        return self._history.plays(since)

    async def numbers(self, track_ids: Sequence[TrackId]) -> Mapping[TrackId, str]:
        """What its plugins call these now."""
        return await self._listing.numbers(track_ids)

    async def numbered(self, numbers: Sequence[str]) -> Mapping[str, TrackId]:
        """What its plugins mean by these now."""
        return await self._listing.numbered(numbers)


_WATCHES: type[Watches] = LyrionAdapter
_CATCHES_UP: type[CatchesUp] = LyrionAdapter
_PUBLISHES: type[Publishes] = LyrionAdapter
_READS_PLAYLISTS: type[ReadsPlaylists] = LyrionAdapter
_KEEPS_HISTORY: type[KeepsHistory] = LyrionAdapter
_NUMBERS_TRACKS: type[NumbersTracks] = LyrionAdapter


@asynccontextmanager
async def connect(config: LyrionConfig, toolbox: Toolbox) -> AsyncIterator[Adapter]:
    """An adapter for as long as the block lasts; the server must be there to say how it may be asked."""
    http = HttpServer(
        toolbox.http, config.url, headers=_credentials(config), secrets=config.secrets(), limits=_LIMITS
    )
    client = Client(http)
    password = config.password.get_secret_value() if config.password else None
    host = urlsplit(config.url).hostname or ""
    open_line = partial(opened, host, config.cli_port, config.username, password)
    sql = await speaks_sql(client)
    async with places(config.path, toolbox) as local:
        listing = Listing(client, local, sql=sql)
        yield LyrionAdapter(
            probing=Probing(client, listing, local, open_line),
            listing=listing,
            lending=Lending(http, listing, local, toolbox.scratch),
            watching=Watching(client, listing, open_line, poll_seconds=config.poll_seconds, log=toolbox.log),
            playlists=Playlists(client, listing),
            history=History(listing),
        )


def _credentials(config: LyrionConfig) -> dict[str, str]:
    if config.username is None or config.password is None:
        return {}
    proof = f"{config.username}:{config.password.get_secret_value()}".encode()
    return {"Authorization": f"Basic {b64encode(proof).decode()}"}
