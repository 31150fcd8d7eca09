"""Speaks to one Navidrome or other Subsonic server."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime
from pathlib import Path

import structlog

from segue.model import (
    Change,
    Playlist,
    PlaylistHeader,
    PlaylistId,
    Track,
    TrackId,
    UserId,
)
from segue.sdk import (
    Adapter,
    AdapterError,
    CatchesUp,
    KeepsHistory,
    NamesArtists,
    NotFound,
    Play,
    Publishes,
    ReadsPlaylists,
    ServerInfo,
    Toolbox,
    User,
    Watches,
)
from segue.sdk.http import HttpLimits, HttpServer, trust
from segue.sdk.places import places
from segue_navidrome.config import NavidromeConfig
from segue_navidrome.dialect import agree
from segue_navidrome.history import History
from segue_navidrome.lending import Lending
from segue_navidrome.listing import Listing
from segue_navidrome.native import Native
from segue_navidrome.playlists import Playlists
from segue_navidrome.probing import Probing
from segue_navidrome.signs import SignReader
from segue_navidrome.watching import Watching

__all__ = ["NavidromeAdapter", "connect"]


class NavidromeAdapter:
    """Tracks and playlists by the server's own ids, as our user may see them."""

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
        """Who answers, what our user may do, and what the operator should know."""
        return await self._probing.probe()

    def walk(self) -> AsyncIterator[Track]:
        """Every song of our libraries."""
        return self._listing.walk()

    async def get(self, track_id: TrackId) -> Track:
        """One song."""
        return await self._listing.get(track_id)

    async def artist_name(self, artist_id: str) -> str:
        """Whose id this is."""
        return await self._listing.artist_name(artist_id)

    async def artist_ids(self, track_ids: Sequence[TrackId]) -> Mapping[TrackId, str]:
        """The ids of these songs' artists."""
        return await self._listing.artist_ids(track_ids)

    def audio(self, track_id: TrackId) -> AbstractAsyncContextManager[Path]:
        """The song's file, from this machine's disk if it is there, else from the server."""
        return self._lending.audio(track_id)

    def changes(self) -> AsyncIterator[Change]:
        """What its events or its signs tell."""
        return self._watching.changes()

    async def changed_since(self, moment: datetime) -> AsyncIterator[Track]:
        """Songs that the server can tell to be younger."""
        async for track_id in self._watching.since(moment):
            try:
                yield await self._listing.get(track_id)
            except NotFound:
                continue

    async def publish(self, playlist: Playlist, *, replacing: PlaylistId | None) -> PlaylistId:
        """Keep a playlist of our user's."""
        return await self._playlists.publish(playlist, replacing)

    async def withdraw(self, playlist_id: PlaylistId) -> None:
        """Delete a playlist of our user's."""
        await self._playlists.withdraw(playlist_id)

    def playlists(self) -> AsyncIterator[PlaylistHeader]:
        """All that our user sees."""
        return self._playlists.headers()

    async def entries(self, playlist_id: PlaylistId) -> Sequence[TrackId]:
        """A playlist's songs."""
        return await self._playlists.entries(playlist_id)

    def users(self) -> AsyncIterator[User]:
        """Our own."""
        return self._history.users()

    def plays(self, user: UserId, since: datetime) -> AsyncIterator[Play]:
        """Our user's plays, stars and ratings."""
        return self._history.plays(user, since)


_WATCHES: type[Watches] = NavidromeAdapter
_CATCHES_UP: type[CatchesUp] = NavidromeAdapter
_PUBLISHES: type[Publishes] = NavidromeAdapter
_READS_PLAYLISTS: type[ReadsPlaylists] = NavidromeAdapter
_KEEPS_HISTORY: type[KeepsHistory] = NavidromeAdapter
_NAMES_ARTISTS: type[NamesArtists] = NavidromeAdapter


@asynccontextmanager
async def connect(config: NavidromeConfig, toolbox: Toolbox) -> AsyncIterator[Adapter]:
    """An adapter for as long as the block lasts; the server must be there to say how it is spoken to."""
    tls = trust(verify=config.verify_certificate, authority=config.authority)
    http = HttpServer(
        toolbox.http, config.url, tls=tls, secrets=config.secrets(), limits=HttpLimits(attempts=3)
    )
    client, server = await agree(http, config)
    native = Native(http, config) if server.is_navidrome and config.password is not None else None
    async with places(config.path, toolbox) as local:
        if local and native is not None:
            await _learn_real_paths(native, toolbox.log)
        listing = Listing(client, server, local, config.libraries)
        signs = SignReader(client, server)
        yield NavidromeAdapter(
            probing=Probing(client, server, listing, signs, local),
            listing=listing,
            lending=Lending(client, listing, local, toolbox.scratch),
            watching=Watching(client, signs, native, poll_seconds=config.poll_seconds, log=toolbox.log),
            playlists=Playlists(client, server, toolbox.log),
            history=History(listing, server.username),
        )


async def _learn_real_paths(native: Native, log: structlog.stdlib.BoundLogger) -> None:
    """Navidrome makes paths up unless our player is allowed to know them; without, audio is downloaded."""
    try:
        await native.report_real_paths()
    except AdapterError as error:
        log.info("real_paths_unsupported", reason=str(error))
