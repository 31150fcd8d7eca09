"""Speaks to one Jellyfin server."""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from datetime import datetime
from functools import partial
from pathlib import Path

from segue.model import Change, Playlist, PlaylistHeader, PlaylistId, Track, TrackId, UserId
from segue.sdk import (
    Adapter,
    AdapterError,
    CatchesUp,
    KeepsHistory,
    NamesArtists,
    Play,
    Publishes,
    ReadsPlaylists,
    ReceivesWebhooks,
    ServerInfo,
    SetsUpWebhooks,
    Toolbox,
    User,
    Watches,
    WebhookDelivery,
)
from segue.sdk.dialects.mediabrowser.client import Client
from segue.sdk.dialects.mediabrowser.device import device
from segue.sdk.dialects.mediabrowser.history import History
from segue.sdk.dialects.mediabrowser.lending import Lending
from segue.sdk.dialects.mediabrowser.listing import Listing
from segue.sdk.dialects.mediabrowser.owned import Ownership
from segue.sdk.dialects.mediabrowser.parse import payload, payloads
from segue.sdk.dialects.mediabrowser.payloads import Libraries, Library, UserPayload
from segue.sdk.dialects.mediabrowser.watching import Watching
from segue.sdk.http import HttpLimits, HttpServer, trust
from segue.sdk.places import Places, places
from segue.sdk.shelf import Shelf
from segue_jellyfin.access import Access, enter
from segue_jellyfin.config import JellyfinConfig
from segue_jellyfin.messages import listen
from segue_jellyfin.playlists import Playlists
from segue_jellyfin.probing import Server, introduced, probe
from segue_jellyfin.provisioning import set_up_webhook
from segue_jellyfin.webhooks import changes_of

__all__ = ["JellyfinAdapter", "connect"]

_FIELDS = "Path,ProviderIds,MediaSources,Genres,DateCreated"
_SINCE = "minDateLastSavedForUser"  # despite its name; the better named one is broken in 10.10
_IDS = re.compile(r"[0-9a-f]{32}")
_LEAVE_SECONDS = 3.0


class JellyfinAdapter:
    """Tracks and playlists by the server's own ids."""

    def __init__(
        self,
        *,
        server: Server,
        access: Access,
        listing: Listing,
        lending: Lending,
        watching: Watching,
        playlists: Playlists,
    ) -> None:
        self._server = server
        self._access = access
        self._listing = listing
        self._lending = lending
        self._watching = watching
        self._playlists = playlists
        self._history = History(access.client, listing)

    async def probe(self) -> ServerInfo:
        """Whether our rights suffice, and what the operator should know."""
        return await probe(self._server, self._access, self._listing)

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
        """What its messages tell, and what looking finds."""
        return self._watching.changes()

    def read_webhook(self, delivery: WebhookDelivery) -> Sequence[Change]:
        """What the Webhook plugin posts."""
        return changes_of(delivery)

    async def set_up_webhook(self, address: str, secret: str) -> str:
        """Have the Webhook plugin post to us."""
        return await set_up_webhook(self._access, address, secret)

    def changed_since(self, moment: datetime) -> AsyncIterator[Track]:
        """Songs that the server saved since then."""
        return self._listing.changed_since(moment)

    async def publish(self, playlist: Playlist, *, replacing: PlaylistId | None) -> PlaylistId:
        """Keep a playlist of ours."""
        return await self._playlists.publish(playlist, replacing)

    async def withdraw(self, playlist_id: PlaylistId) -> None:
        """Delete a playlist of ours."""
        await self._playlists.withdraw(playlist_id)

    def playlists(self) -> AsyncIterator[PlaylistHeader]:
        """All that our user sees."""
        return self._playlists.headers()

    async def entries(self, playlist_id: PlaylistId) -> Sequence[TrackId]:
        """A playlist's songs."""
        return await self._playlists.entries(playlist_id)

    async def users(self) -> AsyncIterator[User]:
        """All who may log in; only ourselves, where we may see no others."""
        for user in payloads(UserPayload, await self._access.client.read("Users")):
            if not user.is_disabled and (self._access.administers or user.Id == self._access.view):
                yield User(id=UserId(user.Id), name=user.Name or user.Id)

    def plays(self, user: UserId, since: datetime) -> AsyncIterator[Play]:
        """A user's plays and favourites."""
        return self._history.plays(user, since)


_WATCHES: type[Watches] = JellyfinAdapter
_RECEIVES_WEBHOOKS: type[ReceivesWebhooks] = JellyfinAdapter
_SETS_UP_WEBHOOKS: type[SetsUpWebhooks] = JellyfinAdapter
_CATCHES_UP: type[CatchesUp] = JellyfinAdapter
_PUBLISHES: type[Publishes] = JellyfinAdapter
_READS_PLAYLISTS: type[ReadsPlaylists] = JellyfinAdapter
_KEEPS_HISTORY: type[KeepsHistory] = JellyfinAdapter
_NAMES_ARTISTS: type[NamesArtists] = JellyfinAdapter


@asynccontextmanager
async def connect(config: JellyfinConfig, toolbox: Toolbox) -> AsyncIterator[Adapter]:
    """An adapter for as long as the block lasts; logs in, and out again where it did."""
    tls = trust(verify=config.verify_certificate, authority=config.authority)
    http = HttpServer(
        toolbox.http, config.url, tls=tls, secrets=config.secrets(), limits=HttpLimits(attempts=3)
    )
    async with AsyncExitStack() as stack:
        name = await stack.enter_async_context(device(toolbox.scratch))
        server = await introduced(Client(http, {}))
        access = await enter(http, config, name, toolbox.log)
        stack.push_async_callback(_leave, access)
        memory = await asyncio.to_thread(Shelf, toolbox.scratch / "playlists.sqlite", toolbox.log)
        stack.callback(memory.close)
        ownership = Ownership(memory, toolbox.log, may_mark=access.administers)
        local = await stack.enter_async_context(places(config.path, toolbox))
        listing = _listing(access, local, config)
        talker = await _talker(access)
        yield JellyfinAdapter(
            server=server,
            access=access,
            listing=listing,
            lending=Lending(access.client, listing, local, toolbox.scratch, device=name, originals=("File",)),
            watching=Watching(
                access.client,
                listing,
                partial(listen, talker or access.client),
                is_told_all=talker is not None,
                poll_seconds=config.poll_seconds,
                log=toolbox.log,
            ),
            playlists=Playlists(access, listing, ownership, toolbox.log),
        )


def _listing(access: Access, local: Places, config: JellyfinConfig) -> Listing:
    return Listing(
        access.client,
        local,
        folders=partial(_libraries, access),
        libraries=config.libraries,
        user=access.view,
        fields=_FIELDS,
        since=_SINCE,
        ids=_IDS,
    )


async def _libraries(access: Access) -> Sequence[Library]:
    """As administrators see them, else as the user does."""
    if access.administers:
        return payloads(Library, await access.client.read("Library/VirtualFolders"))
    told = await access.client.read("UserViews", ("userId", access.view or ""))
    return payload(Libraries, told).Items


async def _talker(access: Access) -> Client | None:
    """Whoever is told of changes: a user, not an API key."""
    return await access.as_user(access.me.Id) if access.me is not None else None


async def _leave(access: Access) -> None:
    """Log out, if the server is there to hear it."""
    with suppress(AdapterError, TimeoutError):
        async with asyncio.timeout(_LEAVE_SECONDS):
            await access.leave()
