"""Speaks to one Emby server."""

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
from segue.sdk.dialects.mediabrowser.parse import payload
from segue.sdk.dialects.mediabrowser.payloads import Libraries, Library, UserPayload, Users
from segue.sdk.dialects.mediabrowser.watching import Watching
from segue.sdk.http import HttpLimits, HttpServer, trust
from segue.sdk.places import Places, places
from segue.sdk.shelf import Shelf
from segue_emby.access import Access, enter, spelt
from segue_emby.config import EmbyConfig
from segue_emby.messages import listen
from segue_emby.playlists import Playlists
from segue_emby.probing import introduced, probe
from segue_emby.webhooks import changes_of

__all__ = ["EmbyAdapter", "connect"]

_FIELDS = "Path,ProviderIds,MediaSources,Genres,DateCreated,DateModified,Size"
_SINCE = "minDateLastSaved"
_IDS = re.compile(r"[0-9A-Za-z]{1,64}")
_LEAVE_SECONDS = 3.0


class EmbyAdapter:
    """Tracks and playlists by the server's own ids."""

    def __init__(
        self,
        *,
        version: str,
        access: Access,
        listing: Listing,
        lending: Lending,
        watching: Watching,
        playlists: Playlists,
    ) -> None:
        self._version = version
        self._access = access
        self._listing = listing
        self._lending = lending
        self._watching = watching
        self._playlists = playlists
        self._history = History(access.client, listing)

    async def probe(self) -> ServerInfo:
        """Whether our rights suffice, and what the operator should know."""
        return await probe(self._version, self._access, self._listing)

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
        """What its notifications post."""
        return changes_of(delivery)

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
        me = self._access.me
        users = [me] if me is not None and not self._access.administers else await self._all_users()
        for user in users:
            if not user.is_disabled:
                yield User(id=UserId(user.Id), name=user.Name or user.Id)

    def plays(self, user: UserId, since: datetime) -> AsyncIterator[Play]:
        """A user's plays and favourites."""
        return self._history.plays(user, since)

    async def _all_users(self) -> Sequence[UserPayload]:
        return payload(Users, await self._access.client.read("Users/Query")).Items


_WATCHES: type[Watches] = EmbyAdapter
_RECEIVES_WEBHOOKS: type[ReceivesWebhooks] = EmbyAdapter
_CATCHES_UP: type[CatchesUp] = EmbyAdapter
_PUBLISHES: type[Publishes] = EmbyAdapter
_READS_PLAYLISTS: type[ReadsPlaylists] = EmbyAdapter
_KEEPS_HISTORY: type[KeepsHistory] = EmbyAdapter
_NAMES_ARTISTS: type[NamesArtists] = EmbyAdapter


@asynccontextmanager
async def connect(config: EmbyConfig, toolbox: Toolbox) -> AsyncIterator[Adapter]:
    """An adapter for as long as the block lasts; logs in, and out again where it did."""
    tls = trust(verify=config.verify_certificate, authority=config.authority)
    limits = HttpLimits(attempts=3)
    http, root = (
        HttpServer(toolbox.http, url, tls=tls, secrets=config.secrets(), limits=limits)
        for url in (f"{config.url}/emby", config.url)
    )
    async with AsyncExitStack() as stack:
        name = await stack.enter_async_context(device(toolbox.scratch))
        version = await introduced(Client(http, {}, spelt))
        access = await enter(http, config, name)
        stack.push_async_callback(_leave, access)
        memory = await asyncio.to_thread(Shelf, toolbox.scratch / "playlists.sqlite", toolbox.log)
        stack.callback(memory.close)
        ownership = Ownership(memory, toolbox.log, may_mark=access.administers)
        local = await stack.enter_async_context(places(config.path, toolbox))
        listing = _listing(access, local, config)
        yield EmbyAdapter(
            version=version,
            access=access,
            listing=listing,
            lending=Lending(
                access.client, listing, local, toolbox.scratch, device=name, originals=("Download", "File")
            ),
            watching=Watching(
                access.client,
                listing,
                partial(listen, Client(root, {}), access.token, name),
                is_told_all=not access.is_key,
                poll_seconds=config.poll_seconds,
                log=toolbox.log,
            ),
            playlists=Playlists(access, listing, ownership, toolbox.log),
        )


def _listing(access: Access, local: Places, config: EmbyConfig) -> Listing:
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
        told = await access.client.read("Library/VirtualFolders/Query")
    else:
        told = await access.client.read(f"Users/{access.view}/Views", ("includeExternalContent", "false"))
    return payload(Libraries, told).Items


async def _leave(access: Access) -> None:
    """Log out, if the server is there to hear it."""
    with suppress(AdapterError, TimeoutError):
        async with asyncio.timeout(_LEAVE_SECONDS):
            await access.leave()
