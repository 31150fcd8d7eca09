"""Playlists on Jellyfin: replaced in place as their owner, or edited with an API key; nobody's but ours."""

from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from typing import Any

import structlog

from segue.model import Playlist, PlaylistHeader, PlaylistId, TrackId
from segue.sdk import Malformed, NotFound, Unsupported
from segue.sdk.dialects.mediabrowser.client import Client
from segue.sdk.dialects.mediabrowser.edits import Entry, batches, edit, title, unique
from segue.sdk.dialects.mediabrowser.listing import Listing
from segue.sdk.dialects.mediabrowser.owned import MARK, Ownership, OwnPlaylist, is_marked
from segue.sdk.dialects.mediabrowser.parse import header, payload
from segue.sdk.dialects.mediabrowser.payloads import Created, Item, Items
from segue_jellyfin.access import Access
from segue_jellyfin.payloads import Sharing

__all__ = ["Playlists"]

_TRIES = 2
_FIELDS = "Tags,Overview,Etag"


class Playlists:
    """What our user, or whoever our key stands in for, is told to hold."""

    def __init__(
        self, access: Access, listing: Listing, ownership: Ownership, log: structlog.stdlib.BoundLogger
    ) -> None:
        self._access = access
        self._client = access.client
        self._listing = listing
        self._ownership = ownership
        self._log = log

    async def headers(self) -> AsyncIterator[PlaylistHeader]:
        """All of music that our user may see; with an API key and no user, all."""
        me = self._access.me
        told = await self._client.read(
            "Items",
            ("recursive", "true"),
            ("includeItemTypes", "Playlist"),
            ("fields", "Etag,ChildCount"),
            ("enableImages", "false"),
            ("enableUserData", "false"),
            *((("userId", me.Id),) if me else ()),
        )
        for item in payload(Items, told).Items:
            if item.MediaType in (None, "Audio", "Unknown"):
                yield header(item)

    async def entries(self, id_: PlaylistId) -> Sequence[TrackId]:
        """The songs of one that our user may see."""
        if not self._listing.is_askable(id_):
            raise NotFound("This server gives no such ids.")
        return [entry.track for entry in await self._entries(id_, self._owner(None))]

    async def publish(self, playlist: Playlist, replacing: PlaylistId | None) -> PlaylistId:
        """Ours in place, or a new one. Jellyfin loses repeated songs or confuses them: each comes once."""
        owner = self._owner(playlist)
        actor = await self._access.as_user(owner)
        if actor is None and not self._access.is_key:
            raise Unsupported("Logged in as a user, we can keep playlists for this user only.")
        wanted = [id_ for id_ in unique(playlist.tracks) if self._listing.is_askable(id_)]
        own = await self._ours(replacing) if replacing is not None else None
        if own is None:
            own = await self._made(playlist, wanted, owner, actor)
        for _ in range(_TRIES):
            if await self._fits(own, playlist, wanted, owner, actor):
                break
            own = await self._ours(own.id) or own
            wanted = await self._known(wanted)
        await self._describe(own, playlist, owner)
        return own.id

    async def withdraw(self, id_: PlaylistId) -> None:
        """Delete ours; one that is gone already, or is not ours any more, is left alone."""
        own = await self._ours(id_)
        if own is None:
            return
        if not own.proved:
            self._log.warning("playlist_not_proved", playlist=id_)
            return
        with suppress(NotFound):
            await self._client.remove(own)
        await self._ownership.forget(id_)

    def _owner(self, playlist: Playlist | None) -> str:
        if playlist is not None and playlist.owner is not None:
            return playlist.owner
        if self._access.me is None:
            raise Unsupported("An API key is nobody: say with `username` whose the playlists shall be.")
        return self._access.me.Id

    async def _ours(self, id_: PlaylistId) -> OwnPlaylist | None:
        if not self._listing.is_askable(id_):
            return None
        found = [item for item in await self._listing.items([id_], _FIELDS) if item.Id == id_]
        return await self._ownership.claim(found[0] if found else None, id_)

    async def _made(
        self, playlist: Playlist, wanted: Sequence[TrackId], owner: str, actor: Client | None
    ) -> OwnPlaylist:
        """A new one; whether others see it is said, because the server's own choice is that they do."""
        told = await (actor or self._client).act(
            "Playlists",
            body={
                "Name": title(playlist),
                "Ids": list(wanted),
                "UserId": owner,
                "MediaType": "Audio",
                "IsPublic": playlist.public,
            },
        )
        id_ = PlaylistId(payload(Created, told).Id)
        await self._ownership.made(id_)
        own = await self._ours(id_)
        if own is None:
            raise Malformed("The server made a playlist, but does not tell of it.")
        return own

    async def _fits(
        self,
        own: OwnPlaylist,
        playlist: Playlist,
        wanted: Sequence[TrackId],
        owner: str,
        actor: Client | None,
    ) -> bool:
        """Whether it is as it should be already; if not, it is written."""
        held = await self._entries(own.id, owner)
        if actor is not None:
            sharing = payload(Sharing, await actor.read(f"Playlists/{own.id}", may_miss=True))
            same = (own.name, sharing.OpenAccess) == (title(playlist), playlist.public)
            if same and [entry.track for entry in held] == list(wanted):
                return True
            await self._replace(actor, own, playlist, wanted)
            return False
        change = edit(held, wanted)
        if change:
            await self._take_out(own, change.remove)
            for ids in batches(change.append):
                query = ("ids", ",".join(ids)), ("userId", owner)
                await self._client.act(f"Playlists/{own.id}/Items", *query, forbidden=Unsupported)
        return not change

    async def _known(self, tracks: Sequence[TrackId]) -> list[TrackId]:
        """Those that the server has."""
        there = {item.Id for item in await self._listing.items(tracks)}
        return [track for track in tracks if track in there]

    async def _replace(
        self, actor: Client, own: OwnPlaylist, playlist: Playlist, wanted: Sequence[TrackId]
    ) -> None:
        body = {"Name": title(playlist), "Ids": list(wanted), "IsPublic": playlist.public}
        await actor.act(f"Playlists/{own.id}", body=body, safe=True, forbidden=Unsupported)

    async def _take_out(self, own: OwnPlaylist, entries: Sequence[str]) -> None:
        for ids in batches(entries):
            try:
                await self._client.remove(own, entries=ids)
            except Malformed as error:  # how 10.10 fails to see that a key needs no user
                raise Unsupported(
                    "This version of Jellyfin does not let an API key take songs out of playlists: set "
                    "`quick_connect = true`, or log in with `username` and `password`."
                ) from error

    async def _describe(self, own: OwnPlaylist, playlist: Playlist, owner: str) -> None:
        """Name, description and our mark, as far as we may: only administrators write them."""
        if not self._access.administers:
            return
        told = await self._client.read(f"Items/{own.id}", ("userId", owner), may_miss=True)
        item = payload(Item, told)
        words = (title(playlist), playlist.description or None)
        if (item.Name, item.Overview) == words and is_marked(item):
            return
        await self._write(own, {**told, "Name": words[0], "Overview": words[1] or ""}, item.Tags)
        for now in await self._listing.items([own.id], _FIELDS):
            await self._ownership.tagged(own.id, now)

    async def _write(self, own: OwnPlaylist, item: dict[str, Any], tags: Sequence[str]) -> None:
        """The whole item goes back: what is left out is lost."""
        body = {**item, "Tags": [*(tag for tag in tags if tag != MARK), MARK]}
        try:
            await self._client.act(f"Items/{own.id}", body=body, safe=True, forbidden=Unsupported)
        except Unsupported as error:
            self._log.info("playlist_not_described", playlist=own.id, reason=str(error))

    async def _entries(self, id_: PlaylistId, owner: str) -> list[Entry]:
        told = await self._client.read(
            f"Playlists/{id_}/Items",
            ("userId", owner),
            ("enableImages", "false"),
            ("enableUserData", "false"),
            may_miss=True,
            forbidden=Unsupported,
        )
        items = payload(Items, told).Items
        return [Entry(id=item.PlaylistItemId or item.Id, track=TrackId(item.Id)) for item in items]
