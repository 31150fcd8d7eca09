"""Answers of a Subsonic server that are large, odd or refused, and who may see what was kept."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from io import BytesIO
from typing import Any
from urllib.parse import urlencode

import pytest
from aiohttp import FormData, web
from yarl import URL

from segue.library.taking import take_in
from segue.model import Quality, TrackId
from segue.store import servers
from segue.web.front import Proxy, body_of
from tests.daemon.web.conftest import Daemon
from tests.daemon.web.front.conftest import Stage
from tests.daemon.web.front.subsonic_door import JOE, Door, opened
from tests.daemon.web.music import hear, song

SIMILAR = ["Feeling Good", "So What", "Blue in Green", "Ace of Spades"]
FORM = "application/x-www-form-urlencoded"


@pytest.fixture
async def door(daemon: Daemon, stage: Stage) -> Door:
    return await opened(daemon, stage)


def _always(**reply: Any) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(**reply)

    return answer


async def _in_pieces(body: bytes, *, size: int = 100_000) -> AsyncIterator[bytes]:
    for start in range(0, len(body), size):
        yield body[start : start + size]


async def _headers(door: Door, method: str, **words: str) -> tuple[int, dict[str, str], bytes]:
    address = URL(f"{door.url}/rest/{method}.view?{urlencode({**JOE, 'f': 'json', **words})}", encoded=True)
    async with door.client.get(address, allow_redirects=False) as reply:
        return reply.status, dict(reply.headers), await reply.read()


@pytest.mark.parametrize("form", ["json", "xml"])
async def test_long_lists_are_read_to_their_end(door: Door, form: str) -> None:
    strangers = [{"id": f"strange-{number}", "title": "x" * 30} for number in range(20_000)]
    door.far.playlists["long"] = {"id": "long", "name": "Long", "entry": [{"id": "track-0"}, *strangers]}
    _, _, body = await door.ask("getSimilarSongs", id="long", form=form)
    assert [title for title in SIMILAR if title.encode() in body] == SIMILAR


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (302, {"Location": "/login"}),
        (401, {"WWW-Authenticate": "Basic"}),
        (429, {"Retry-After": "5"}),
        (503, {"Retry-After": "5"}),
    ],
)
async def test_what_stands_before_the_server_is_heard_itself(
    door: Door, status: int, headers: dict[str, str]
) -> None:
    told = {"status": status, "headers": headers, "text": "Not now."}
    for method in ("getSong", "getAlbum", "getPlaylist", "getArtist"):
        door.far.instead[method] = _always(**{**told, "text": "Another question."})
    methods = ("getSimilarSongs", "getSonicSimilarTracks", "findSonicPath", "getOpenSubsonicExtensions")
    for method in methods:
        door.far.instead[method] = _always(**told)
        seen = await _headers(door, method, id="track-0", startSongId="track-0", endSongId="track-1")
        assert (seen[0], seen[2]) == (status, b"Not now."), method
        assert headers.items() <= seen[1].items(), method


async def test_an_error_document_about_extensions_stays_one(door: Door) -> None:
    refused = {"status": "failed", "version": "1.16.1", "error": {"code": 40, "message": "Who?"}}
    door.far.instead["getOpenSubsonicExtensions"] = _always(text=json.dumps({"subsonic-response": refused}))
    assert await door.json("getOpenSubsonicExtensions") == refused


async def test_conditions_and_codings_of_the_question_are_not_those_of_ours(door: Door) -> None:
    seen: list[str] = []

    async def song(request: web.Request) -> web.StreamResponse:
        seen.extend(name for name in request.headers if name.startswith("If-") or name == "Range")
        return await door.far.tell("getSong", request)

    door.far.instead["getSong"] = song
    told = urlencode({**JOE, "f": "json", "id": "track-0"})
    headers = {
        "If-Modified-Since": "Mon, 23 Nov 2026 05:00:00 GMT",
        "If-None-Match": "*",
        "If-Range": "x",
        "Range": "bytes=0-1",
    }
    async with door.client.get(f"{door.url}/rest/getSimilarSongs?{told}", headers=headers) as reply:
        assert len((await reply.json())["subsonic-response"]["similarSongs"]["song"]) == 4
    assert seen == []


@pytest.mark.parametrize("kind", ["multipart", "packed", "many", "large", "large and chunked"])
async def test_forms_that_we_do_not_read_pass_untouched(door: Door, kind: str) -> None:
    heard: list[tuple[str | None, bytes]] = []

    async def similar(request: web.Request) -> web.StreamResponse:
        heard.append((request.headers.get("Content-Type"), await request.content.read()))
        return web.Response(text="the server's own")

    door.far.instead["getSimilarSongs"] = similar
    words = urlencode({**JOE, "id": "track-0"}).encode()
    body, headers = words, {"Content-Type": FORM}
    if kind == "multipart":
        multipart = FormData({**JOE, "id": "track-0"}, default_to_multipart=True)()
        body, headers = await multipart.as_bytes(), dict(multipart.headers)
    if kind == "packed":
        headers["Content-Encoding"] = "br"
    if kind == "many":
        body += b"&songId=1" * 30_000
    if kind.startswith("large"):
        body += b"&c=" + bytes(11_000_000)
    data = _in_pieces(body) if kind.endswith("chunked") else BytesIO(body)
    async with door.client.post(f"{door.url}/rest/getSimilarSongs", data=data, headers=headers) as reply:
        assert await reply.text() == "the server's own"
    assert heard == [(headers["Content-Type"], body)]
    assert door.far.asked["getSong"] == 0


async def test_a_form_may_come_in_pieces(door: Door) -> None:
    words = urlencode({**JOE, "f": "json", "id": "track-0"}).encode()
    asked = {"data": _in_pieces(words, size=7), "headers": {"Content-Type": FORM}}
    async with door.client.post(f"{door.url}/rest/getSimilarSongs", **asked) as reply:
        songs = (await reply.json())["subsonic-response"]["similarSongs"]["song"]
    assert [song["title"] for song in songs] == SIMILAR


async def test_one_song_that_the_server_fails_to_tell_is_left_out(door: Door) -> None:
    async def song(request: web.Request) -> web.StreamResponse:
        if request.query["id"] == "track-2":
            assert request.transport is not None
            request.transport.abort()
        return await door.far.tell("getSong", request)

    door.far.instead["getSong"] = song
    assert await door.titles("track-0") == [title for title in SIMILAR if title != "So What"]


async def test_a_server_that_knows_the_question_answers_for_ids_that_we_do_not_know(door: Door) -> None:
    assert (await door.json("getSimilarSongs", id="folder-1"))["error"]["code"] == 70
    native = await _another(door)
    assert await native.titles("folder-1") == ["The server's own"]
    refused = await native.json("getSimilarSongs", id="folder-1", p="guess")
    assert refused["error"]["code"] == 40


async def _another(door: Door) -> Door:
    """The same door, before a server that answers similar songs itself."""
    door.far.native.add("getSimilarSongs")
    address = URL(f"{door.url}/elsewhere")  # what is known of one address is not of another
    return Door(address, door.far, door.direct, door.client)


async def test_what_was_rendered_for_one_caller_is_not_shown_to_another(door: Door) -> None:
    door.far.hidden.add("track-1")
    assert "Feeling Good" in await door.titles("track-0")
    # The server takes the last of two names; the first is only claimed.
    ann = await door.json("getSimilarSongs", id="track-0", post=True, u=["joe", "ann"], p=["x", "open"])
    assert {one["starredBy"] for one in ann["similarSongs"]["song"]} == {"ann"}


async def test_a_number_is_an_artist_where_artists_are_asked_for(door: Door) -> None:
    """Old servers count songs, albums and artists each from one."""
    door.far.songs["12"] = {**door.far.songs["track-5"], "id": "12"}
    door.far.artists["12"] = door.far.artists["miles"]
    assert (await door.titles("12", "getSimilarSongs2"))[0] == "Feeling Good"
    assert await door.titles("12", "getSimilarSongs") == []
    assert (await door.json("getArtistInfo2", id="12"))["artistInfo2"]["similarArtist"]
    folder = await door.ask("getArtistInfo", id="12")
    assert folder == await door.ask("getArtistInfo", id="12", door=False)


async def test_folders_are_seeds_where_clients_browse_by_them(door: Door) -> None:
    """An album's folder holds songs, an artist's folder holds such folders."""
    inside = {"kind": ["track-2", "track-3"], "miles-folder": ["kind-folder"], "kind-folder": ["track-2"]}

    async def folder(request: web.Request) -> web.StreamResponse:
        item = request.query["id"]
        child = [{"id": one, "isDir": one.endswith("-folder")} for one in inside.get(item, ())]
        told = {"status": "ok", "version": "1.16.1", "directory": {"id": item, "name": item, "child": child}}
        return web.json_response({"subsonic-response": told})

    door.far.instead["getMusicDirectory"] = folder
    door.far.songs["kind-folder"] = {"id": "kind-folder", "title": "Kind of Blue", "isDir": True}
    expected = await door.titles("track-2")
    assert expected
    for item in ("kind-folder", "miles-folder"):
        assert await door.titles(item) == expected, item


async def test_a_path_between_two_tracks_with_one_recording_has_both(daemon: Daemon, stage: Stage) -> None:
    door = await opened(daemon, stage)
    again = replace(song(0, "Sinnerman", "Nina Simone", "The Best Of"), id=TrackId("again"))
    door.far.songs["again"] = {**door.far.songs["track-0"], "id": "again"}
    async with daemon.services.pool.connection() as c:
        server = await servers.by_name(c, "attic")
        assert server is not None
        await take_in(c, server.id, [again], quality=Quality.BALANCED)
    for end, expected in (("again", ["track-0", "again"]), ("track-0", ["track-0"])):
        told = await door.json("findSonicPath", startSongId="track-0", endSongId=end)
        assert [one["entry"]["id"] for one in told["sonicMatch"]] == expected
        assert {one["similarity"] for one in told["sonicMatch"]} == {1.0}


async def test_a_fault_of_ours_is_the_servers_turn(door: Door, stage: Stage) -> None:
    class Broken:
        async def answer(self, request: web.Request, proxy: Proxy) -> web.StreamResponse | None:
            await body_of(request, most=1000)
            raise ZeroDivisionError

        async def away(self, request: web.Request) -> web.StreamResponse:
            raise AssertionError

    far = Door(await stage.door(door.direct, Broken()), door.far, door.direct, door.client)
    for post in (False, True):
        through = await far.ask("getSong", post=post, id="track-1")
        assert through == await far.ask("getSong", post=post, id="track-1", door=False)


async def test_who_sees_little_is_answered_from_further_away(daemon: Daemon, stage: Stage) -> None:
    door = await opened(daemon, stage)
    near = [song(number, f"Near {number}", f"Artist {number}") for number in range(100, 130)]
    async with daemon.services.pool.connection() as c:
        server = await servers.by_name(c, "attic")
        assert server is not None
        await take_in(c, server.id, near, quality=Quality.BALANCED)
    await hear(daemon, {one.title: -2.5 * number for number, one in enumerate(near, 1)})
    for one in near:
        door.far.songs[one.id] = {"id": one.id, "title": one.title, "isDir": False}
    door.far.hidden.update(["track-1", *(one.id for one in near)])
    assert await door.titles("track-0", count=3) == ["Near 100", "Near 101", "Near 102"]
    assert await door.titles("track-0", count=3, u="ann", p="open") == SIMILAR[1:]


async def test_many_who_ask_at_once_do_not_keep_the_server_from_its_listeners(door: Door) -> None:
    asked, most = 0, 0

    async def song(request: web.Request) -> web.StreamResponse:
        nonlocal asked, most
        if not request.query["id"].startswith("track-"):
            return await door.far.tell("getSong", request)
        asked += 1
        most = max(most, asked)
        await asyncio.sleep(0)
        try:
            return await door.far.tell("getSong", request)
        finally:
            asked -= 1

    door.far.instead["getSong"] = song
    told = await asyncio.gather(*(door.titles("kind", c=f"client {number}") for number in range(25)))
    assert {tuple(one) for one in told} == {tuple(told[0])}
    assert 1 < most <= 48


async def test_a_song_that_the_server_is_slow_to_tell_costs_itself(daemon: Daemon, stage: Stage) -> None:
    door = await opened(daemon, stage, seconds=3)
    never = asyncio.Event()

    async def song(request: web.Request) -> web.StreamResponse:
        if request.query["id"] == "track-2":
            await never.wait()
        return await door.far.tell("getSong", request)

    door.far.instead["getSong"] = song
    found = await door.titles("track-0")
    never.set()
    assert found == [title for title in SIMILAR if title != "So What"]
