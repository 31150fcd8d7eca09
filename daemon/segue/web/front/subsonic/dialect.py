"""Answers the similar and path questions of Subsonic; whatever we cannot answer, the server does."""

import asyncio
import time

import structlog
from aiohttp import web

from segue.model import ServerKey, TrackId
from segue.similarity import Artists, Follower, Rules, SimilarityError, TrackKey, near, path, today
from segue.store.pool import DATABASE_FAULTS, Pool
from segue.store.traits import Filter
from segue.web.front.proxy import Proxy, ServerAway
from segue.web.front.subsonic.artists import INFO_CONTAINERS, Circle
from segue.web.front.subsonic.asked import Asked, method_of, read
from segue.web.front.subsonic.documents import Entry, JsonDocument, XmlDocument
from segue.web.front.subsonic.seeds import (
    UNKNOWN_METHOD,
    Meant,
    NothingKnown,
    ServerRefused,
    find_seeds,
    known_songs,
)
from segue.web.front.subsonic.server import Entries, Reply, Server

__all__ = ["SubsonicDialect"]

_CONTAINERS = {"getSimilarSongs": "similarSongs", "getSimilarSongs2": "similarSongs2"}
_EXTENSION = ("sonicSimilarity", 1)
_SONIC = ("getSonicSimilarTracks", "findSonicPath", "getOpenSubsonicExtensions")
_OURS = frozenset({*_CONTAINERS, *INFO_CONTAINERS, *_SONIC})
_MAY_BE_UNKNOWN = frozenset({None, 0, 30, 70})  # codes of servers that do not know of extensions, and none
_RENDERING = 0.6  # of our time; what is there then is the answer
_REMEMBERED_SECONDS = 600
_MOST_REMEMBERED = 100
_LONGEST_SECONDS = 1800.0
_SPARE = 1.5  # some candidates may be gone, or hidden from the caller
_WIDER = 4  # for those who see only a small part of what there is

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class SubsonicDialect:
    """For one server: we choose the ids, the server renders them for whoever asks.

    After so many `seconds` the server answers by itself.
    """

    def __init__(
        self,
        *,
        pool: Pool,
        follower: Follower,
        server: ServerKey,
        artists: Artists | None = None,
        seconds: float = 8.0,
    ) -> None:
        self._pool = pool
        self._follower = follower
        self._server = server
        self._circle = None if artists is None else Circle(artists, pool, server)
        self._seconds = seconds
        self._entries = Entries(patience=seconds * _RENDERING)
        self._unknown: dict[tuple[str, str], tuple[bool, float]] = {}

    async def answer(self, request: web.Request, proxy: Proxy) -> web.StreamResponse | None:
        """None when the server shall answer by itself."""
        if method_of(request) not in _OURS:
            return None
        asked = await read(request)
        if asked is None:
            return None
        server = Server(request, asked, proxy, self._entries)
        try:
            async with asyncio.timeout(self._seconds):
                return await self._ours(asked, server)
        except ServerRefused as refused:
            return await self._refused(asked, server, refused)
        except (NothingKnown, SimilarityError, ServerAway, TimeoutError, *DATABASE_FAULTS) as error:
            log.debug("question_passed_on", method=asked.method, reason=type(error).__name__)
        return await self._nothing_known(asked, server)

    async def away(self, request: web.Request) -> web.StreamResponse:
        """Clients of Subsonic understand a refusal with status 200, and only in the form they asked for."""
        asked = await read(request) if method_of(request) else None
        if asked is None:
            return web.Response(status=502, text="The media server cannot be reached.\n")
        text = _AWAY_XML if asked.form == "xml" else _AWAY_JSON
        return _reply(asked, Reply(status=200, content_type="", body=b"", document=None), text.encode())

    async def _ours(self, asked: Asked, server: Server) -> web.StreamResponse:
        if asked.method == "getOpenSubsonicExtensions":
            return await self._extensions(asked, server)
        if asked.method == "findSonicPath":
            return await self._path(asked, server)
        if asked.method in INFO_CONTAINERS:
            return await self._artist_info(asked, server)
        return await self._similar(asked, server)

    async def _similar(self, asked: Asked, server: Server) -> web.StreamResponse:
        sonic = asked.method == "getSonicSimilarTracks"
        count = asked.count(otherwise=10 if sonic else 50)
        item, artist_first = asked.one("id") or "", asked.method == "getSimilarSongs2"
        meant = await find_seeds(server, self._pool, self._server, item, artist_first=artist_first)
        shown = await self._near(meant, server, count)
        if not shown:
            raise NothingKnown
        document = meant.proof.document
        assert document is not None
        if sonic:
            matches = [(entry, _similarity(distance)) for entry, distance in shown]
            return _reply(asked, meant.proof, document.matches(matches))
        entries = [entry for entry, _ in shown]
        return _reply(asked, meant.proof, document.songs(_CONTAINERS[asked.method], entries))

    async def _near(self, meant: Meant, server: Server, count: int) -> list[tuple[Entry, float]]:
        """Songs that the caller sees, nearest first; looked for further away if they see few of the near."""
        wanted, apart, shown = int(count * _SPARE) + 5, dict[str, float](), list[tuple[str, Entry]]()
        for some in (wanted, wanted * _WIDER):
            found = await near(self._pool, self._follower, meant.seeds, some, rules=self._rules())
            new = {str(one.track.track_id): one.distance for one in found}
            shown += await server.render([song for song in new if song not in apart], count - len(shown))
            apart = {**new, **apart}
            if len(shown) >= count or len(found) < some:
                break
        return [(entry, apart[song]) for song, entry in shown]

    async def _artist_info(self, asked: Asked, server: Server) -> web.StreamResponse:
        """The server's own words, with our artists where it names none."""
        if self._circle is None:
            raise NothingKnown
        reply, body = await self._circle.told(asked, server)
        return _reply(asked, reply, body)

    async def _path(self, asked: Asked, server: Server) -> web.StreamResponse:
        start, end = asked.one("startSongId") or "", asked.one("endSongId") or ""
        proof = await self._prove(server, start)
        await self._prove(server, end)
        steps = await path(
            self._pool,
            self._follower,
            TrackKey(self._server, TrackId(start)),
            TrackKey(self._server, TrackId(end)),
            max(2, asked.count(otherwise=25)),
            rules=self._rules(),
        )
        # Of several tracks with this audio, the ones that were named; both of them when it is the same.
        between = [(str(one.track.track_id), one.distance) for one in steps[1:-1]]
        last = [(end, steps[-1].distance)] if steps and end != start else []
        apart = dict([(start, 0.0), *between, *last])
        shown = await server.render(list(apart), len(apart))
        document = proof.document
        assert document is not None
        if not shown or shown[-1][0] != end:
            raise NothingKnown
        return _reply(
            asked, proof, document.matches([(entry, _similarity(apart[song])) for song, entry in shown])
        )

    async def _prove(self, server: Server, song: str) -> Reply:
        """The caller may see this song, and we know it."""
        reply = await server.ask("getSong", ("id", song))
        if reply.document is None or reply.document.error is not None:
            raise ServerRefused(reply)
        if not await known_songs(self._pool, self._server, [song]):
            raise NothingKnown
        return reply

    async def _extensions(self, asked: Asked, server: Server) -> web.StreamResponse:
        """Announced only while we can answer; it is asked without credentials."""
        if not self._follower.status.ready:
            raise NothingKnown
        reply = await server.repeat()
        error = reply.document.error if reply.document else None
        if reply.status not in (200, *UNKNOWN_METHOD) or error not in _MAY_BE_UNKNOWN:
            raise NothingKnown
        document = reply.document or _bare(asked)
        return _reply(asked, reply, document.with_extension(*_EXTENSION), status=200)

    async def _refused(
        self, asked: Asked, server: Server, refused: ServerRefused
    ) -> web.StreamResponse | None:
        """Of an item that we do not find, the server may know more; what is no document, it says itself."""
        reply = refused.reply
        if reply.document is None or not (refused.is_final or await self._is_not_asked_there(asked, server)):
            return None
        return _reply(asked, reply, reply.body)

    async def _nothing_known(self, asked: Asked, server: Server) -> web.StreamResponse | None:
        """None for the server's own answer; an empty one where it does not know the question at all."""
        if not await self._is_not_asked_there(asked, server):
            return None
        proof = await server.ask("ping")
        if proof.document is None or proof.document.error is not None:
            return _reply(asked, proof, proof.body)
        if asked.method in _CONTAINERS:
            return _reply(asked, proof, proof.document.songs(_CONTAINERS[asked.method], []))
        return _reply(asked, proof, proof.document.matches([]))

    async def _is_not_asked_there(self, asked: Asked, server: Server) -> bool:
        """Whether the question is one that the server does not know; it is asked again only now and then."""
        if asked.method == "getOpenSubsonicExtensions" or asked.method in INFO_CONTAINERS:
            return False
        where = asked.base, asked.method
        unknown, until = self._unknown.get(where, (False, 0.0))
        if time.monotonic() > until:
            if len(self._unknown) >= _MOST_REMEMBERED:
                self._unknown.clear()
            unknown = (await server.repeat()).status in UNKNOWN_METHOD
            self._unknown[where] = unknown, time.monotonic() + _REMEMBERED_SECONDS
        return unknown

    def _rules(self) -> Rules:
        return Rules(
            filter=Filter(server=self._server, seconds=(None, _LONGEST_SECONDS)),
            today=today(),
        )


def _reply(asked: Asked, like: Reply, body: bytes, *, status: int | None = None) -> web.Response:
    """In the form that was asked for, with the server's own headers for browsers."""
    content_type = like.content_type or ("application/xml" if asked.form == "xml" else "application/json")
    if asked.form == "jsonp":
        body = asked.callback.encode() + b"(" + body + b");"
        content_type = "application/javascript"
    response = web.Response(status=like.status if status is None else status, body=body, headers=like.kept)
    response.headers["Content-Type"] = content_type
    return response


def _similarity(distance: float) -> float:
    """1 is the same song; what is further than a right angle is as unlike as can be."""
    return round(min(1.0, max(0.0, 1.0 - distance)), 4)


def _bare(asked: Asked) -> XmlDocument | JsonDocument:
    """For servers that answer with no document at all."""
    document = XmlDocument.parse(_EMPTY_XML) if asked.form == "xml" else JsonDocument.parse(_EMPTY_JSON)
    assert document is not None
    return document


_EMPTY_XML = b'<subsonic-response xmlns="http://subsonic.org/restapi" status="ok" version="1.16.1"/>'
_EMPTY_JSON = b'{"subsonic-response": {"status": "ok", "version": "1.16.1"}}'
_AWAY = "The music server cannot be reached; try again in a moment."
_AWAY_JSON = (
    '{"subsonic-response": {"status": "failed", "version": "1.16.1", '
    f'"error": {{"code": 0, "message": "{_AWAY}"}}}}}}'
)
_AWAY_XML = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<subsonic-response xmlns="http://subsonic.org/restapi" status="failed" version="1.16.1">'
    f'<error code="0" message="{_AWAY}"/></subsonic-response>\n'
)
