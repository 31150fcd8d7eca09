"""Answers the mixes and similar items of Jellyfin and Emby; whatever we cannot answer, the server does."""

import asyncio
import json
from collections.abc import Sequence
from functools import partial

import structlog
from aiohttp import web

from segue.model import ServerKey, TrackId
from segue.similarity import Follower, Neighbour, Rules, SimilarityError, TrackKey, near, path, today
from segue.store.pool import DATABASE_FAULTS, Pool
from segue.store.traits import Filter
from segue.web.front.jellyfin.asked import Asked, Question, plain_id, read
from segue.web.front.jellyfin.seeds import Kind, Meant, find_seeds, known_songs
from segue.web.front.jellyfin.server import Item, Listed, NothingToSay, Server, item_id, names, text
from segue.web.front.proxy import Proxy, ServerAway

__all__ = ["JellyfinDialect"]

_MIX, _SIMILAR = 200, 50
_LONGEST_SECONDS = 1800.0
_SPARE = 1.5  # some candidates may be gone, or hidden from the caller
_WIDER = 4  # for those who see only a small part of what there is
_MOST_LOOKED_AT = 2000
_SONGS_PER_ALBUM = 4
_ROUTES = ("info", "health", "similar_tracks", "find_path")

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class JellyfinDialect:
    """For one server: we choose the ids, the server renders them for whoever asks.

    After so many `seconds` the server answers by itself.
    """

    def __init__(self, *, pool: Pool, follower: Follower, server: ServerKey, seconds: float = 4.0) -> None:
        self._pool = pool
        self._follower = follower
        self._server = server
        self._seconds = seconds
        self._near = partial(near, pool, follower)

    async def answer(self, request: web.Request, proxy: Proxy) -> web.StreamResponse | None:
        """None when the server shall answer by itself."""
        asked = read(request)
        if asked is None or not self._follower.status.ready:
            return None
        try:
            async with asyncio.timeout(self._seconds):
                return await self._ours(asked, Server(request, asked, proxy))
        except (NothingToSay, ServerAway, SimilarityError, TimeoutError, *DATABASE_FAULTS) as error:
            log.debug("question_passed_on", question=asked.question, reason=type(error).__name__)
        return None

    async def away(self, request: web.Request) -> web.StreamResponse:
        """As a server that is starting up."""
        return web.Response(
            status=503, headers={"Retry-After": "5"}, text="The media server cannot be reached.\n"
        )

    async def _ours(self, asked: Asked, server: Server) -> web.StreamResponse:
        match asked.question:
            case Question.MIX | Question.SIMILAR if not asked.is_plain:
                raise NothingToSay("It is asked for what only the server can heed.")
            case Question.MIX:
                return await self._mix(asked, server)
            case Question.SIMILAR:
                return await self._similar(asked, server)
            case Question.TRACKS:
                return await self._tracks(asked, server)
            case Question.PATH:
                return await self._path(asked, server)
        return await self._known_caller(asked, server)

    async def _mix(self, asked: Asked, server: Server) -> web.StreamResponse:
        """Songs; of a song's mix it is the first itself."""
        if asked.wants_other_than(Kind.SONG):
            raise NothingToSay("A mix is of songs.")
        count = asked.count("limit", otherwise=_MIX)
        meant = await find_seeds(server, self._pool, self._server, asked)
        lead = [meant.id] if meant.kind is Kind.SONG else []
        listed = await self._shown(server, meant, count, lead)
        return _told(server, listed, listed.items[:count])

    async def _similar(self, asked: Asked, server: Server) -> web.StreamResponse:
        """Things of the same kind: albums and artists are those of the songs that are found."""
        count = asked.count("limit", otherwise=_SIMILAR)
        meant = await find_seeds(server, self._pool, self._server, asked)
        if meant.kind not in (Kind.SONG, Kind.ALBUM, Kind.ARTIST):
            raise NothingToSay(f"To a {meant.kind} nothing is similar.")
        if asked.wants_other_than(meant.kind):
            raise NothingToSay("Other things are wanted than the one that is named.")
        wider = 1 if meant.kind is Kind.SONG else _SONGS_PER_ALBUM
        songs = await self._shown(server, meant, count * wider)
        banned = {plain_id(one) for one in asked.many("excludeartistids")}
        allowed = [song for song in songs.items if not banned & set(_artists(song))]
        if meant.kind is Kind.SONG:
            return _told(server, songs, allowed[:count])
        holders = [one for song in allowed for one in _holders(song, meant.kind) if one != meant.id]
        wanted = list(dict.fromkeys(one for one in holders if one))[:count]
        listed = await server.items(wanted)
        return _told(server, listed, listed.items[:count])

    async def _shown(self, server: Server, meant: Meant, count: int, lead: Sequence[str] = ()) -> Listed:
        """So many songs or more, nearest first; looked for further away if few of the near are seen."""
        wanted = int(count * _SPARE) + 5
        for some in (wanted, min(wanted * _WIDER, _MOST_LOOKED_AT)):
            found = await self._near(meant.seeds, some, rules=self._rules())
            if not found:
                raise NothingToSay("Nothing is near it.")
            listed = await server.items([*lead, *(str(one.track.track_id) for one in found)])
            if len(listed.items) >= count or len(found) < some:
                break
        if len(listed.items) <= len(lead):
            raise NothingToSay("The caller sees none of it.")
        return listed

    # AudioMuse's words, as its plugin for Jellyfin speaks them

    async def _known_caller(self, asked: Asked, server: Server) -> web.StreamResponse:
        """Only those whom the server knows are told anything."""
        await server.list("Items", [("Limit", "1"), ("IncludeItemTypes", "Audio"), ("Recursive", "true")])
        if asked.question is Question.HEALTH:
            return web.Response()
        endpoints = [f"GET /AudioMuseAI/{route}" for route in _ROUTES]
        return _json(server, {"Version": "1.0", "AvailableEndpoints": endpoints})

    async def _tracks(self, asked: Asked, server: Server) -> web.StreamResponse:
        seed = await self._song(server, asked.one("item_id"))
        count = asked.count("n", otherwise=10)
        per_artist = 3 if (asked.one("eliminate_duplicates") or "true").lower() != "false" else None
        found = await self._near([seed], int(count * _SPARE) + 5, rules=self._rules(per_artist=per_artist))
        shown = await _rendered(server, found)
        told = [{**_worded(item), "distance": round(one.distance, 6)} for one, item in shown[:count]]
        return _json(server, told)

    async def _path(self, asked: Asked, server: Server) -> web.StreamResponse:
        start = await self._song(server, asked.one("start_song_id"))
        end = await self._song(server, asked.one("end_song_id"))
        most = max(2, asked.count("max_steps", otherwise=25))
        steps = await path(self._pool, self._follower, start, end, most, rules=self._rules())
        songs = [str(one.track.track_id) for one in steps]
        songs[0], songs[-1] = str(start.track), str(end.track)
        listed = await server.items(songs)
        total = round(sum(one.step for one in steps), 6)
        return _json(server, {"path": [_worded(item) for item in listed.items], "total_distance": total})

    async def _song(self, server: Server, item: str | None) -> TrackKey:
        """A song that the caller sees and we know."""
        shown = await server.items([item]) if item else None
        known = await known_songs(
            self._pool, self._server, [item_id(one) for one in shown.items] if shown else []
        )
        if not known:
            raise NothingToSay("We do not know it.")
        return TrackKey(self._server, TrackId(known[0]))

    def _rules(self, *, per_artist: int | None = 3) -> Rules:
        return Rules(
            filter=Filter(server=self._server, seconds=(None, _LONGEST_SECONDS)),
            per_artist=per_artist,
            today=today(),
        )


async def _rendered(server: Server, found: Sequence[Neighbour]) -> list[tuple[Neighbour, Item]]:
    if not found:
        return []
    listed = await server.items([str(one.track.track_id) for one in found])
    shown = {item_id(item): item for item in listed.items}
    named = ((one, shown.get(plain_id(str(one.track.track_id)))) for one in found)
    return [(one, item) for one, item in named if item is not None]


def _artists(song: Item) -> list[str]:
    return [item_id(one) for field in ("artistitems", "albumartists") for one in names(song, field)]


def _holders(song: Item, kind: Kind) -> list[str]:
    if kind is Kind.ALBUM:
        return [plain_id(text(song, "albumid"))]
    return [item_id(one) for one in names(song, "albumartists") or names(song, "artistitems")]


def _worded(item: Item) -> dict[str, object]:
    artists = [text(one, "name") for one in names(item, "artistitems")] or [text(item, "albumartist")]
    return {
        "item_id": item_id(item),
        "title": text(item, "name"),
        "author": artists[0] or None,
        "album": text(item, "album") or None,
        "album_artist": text(item, "albumartist") or None,
    }


def _told(server: Server, listed: Listed, items: Sequence[Item]) -> web.Response:
    if not items:
        raise NothingToSay("The caller sees none of it.")
    return web.Response(body=listed.with_items(items), headers=server.headers)


def _json(server: Server, told: object) -> web.Response:
    told_headers = server.headers
    told_headers["Content-Type"] = "application/json; charset=utf-8"
    return web.Response(body=json.dumps(told, ensure_ascii=False).encode(), headers=told_headers)
