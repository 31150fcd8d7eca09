"""Similar artists, told beside what the server knows about an artist."""

from segue.model import ServerKey
from segue.similarity import Artists
from segue.store import artists as stored
from segue.store.pool import Pool
from segue.web.front.subsonic.asked import Asked
from segue.web.front.subsonic.documents import Document
from segue.web.front.subsonic.seeds import NothingKnown, ServerRefused
from segue.web.front.subsonic.server import Reply, Server

__all__ = ["INFO_CONTAINERS", "Circle"]

INFO_CONTAINERS = {"getArtistInfo": "artistInfo", "getArtistInfo2": "artistInfo2"}

_MOST = 20  # each is rendered by the server
_SPARE = 5  # some may be hidden from the caller
_MAY_BE_UNKNOWN = frozenset({0, 70})  # the method or what it would know; anything else is a refusal


class Circle:
    """Who sounds like whom on one server."""

    def __init__(self, artists: Artists, pool: Pool, key: ServerKey) -> None:
        self._artists = artists
        self._pool = pool
        self._key = key

    async def told(self, asked: Asked, server: Server) -> tuple[Reply, bytes]:
        """The reply that ours is like, and its body; NothingKnown where the server's own is better."""
        container, item = INFO_CONTAINERS[asked.method], asked.one("id") or ""
        if asked.method == "getArtistInfo" and item.isdecimal():
            raise NothingKnown  # old servers mean a folder, not the artist so numbered
        own = await server.repeat()
        if own.document is not None and own.document.error not in (None, *_MAY_BE_UNKNOWN):
            raise ServerRefused(own)
        document = own.document if own.status == 200 else None
        if document is not None and document.ids(container, "similarArtist"):
            raise NothingKnown
        proof = await server.ask("getArtist", ("id", item))
        name = proof.document.name("artist") if proof.document is not None else None
        if proof.document is None or proof.document.error is not None or not name:
            raise NothingKnown
        near = await self._near(server, proof.document, name, min(asked.count(otherwise=_MOST), _MOST))
        if not near:
            raise NothingKnown
        if document is None or document.error is not None:
            return proof, proof.document.with_similar_artists(container, near)
        return own, document.with_similar_artists(container, near)

    async def _near(self, server: Server, document: Document, name: str, count: int) -> list[tuple[str, str]]:
        """By the ids that the server gives with a song of each that the caller may see."""
        found = await self._artists.similar(name, count + _SPARE, server=self._key)
        names = [one.artist.artist for one in found]
        async with self._pool.connection() as c:
            songs = await stored.samples(c, self._key, names)
        shown = await server.render([str(songs[one]) for one in names if one in songs], count)
        artists = [document.artist(entry) for _, entry in shown]
        return list(dict.fromkeys(one for one in artists if one is not None and one[1] != name))
