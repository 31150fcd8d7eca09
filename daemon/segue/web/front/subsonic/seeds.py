"""From the id that a client names, of whatever kind, to seeds; the server says whether it may be seen."""

from collections.abc import Sequence
from dataclasses import dataclass

from segue.model import ServerKey, TrackId
from segue.similarity import ArtistSeed, Seed, TrackKey
from segue.store import tracks
from segue.store.pool import Pool
from segue.web.front.subsonic.server import Reply, Server

__all__ = ["Meant", "NothingKnown", "ServerRefused", "find_seeds", "known_songs"]

_MOST = 300
_SAYS_NO_SUCH_ITEM = frozenset({0, 70})  # some servers answer an id of another kind with the generic 0


class ServerRefused(Exception):  # noqa: N818 - the server's own words are the answer
    """The server refuses this caller; its document says why."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(f"The server answered {reply.status}.")
        self.reply = reply


class NothingKnown(Exception):  # noqa: N818 - no fault: the server answers by itself
    """We know nothing about this id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Meant:
    """What the id stands for, and the server's answer that proved it."""

    seeds: Sequence[Seed]
    proof: Reply


async def find_seeds(server: Server, pool: Pool, key: ServerKey, item: str) -> Meant:
    """A song, an album, an artist or a playlist, whichever the server knows under this id."""
    reply = await _asked(server, "getSong", item)
    if _is_good(reply):
        return Meant(seeds=await _songs(pool, key, [item]), proof=reply)
    for method, container, inside in (("getAlbum", "album", "song"), ("getPlaylist", "playlist", "entry")):
        reply = await _asked(server, method, item)
        if _is_good(reply) and reply.document:
            return Meant(seeds=await _songs(pool, key, reply.document.ids(container, inside)), proof=reply)
    reply = await _asked(server, "getArtist", item)
    artist = reply.document.name("artist") if reply.document and _is_good(reply) else None
    if artist is None:
        raise ServerRefused(reply)
    return Meant(seeds=[ArtistSeed(artist=artist, server=key)], proof=reply)


async def known_songs(pool: Pool, key: ServerKey, ids: Sequence[str]) -> list[TrackId]:
    """Those of the server's ids that we know, in their order."""
    async with pool.connection() as c:
        rows = await tracks.of_server(c, key, [TrackId(one) for one in ids])
    known = {row.track_id for row in rows}
    return [TrackId(one) for one in ids if one in known]


async def _songs(pool: Pool, key: ServerKey, ids: Sequence[str]) -> list[Seed]:
    known = await known_songs(pool, key, list(dict.fromkeys(ids))[:_MOST])
    if not known:
        raise NothingKnown
    return [TrackKey(key, track) for track in known]


async def _asked(server: Server, method: str, item: str) -> Reply:
    """The answer; a refusal that is not about the item ends it all."""
    reply = await server.ask(method, ("id", item))
    code = reply.document.error if reply.document else None
    if code is not None and code not in _SAYS_NO_SUCH_ITEM:
        raise ServerRefused(reply)
    return reply


def _is_good(reply: Reply) -> bool:
    return reply.document is not None and reply.document.error is None and reply.status == 200
