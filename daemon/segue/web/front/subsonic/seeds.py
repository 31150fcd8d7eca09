"""From the id that a client names, of whatever kind, to seeds; the server says whether it may be seen."""

from collections.abc import Sequence
from dataclasses import dataclass

from segue.model import ServerKey, TrackId
from segue.similarity import ArtistSeed, Seed, TrackKey
from segue.store import tracks
from segue.store.pool import Pool
from segue.web.front.subsonic.documents import Document
from segue.web.front.subsonic.server import Reply, Server

__all__ = ["UNKNOWN_METHOD", "Meant", "NothingKnown", "ServerRefused", "find_seeds", "known_songs"]

UNKNOWN_METHOD = frozenset({404, 405, 410, 501})
"""How servers say that they do not know a method at all."""

_MOST = 300
_FOLDERS = 20
_KINDS = ("getSong", "getAlbum", "getPlaylist", "getArtist", "getMusicDirectory")
_SAYS_NO_SUCH_ITEM = frozenset({0, 70})  # some servers answer an id of another kind with the generic 0


class ServerRefused(Exception):  # noqa: N818 - the server's own words are the answer
    """The server refuses this caller; its document says why."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(f"The server answered {reply.status}.")
        self.reply = reply

    @property
    def is_final(self) -> bool:
        """Whether it is about the caller; what is about the item may be for want of our understanding."""
        document = self.reply.document
        return document is not None and document.error not in _SAYS_NO_SUCH_ITEM


class NothingKnown(Exception):  # noqa: N818 - no fault: the server answers by itself
    """We know nothing about this id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Meant:
    """What the id stands for, and the server's answer that proved it."""

    seeds: Sequence[Seed]
    proof: Reply


async def find_seeds(
    server: Server, pool: Pool, key: ServerKey, item: str, *, artist_first: bool = False
) -> Meant:
    """A song, an album, a playlist, an artist or a folder, whichever the server knows under this id.

    Old servers count each kind from one: then it matters which is tried first.
    """
    first = ["getArtist"] if artist_first and item.isdecimal() else []
    refusal: Reply | None = None
    for method in dict.fromkeys([*first, *_KINDS]):
        reply = await server.ask(method, ("id", item))
        if reply.document is None and reply.status not in UNKNOWN_METHOD:
            raise ServerRefused(reply)
        if reply.document is None or reply.document.error is not None:
            refusal = refusal or _about_the_item(reply)
        elif method == "getArtist" and (name := reply.document.name("artist")) is not None:
            return Meant(seeds=[ArtistSeed(artist=name, server=key)], proof=reply)
        elif (songs := await _songs(server, method, item, reply.document)) is not None:
            return Meant(seeds=await _seeds(pool, key, songs), proof=reply)
    if refusal is None:
        raise NothingKnown
    raise ServerRefused(refusal)


async def known_songs(pool: Pool, key: ServerKey, ids: Sequence[str]) -> list[TrackId]:
    """Those of the server's ids that we know, in their order."""
    async with pool.connection() as c:
        rows = await tracks.of_server(c, key, [TrackId(one) for one in ids])
    known = {row.track_id for row in rows}
    return [TrackId(one) for one in ids if one in known]


async def _seeds(pool: Pool, key: ServerKey, songs: Sequence[str]) -> list[Seed]:
    known = await known_songs(pool, key, list(dict.fromkeys(songs))[:_MOST])
    if not known:
        raise NothingKnown
    return [TrackKey(key, track) for track in known]


async def _songs(server: Server, method: str, item: str, document: Document) -> list[str] | None:
    """What a good answer stands for; None when it holds no such thing."""
    match method:
        case "getSong":
            return None if document.song() is None else [item]
        case "getAlbum":
            return document.ids("album", "song") if document.has("album") else None
        case "getPlaylist":
            return document.ids("playlist", "entry") if document.has("playlist") else None
        case "getMusicDirectory":
            return await _songs_of_folder(server, document) if document.has("directory") else None
    return None


async def _songs_of_folder(server: Server, document: Document) -> list[str]:
    """Those in it; those in its folders, such as an artist's albums, when there are none."""
    children = document.children()
    if songs := [item for item, is_folder in children if not is_folder]:
        return songs
    found: list[str] = []
    for item, _ in children[:_FOLDERS]:
        reply = await server.ask("getMusicDirectory", ("id", item))
        inside = reply.document.children() if reply.document else ()
        found += [song for song, is_folder in inside if not is_folder]
    return found


def _about_the_item(reply: Reply) -> Reply | None:
    """A refusal that is not about the item ends it all; None when only the method is not known."""
    if reply.document is None:
        return None
    if reply.document.error not in _SAYS_NO_SUCH_ITEM:
        raise ServerRefused(reply)
    return reply
