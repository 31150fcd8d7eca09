"""From the item that a client names, of whatever kind, to the songs that stand for it."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from segue.model import ServerKey, TrackId
from segue.similarity import Seed, TrackKey
from segue.store import tracks
from segue.store.pool import Pool
from segue.web.front.jellyfin.asked import Asked, plain_id
from segue.web.front.jellyfin.server import Listed, NothingToSay, Server, item_id, text

__all__ = ["Kind", "Meant", "find_seeds", "known_songs"]

_MOST = "200"
_SONGS = (("IncludeItemTypes", "Audio"), ("Recursive", "true"), ("Limit", _MOST), ("SortBy", "Random"))


class Kind(StrEnum):
    SONG = "audio"
    ALBUM = "musicalbum"
    ARTIST = "musicartist"
    PLAYLIST = "playlist"
    GENRE = "musicgenre"


@dataclass(frozen=True, slots=True, kw_only=True)
class Meant:
    """What the item is, and the server's answer that showed it to the caller."""

    kind: Kind
    id: str
    seeds: Sequence[Seed]
    shown: Listed


async def find_seeds(server: Server, pool: Pool, key: ServerKey, asked: Asked) -> Meant:
    """The item as the caller sees it, and its songs as far as we know them."""
    if asked.kind == "musicgenres":
        shown = await server.list("Items", [("Genres", asked.item), *_SONGS])
        songs, kind, item = [item_id(one) for one in shown.items], Kind.GENRE, asked.item
        return Meant(kind=kind, id=item, seeds=await _seeds(pool, key, songs), shown=shown)
    shown = await server.items([asked.item])
    if not shown.items:
        raise NothingToSay("The caller sees no such item.")
    kind, item = _kind(text(shown.items[0], "type")), item_id(shown.items[0])
    songs = await _children(server, kind, item) if kind is not Kind.SONG else [item]
    return Meant(kind=kind, id=item, seeds=await _seeds(pool, key, songs), shown=shown)


async def known_songs(pool: Pool, key: ServerKey, ids: Sequence[str]) -> list[TrackId]:
    """Those of the server's ids that we know, in their order, each once."""
    wanted = [TrackId(plain_id(one)) for one in dict.fromkeys(ids)]
    async with pool.connection() as c:
        known = {row.track_id for row in await tracks.of_server(c, key, wanted)}
    return [one for one in wanted if one in known]


async def _seeds(pool: Pool, key: ServerKey, songs: Sequence[str]) -> list[Seed]:
    known = await known_songs(pool, key, songs)
    if not known:
        raise NothingToSay("We know no song of it.")
    return [TrackKey(key, one) for one in known]


async def _children(server: Server, kind: Kind, item: str) -> list[str]:
    match kind:
        case Kind.PLAYLIST:
            return await server.children(("Limit", _MOST), route=f"Playlists/{item}/Items")
        case Kind.ALBUM:
            return await server.children(("ParentId", item), ("Limit", _MOST))
        case Kind.ARTIST:
            return await server.children(("ArtistIds", item), ("Limit", _MOST))
        case _:
            return await server.children(("GenreIds", item), ("Limit", _MOST), ("SortBy", "Random"))


def _kind(word: str) -> Kind:
    try:
        return Kind(word.lower())
    except ValueError as error:
        raise NothingToSay(f"Of {word} we know nothing.") from error
