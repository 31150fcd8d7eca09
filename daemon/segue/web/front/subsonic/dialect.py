"""Answers the similar and path questions of Subsonic; whatever we cannot answer, the server does."""

import asyncio
import time
from datetime import UTC, datetime

import structlog
from aiohttp import web

from segue.model import ServerKey, TrackId
from segue.similarity import Artists, Follower, Rules, SimilarityError, TrackKey, near, path
from segue.store.pool import DATABASE_FAULTS, Pool
from segue.store.traits import Filter
from segue.web.front.proxy import Proxy
from segue.web.front.subsonic.artists import INFO_CONTAINERS, Circle
from segue.web.front.subsonic.asked import Asked, method_of, read
from segue.web.front.subsonic.documents import JsonDocument, XmlDocument
from segue.web.front.subsonic.seeds import NothingKnown, ServerRefused, find_seeds, known_songs
from segue.web.front.subsonic.server import Entries, Reply, Server

__all__ = ["SubsonicDialect"]

_CONTAINERS = {"getSimilarSongs": "similarSongs", "getSimilarSongs2": "similarSongs2"}
_EXTENSION = ("sonicSimilarity", 1)
_SONIC = ("getSonicSimilarTracks", "findSonicPath", "getOpenSubsonicExtensions")
_OURS = frozenset({*_CONTAINERS, *INFO_CONTAINERS, *_SONIC})
_UNKNOWN_METHOD = frozenset({404, 405, 410, 501})
_SECONDS = 8
_REMEMBERED_SECONDS = 600
_LONGEST_SECONDS = 1800.0
_SPARE = 1.5  # some candidates may be gone, or hidden from the caller

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class SubsonicDialect:
    """For one server: we choose the ids, the server renders them for whoever asks."""

    def __init__(
        self, *, pool: Pool, follower: Follower, server: ServerKey, artists: Artists | None = None
    ) -> None:
        self._pool = pool
        self._follower = follower
        self._server = server
        self._circle = None if artists is None else Circle(artists, pool, server)
        self._entries = Entries()
        self._answered: dict[str, tuple[bool, float]] = {}

    async def answer(self, request: web.Request, proxy: Proxy) -> web.StreamResponse | None:
        """None when the request is none of ours and was not touched."""
        if method_of(request) not in _OURS:
            return None
        asked = await read(request)
        if asked is None:
            return None
        server = Server(request, asked, proxy, self._entries)
        try:
            async with asyncio.timeout(_SECONDS):
                return await self._ours(asked, server)
        except ServerRefused as refused:
            return _reply(asked, refused.reply, refused.reply.body)
        except (NothingKnown, SimilarityError, TimeoutError, *DATABASE_FAULTS) as error:
            log.debug("question_passed_on", method=asked.method, reason=type(error).__name__)
        return await self._servers_own(request, asked, server, proxy)

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
        meant = await find_seeds(server, self._pool, self._server, asked.one("id") or "")
        found = await near(
            self._pool, self._follower, meant.seeds, int(count * _SPARE) + 5, rules=self._rules()
        )
        apart = {str(one.track.track_id): one.distance for one in found}
        shown = await server.render(list(apart), count)
        if not shown:
            raise NothingKnown
        document = meant.proof.document
        assert document is not None
        if sonic:
            matches = [(entry, _similarity(apart[song])) for song, entry in shown]
            return _reply(asked, meant.proof, document.matches(matches))
        entries = [entry for _, entry in shown]
        return _reply(asked, meant.proof, document.songs(_CONTAINERS[asked.method], entries))

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
        songs = [str(one.track.track_id) for one in steps]
        songs[0], songs[-1] = start, end  # of several tracks with this audio, the ones that were named
        apart = dict(zip(songs, (one.distance for one in steps), strict=True))
        shown = await server.render(songs, len(songs))
        document = proof.document
        assert document is not None
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
        known = reply.document if reply.document and reply.document.error is None else None
        document = known or reply.document or _bare(asked)
        return _reply(asked, reply, document.with_extension(*_EXTENSION), status=200)

    async def _servers_own(
        self, request: web.Request, asked: Asked, server: Server, proxy: Proxy
    ) -> web.StreamResponse:
        """The server's answer untouched; an empty one where it does not know the question at all."""
        if asked.method == "getOpenSubsonicExtensions" or asked.method in INFO_CONTAINERS:
            return await proxy.forward(request, body=asked.body)
        if await self._is_answered(asked.method, server):
            return await proxy.forward(request, body=asked.body)
        proof = await server.ask("ping")
        if proof.document is None or proof.document.error is not None:
            return _reply(asked, proof, proof.body)
        if asked.method in _CONTAINERS:
            return _reply(asked, proof, proof.document.songs(_CONTAINERS[asked.method], []))
        return _reply(asked, proof, proof.document.matches([]))

    async def _is_answered(self, method: str, server: Server) -> bool:
        """Whether the server knows this method; it is asked again only now and then."""
        known, until = self._answered.get(method, (True, 0.0))
        if time.monotonic() > until:
            known = (await server.repeat()).status not in _UNKNOWN_METHOD
            self._answered[method] = known, time.monotonic() + _REMEMBERED_SECONDS
        return known

    def _rules(self) -> Rules:
        return Rules(
            filter=Filter(server=self._server, seconds=(None, _LONGEST_SECONDS)),
            today=datetime.now(UTC).date(),
        )


def _reply(asked: Asked, like: Reply, body: bytes, *, status: int | None = None) -> web.Response:
    """In the form that was asked for, with the server's own headers for browsers."""
    content_type = like.content_type or ("application/xml" if asked.form == "xml" else "application/json")
    if asked.form == "jsonp":
        body = asked.callback.encode() + b"(" + body + b");"
        content_type = "application/javascript"
    response = web.Response(status=like.status if status is None else status, body=body, headers=like.cors)
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
