"""Playlists on Emby: edited entry by entry, because it cannot replace them; nobody's but ours."""

from collections.abc import AsyncIterator, Sequence
from contextlib import suppress

import structlog

from segue.model import Playlist, PlaylistHeader, PlaylistId, TrackId
from segue.sdk import AuthFailed, Malformed, NotFound, Unsupported
from segue.sdk.dialects.mediabrowser.edits import Entry, batches, edit, title
from segue.sdk.dialects.mediabrowser.listing import Listing
from segue.sdk.dialects.mediabrowser.owned import MARK, Ownership, OwnPlaylist, is_marked
from segue.sdk.dialects.mediabrowser.parse import header, payload
from segue.sdk.dialects.mediabrowser.payloads import Created, Item, Items
from segue_emby.access import Access

__all__ = ["Playlists"]

_TRIES = 2
_FIELDS = "Tags"


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
            if item.MediaType in (None, "Audio"):
                yield header(item)

    async def entries(self, id_: PlaylistId) -> Sequence[TrackId]:
        """The songs of one that our user may see."""
        if not self._listing.is_askable(id_):
            raise NotFound("This server gives no such ids.")
        return [entry.track for entry in await self._entries(id_, self._owner(None))]

    async def publish(self, playlist: Playlist, replacing: PlaylistId | None) -> PlaylistId:
        """Ours in place, or a new one."""
        owner = self._owner(playlist)
        if not self._access.is_key and owner != self._owner(None):
            raise Unsupported("Logged in as a user, we can keep playlists for this user only.")
        wanted: Sequence[TrackId] = [id_ for id_ in playlist.tracks if self._listing.is_askable(id_)]
        own = await self._ours(replacing) if replacing is not None else None
        if own is None:
            own = await self._made(playlist, owner)
        for _ in range(_TRIES):
            if not await self._edited(own, wanted, owner):
                break
            wanted = await self._known(wanted)
        await self._share(own, playlist)
        await self._describe(own, playlist, owner)
        return own.id

    async def withdraw(self, id_: PlaylistId) -> None:
        """Delete ours; one that is gone already is left alone."""
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

    async def _made(self, playlist: Playlist, owner: str) -> OwnPlaylist:
        """A new, empty one; everything is said in the address, so its songs come by and by."""
        query = ("name", title(playlist)), ("userId", owner), ("mediaType", "Audio")
        told = await self._client.act("Playlists", *query)
        id_ = PlaylistId(payload(Created, told).Id)
        await self._ownership.made(id_)
        own = await self._ours(id_)
        if own is None:
            raise Malformed("The server made a playlist, but does not tell of it.")
        return own

    async def _edited(self, own: OwnPlaylist, wanted: Sequence[TrackId], owner: str) -> bool:
        """Whether it was different. New songs come before old ones go: it is never empty in between."""
        change = edit(await self._entries(own.id, owner), wanted)
        for ids in batches(change.append):
            query = ("ids", ",".join(ids)), ("userId", owner)
            await self._client.act(f"Playlists/{own.id}/Items", *query, forbidden=Unsupported)
        for entries in batches(change.remove):
            await self._client.remove(own, entries=entries)
        return bool(change)

    async def _known(self, tracks: Sequence[TrackId]) -> list[TrackId]:
        """Those that the server has."""
        there = {item.Id for item in await self._listing.items(list(dict.fromkeys(tracks)))}
        return [track for track in tracks if track in there]

    async def _share(self, own: OwnPlaylist, playlist: Playlist) -> None:
        """Said each time, because it cannot be read."""
        way = "MakePublic" if playlist.public else "MakePrivate"
        try:
            await self._client.act(f"Items/{own.id}/{way}", safe=True, forbidden=Unsupported)
        except (NotFound, Unsupported) as error:
            self._log.info("playlist_not_shared", playlist=own.id, reason=str(error))

    async def _describe(self, own: OwnPlaylist, playlist: Playlist, owner: str) -> None:
        """Name, description and our mark; the whole item goes back, for what is left out may be lost."""
        if not self._access.administers:
            return
        told = await self._client.read(f"Users/{owner}/Items/{own.id}", may_miss=True)
        item = payload(Item, told)
        words = (title(playlist), playlist.description or None)
        if (item.Name, item.Overview) == words and is_marked(item):
            return
        tags = list(dict.fromkeys([*item.Tags, *(tag.Name for tag in item.TagItems if tag.Name), MARK]))
        body = {**told, "Name": words[0], "Overview": words[1] or ""}
        body |= {"Tags": tags, "TagItems": [{"Name": tag} for tag in tags]}
        try:
            await self._client.act(f"Items/{own.id}", body=body, safe=True, forbidden=Unsupported)
        except (AuthFailed, Unsupported) as error:
            self._log.info("playlist_not_described", playlist=own.id, reason=str(error))
        for now in await self._listing.items([own.id], _FIELDS):
            await self._ownership.tagged(own.id, now)

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
