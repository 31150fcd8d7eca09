"""The server's stored playlists: edited in place, without any player, and nobody's but ours."""

from collections.abc import AsyncIterator, Sequence
from itertools import count

from segue.model import Playlist, PlaylistHeader, PlaylistId, TrackId
from segue.sdk import Malformed, NotFound, Unsupported
from segue_lyrion.client import Client, Refused
from segue_lyrion.edits import Add, Delete, Edit, Move, applied, edits
from segue_lyrion.listing import Listing
from segue_lyrion.parse import rows
from segue_lyrion.payloads import Entry, Stored

__all__ = ["Playlists"]

_PAGE = 500
_LONGEST_NAME = 180  # bytes: it becomes a file's name
_MOST_NAMES = 1000


class Playlists:
    """A playlist's id is its address: its number changes when the library is read in anew."""

    def __init__(self, client: Client, listing: Listing) -> None:
        self._client = client
        self._listing = listing

    async def headers(self) -> AsyncIterator[PlaylistHeader]:
        async for held in self._stored():
            if held.url:
                name = held.playlist or held.url
                yield PlaylistHeader(id=PlaylistId(held.url), name=name, revision="")

    async def entries(self, id_: PlaylistId) -> Sequence[TrackId]:
        held = await self._find(id_)
        if held is None:
            raise NotFound(f"The server has no playlist {id_}.")
        return [TrackId(one) for one in await self._urls(held.id)]

    async def publish(self, playlist: Playlist, replacing: PlaylistId | None) -> PlaylistId:
        """Each song once: a repeat cannot be added. Songs that the server does not know are left out."""
        known = await self._listing.numbers(playlist.tracks)
        wanted = [str(one) for one in dict.fromkeys(playlist.tracks) if one in known]
        held = await self._find(replacing) if replacing is not None else None
        held = held or await self._made(playlist.name)
        await self._become(held.id, wanted)
        if replacing == held.url and _is_named(held, playlist.name):
            return PlaylistId(held.url or "")
        return await self._renamed(held, playlist.name)

    async def withdraw(self, id_: PlaylistId) -> None:
        """Remove it; one that is gone already is well."""
        held = await self._find(id_)
        if held is None:
            return
        try:
            await self._client.ask("playlists", "delete", f"playlist_id:{held.id}", safe=False)
        except Refused:
            if await self._find(id_) is not None:
                raise

    async def _become(self, number: str, wanted: Sequence[str]) -> None:
        """Edit until it is as wanted; somebody else may edit it meanwhile, so look once more."""
        for _ in range(2):
            present = await self._urls(number)
            steps = edits(present, wanted)
            if not steps:
                return
            for step in steps:
                await self._client.ask(
                    "playlists", "edit", *_words(step), f"playlist_id:{number}", safe=False
                )
            if await self._urls(number) == applied(present, steps):
                return
        raise Malformed("The playlist is another one than it was made.")

    async def _made(self, name: str) -> Stored:
        """A new playlist under a name that nobody has: the server tells when one is taken."""
        for candidate in _names(name):
            answer = await self._client.ask("playlists", "new", f"name:{candidate}", safe=False)
            number = answer.get("playlist_id")
            if number is not None:
                return await self._by_number(str(number))
            if "overwritten_playlist_id" not in answer:
                raise Unsupported(
                    "The server keeps no playlists: it needs a folder for them in its settings."
                )
        raise Unsupported(f"The server has too many playlists named {name!r}.")

    async def _renamed(self, held: Stored, name: str) -> PlaylistId:
        """Under a name that nobody has; the address goes with the name."""
        for candidate in _names(name):
            if held.playlist == candidate:
                return PlaylistId(held.url or "")
            words = ("playlists", "rename", f"playlist_id:{held.id}", f"newname:{candidate}")
            if "overwritten_playlist_id" in await self._client.ask(*words, "dry_run:1"):
                continue
            await self._client.ask(*words, safe=False)
            return PlaylistId((await self._by_number(held.id)).url or "")
        raise Unsupported(f"The server has too many playlists named {name!r}.")

    async def _find(self, id_: PlaylistId) -> Stored | None:
        async for held in self._stored():
            if held.url == id_:
                return held
        return None

    async def _by_number(self, number: str) -> Stored:
        async for held in self._stored():
            if held.id == number and held.url:
                return held
        raise Malformed("The server does not list a playlist that it has just made.")

    async def _stored(self) -> AsyncIterator[Stored]:
        for start in count(0, _PAGE):
            answer = await self._client.ask("playlists", start, _PAGE, "tags:u")
            page = rows(Stored, answer, "playlists_loop")
            for held in page:
                yield held
            if len(page) < _PAGE:
                return

    async def _urls(self, number: str) -> list[str]:
        urls: list[str] = []
        for start in count(0, _PAGE):
            words = ("playlists", "tracks", start, _PAGE, f"playlist_id:{number}", "tags:u")
            page = rows(Entry, await self._client.ask(*words), "playlisttracks_loop")
            urls += [entry.url for entry in page if entry.url]
            if len(page) < _PAGE:
                break
        return urls


def _words(step: Edit) -> tuple[str, ...]:
    match step:
        case Delete(index):
            return "cmd:delete", f"index:{index}"
        case Add(url):
            return "cmd:add", f"url:{url}"
        case Move(index, to):
            return "cmd:move", f"index:{index}", f"toindex:{to}"


def _is_named(held: Stored, name: str) -> bool:
    return any(held.playlist == candidate for candidate in _names(name))


def _names(wanted: str) -> Sequence[str]:
    """What a playlist may be called: its name becomes a file's."""
    plain = "".join(" " if sign in '/\\:*?"<>|' or not sign.isprintable() else sign for sign in wanted)
    plain = " ".join(plain.split()).lstrip(".").strip() or "Segue"
    plain = plain.encode("utf-8", "replace")[:_LONGEST_NAME].decode("utf-8", "ignore").strip()
    return [plain, *(f"{plain} ({number})" for number in range(2, _MOST_NAMES))]
