"""Lists a server's songs, and calls a listing complete only if nothing moved while it was made."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial

from segue.model import Track, TrackId
from segue.sdk.dialects.mediabrowser.client import Client, Pair
from segue.sdk.dialects.mediabrowser.edits import batches
from segue.sdk.dialects.mediabrowser.libraries import Part, choose, part_of
from segue.sdk.dialects.mediabrowser.paging import ShiftedError, pages
from segue.sdk.dialects.mediabrowser.parse import payload, size, track
from segue.sdk.dialects.mediabrowser.payloads import Item, Items, Library, SongCounts
from segue.sdk.errors import NotFound, Unavailable
from segue.sdk.places import Places

__all__ = ["ItemFile", "Listing", "iso"]

_PASSES = 5
_FEW = 5
_GUID = 32
_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 5.0
_AUDIO: tuple[Pair, ...] = (("recursive", "true"), ("includeItemTypes", "Audio"), ("enableImages", "false"))


class ItemFile:
    """Where the server has an item's file, and how large it is."""

    def __init__(self, item: Item) -> None:
        self.path = item.Path
        self.size = size(item)


class Listing:
    """Songs as tracks: all of them, those changed since, or one.

    `user`: whose view of the library it is, None for all that there is. `since`: the parameter that asks
    for what was saved after a moment. `ids`: what an id of this server looks like.
    """

    def __init__(
        self,
        client: Client,
        local: Places,
        *,
        folders: Callable[[], Awaitable[Sequence[Library]]],
        libraries: Sequence[str],
        user: str | None,
        fields: str,
        since: str,
        ids: re.Pattern[str],
        page: int = 500,
    ) -> None:
        self._client = client
        self._local = local
        self._folders = folders
        self._libraries = libraries
        self._user: tuple[Pair, ...] = (("userId", user),) if user else ()
        self._fields = fields
        self._since = since
        self._ids = ids
        self._page = page

    async def walk(self) -> AsyncIterator[Track]:
        """Pass after pass until one was complete; each track once."""
        told: set[int] = set()
        self._local.begin()
        pause = _FIRST_PAUSE
        for left in reversed(range(_PASSES)):
            empty = True
            try:
                async for one in self._pass(()):
                    empty = False
                    mark = hash((one.id, one.revision))
                    if mark not in told:
                        told.add(mark)
                        yield one
            except ShiftedError as error:
                if not left:
                    raise Unavailable(
                        "The library kept changing while it was listed.", retry_after=30
                    ) from error
                await asyncio.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)
            else:
                if empty:
                    await self._require_emptiness(told=bool(told))
                return

    async def changed_since(self, moment: datetime) -> AsyncIterator[Track]:
        """What the server saved since then, whatever the reason; incomplete if it changes meanwhile."""
        try:
            async for one in self._pass(((self._since, iso(moment)),)):
                yield one
        except ShiftedError:
            return

    async def get(self, track_id: TrackId) -> Track:
        """One track, if it is in a library of ours."""
        item = await self.song(track_id)
        part = await self._part(item)
        if part is None:
            raise NotFound(f"{track_id} is in none of our libraries.")
        [one] = await self._tracks([item], part)
        return one

    async def misses_files(self) -> bool:
        """Whether files are looked for on this machine, and none of the first songs' is found."""
        if not self._local:
            return False
        await self._local.require()
        self._local.begin()
        async for one in self._first():
            if one.content_key is not None:
                return False
        return True

    async def _first(self) -> AsyncIterator[Track]:
        """A few songs of each library."""
        for part in await self.parts():
            for one in await self._tracks((await self._fetch(part, (), 0, _FEW)).Items, part):
                yield one

    async def song(self, track_id: TrackId) -> Item:
        """One song as the server tells it."""
        if not self._ids.fullmatch(track_id):
            raise NotFound("This server gives no such ids.")
        found = [item for item in await self.items([track_id], self._fields) if item.Id == track_id]
        if not found or found[0].Type != "Audio":
            raise NotFound(f"There is no song {track_id}.")
        return found[0]

    async def items(self, ids: Sequence[str], fields: str = "") -> list[Item]:
        """Items of any kind by their ids, in no order; what is not there is left out."""
        found: list[Item] = []
        for some in batches(ids):
            told = await self._client.read(
                "Items",
                ("ids", ",".join(some)),
                *((("fields", fields),) if fields else ()),
                ("enableImages", "false"),
                *self._user,
            )
            found += payload(Items, told).Items
        return found

    async def artist_name(self, artist_id: str) -> str:
        """The name of the artist with this id."""
        bare = artist_id.replace("-", "").lower()
        id_ = bare if len(bare) == _GUID else artist_id
        for item in await self.items([id_]) if self._ids.fullmatch(id_) else ():
            if item.Id == id_ and item.Type == "MusicArtist" and item.Name:
                return item.Name
        raise NotFound(f"There is no artist {artist_id}.")

    async def artist_ids(self, track_ids: Sequence[TrackId]) -> Mapping[TrackId, str]:
        """The ids of these songs' first artists, as far as there are such songs and artists."""
        wanted = [one for one in dict.fromkeys(track_ids) if self._ids.fullmatch(one)]
        first = {item.Id: item.ArtistItems[0].Id for item in await self.items(wanted) if item.ArtistItems}
        return {one: artist for one in wanted if (artist := first.get(one))}

    async def parts(self) -> list[Part]:
        """The libraries to list."""
        return choose(await self._folders(), self._libraries)

    async def count(self) -> int:
        """How many songs our libraries hold."""
        pages = [await self._fetch(part, (), 0, 1) for part in await self.parts()]
        return sum(page.TotalRecordCount or 0 for page in pages)

    async def saved_since(self, moment: datetime, *, most: int) -> list[tuple[str, str]]:
        """Ids and stamps of the songs that were saved since then, so many at most."""
        told = await self._client.read(
            "Items",
            *_AUDIO,
            (self._since, iso(moment)),
            ("fields", "Etag"),
            ("enableUserData", "false"),
            ("startIndex", "0"),
            ("limit", str(most)),
            *self._user,
        )
        return [(item.Id, item.Etag or "") for item in payload(Items, told).Items]

    def is_askable(self, text: str) -> bool:
        """Whether a text can be an id of this server."""
        return self._ids.fullmatch(text) is not None

    async def _pass(self, filters: Sequence[Pair]) -> AsyncIterator[Track]:
        for part in await self.parts():
            async for items in pages(partial(self._fetch, part, filters), self._page):
                for one in await self._tracks(items, part):
                    yield one

    async def _fetch(self, part: Part, filters: Sequence[Pair], offset: int, count: int) -> Items:
        """Sorted by what does not change when other songs come, go or get other tags."""
        told = await self._client.read(
            "Items",
            ("parentId", part.id),
            *_AUDIO,
            *filters,
            ("fields", self._fields),
            ("enableUserData", "false"),
            ("sortBy", "DateCreated,SortName"),
            ("sortOrder", "Ascending"),
            ("startIndex", str(offset)),
            ("limit", str(count)),
            *self._user,
        )
        return payload(Items, told)

    async def _tracks(self, items: Sequence[Item], part: Part) -> list[Track]:
        """With the key of their content where their files are found here."""
        files = await self._local.look([ItemFile(item) for item in items])
        return [
            track(item, library=part.name, content_key=file.content_key if file else None)
            for item, file in zip(items, files, strict=True)
        ]

    async def _part(self, item: Item) -> Part | None:
        """By its path; a user who is not told the libraries' folders has to look for it in each."""
        parts = await self.parts()
        if any(part.folders for part in parts):
            return part_of(item.Path, parts)
        for part in parts:
            if any(one.Id == item.Id for one in (await self._in(part, item.Id)).Items):
                return part
        return None

    async def _in(self, part: Part, id_: str) -> Items:
        told = await self._client.read("Items", ("ids", id_), ("parentId", part.id), *_AUDIO, *self._user)
        return payload(Items, told)

    async def _require_emptiness(self, *, told: bool) -> None:
        """A database that does not answer looks like an empty library: ask for another witness."""
        songs = payload(SongCounts, await self._client.read("Items/Counts", *self._user)).SongCount
        if songs and (told or not self._libraries):
            raise Unavailable(f"The server speaks of {songs} songs, but lists none in a music library.")


def iso(moment: datetime) -> str:
    """A moment as both servers read it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
