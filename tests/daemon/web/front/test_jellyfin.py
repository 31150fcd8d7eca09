"""Mixes and similar items at a front door, as clients of Jellyfin and Emby ask for them."""

import asyncio
import hashlib
import json
from dataclasses import replace
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from yarl import URL

from segue.library.taking import take_in
from segue.model import Quality, ServerKey, TrackId
from segue.registry import find_plugins
from segue.sdk import AdapterPlugin
from segue.sdk.testing import until
from segue.store import servers
from segue.web.front.dialects import DIALECTS
from segue.web.front.jellyfin import JellyfinDialect
from tests.daemon.web.conftest import Daemon
from tests.daemon.web.front.conftest import Stage
from tests.daemon.web.front.jellyfin_server import JellyfinServer
from tests.daemon.web.music import attic, hear, song

TITLES = ["Sinnerman", "Feeling Good", "So What", "Blue in Green", "Ace of Spades", "Unheard"]
ARTISTS = ["Nina Simone", "Nina Simone", "Miles Davis", "Miles Davis", "Motörhead", "Nobody"]
ALBUMS = ["Pastel Blues", "I Put a Spell", "Kind of Blue", "Kind of Blue", "Ace", "None"]
JOE = {"Authorization": 'MediaBrowser Token="sesame", Client="test", Device="t", DeviceId="1", Version="1"'}
ANN = {"X-Emby-Token": "open"}


def guid(name: str) -> str:
    return hashlib.md5(name.encode()).hexdigest()


class Door:
    """A front door, the server behind it, and a client."""

    def __init__(self, url: URL, far: JellyfinServer, direct: URL, client: aiohttp.ClientSession) -> None:
        self.url, self.far, self.direct, self.client = url, far, direct, client

    async def ask(self, path: str, **options: Any) -> tuple[int, Any]:
        options.setdefault("headers", JOE)
        async with self.client.get(URL(f"{self.url}{path}", encoded=True), **options) as reply:
            body = await reply.read()
            return reply.status, json.loads(body) if body else None

    async def names(self, path: str, **options: Any) -> list[str]:
        status, told = await self.ask(path, **options)
        assert status == 200
        return [one["Name"] for one in told["Items"]]


def library(base: str = "") -> JellyfinServer:
    far = JellyfinServer(base=base)
    for title, artist, album in zip(TITLES, ARTISTS, ALBUMS, strict=True):
        far.items[guid(title)] = {
            "Id": guid(title), "Name": title, "Type": "Audio", "Album": album, "AlbumId": guid(album),
            "AlbumArtist": artist, "ArtistItems": [{"Id": guid(artist), "Name": artist}],
            "AlbumArtists": [{"Id": guid(artist), "Name": artist}], "Genres": ["Jazz"],
        }  # fmt: skip
    for kind, named in (("MusicArtist", ARTISTS), ("MusicAlbum", ALBUMS), ("MusicGenre", ["Jazz"])):
        far.items |= {guid(one): {"Id": guid(one), "Name": one, "Type": kind} for one in named}
    far.items["jazz"] = {"Id": "jazz", "Name": "Jazz", "Type": "MusicGenre"}
    far.items[guid("mix")] = {
        "Id": guid("mix"), "Name": "Mix", "Type": "Playlist", "songs": [guid("Sinnerman"), guid("strange")],
    }  # fmt: skip
    far.items[guid("film")] = {"Id": guid("film"), "Name": "Film", "Type": "Movie"}
    return far


async def opened(daemon: Daemon, stage: Stage, base: str = "") -> Door:
    songs = [
        replace(song(number, title, artist), id=TrackId(guid(title)))
        for number, (title, artist) in enumerate(zip(TITLES, ARTISTS, strict=True))
    ]
    server = await attic(daemon, *songs)
    await hear(daemon, {title: number * 10 for number, title in enumerate(TITLES[:5])})
    far = library(base)
    dialect = JellyfinDialect(
        pool=daemon.services.pool, follower=daemon.context.follower, server=server.id, seconds=60
    )
    direct = await stage.server(far.answer)
    return Door(await stage.door(direct, dialect), far, direct, await stage.client())


@pytest.fixture
async def door(daemon: Daemon, stage: Stage) -> Door:
    return await opened(daemon, stage)


async def test_songs_albums_artists_playlists_and_genres_have_mixes(door: Door) -> None:
    expected = ["Feeling Good", "So What", "Blue in Green", "Ace of Spades"]
    one = guid("Sinnerman")
    for route in ("Items", "Songs", "items", "SONGS"):
        assert await door.names(f"/{route}/{one}/InstantMix") == ["Sinnerman", *expected]
    assert await door.names(f"/Items/{one.upper()[:8]}-{one[8:]}/instantmix") == ["Sinnerman", *expected]
    album = await door.names(f"/Albums/{guid('Kind of Blue')}/InstantMix")
    assert album == ["Feeling Good", "Ace of Spades", "Sinnerman"]
    for route in (
        f"Artists/{guid('Miles Davis')}/InstantMix",
        f"Artists/InstantMix?id={guid('Miles Davis')}",
    ):
        assert await door.names(f"/{route}") == album
    assert await door.names(f"/Playlists/{guid('mix')}/InstantMix") == expected
    assert door.far.asked["instantmix"] == 0


async def test_long_lists_are_read_to_their_end(door: Door) -> None:
    for item in door.far.items.values():
        item["Overview"] = "x" * 300_000
    expected = ["Sinnerman", "Feeling Good", "So What", "Blue in Green", "Ace of Spades"]
    assert await door.names(f"/Items/{guid('Sinnerman')}/InstantMix") == expected
    assert door.far.asked["instantmix"] == 0


async def test_similar_things_are_of_the_same_kind(door: Door) -> None:
    songs = await door.names(f"/Items/{guid('Sinnerman')}/Similar?Limit=2")
    assert songs == ["Feeling Good", "So What"]
    for route in ("Albums", "Items"):
        albums = await door.names(f"/{route}/{guid('Pastel Blues')}/Similar")
        assert albums == ["I Put a Spell", "Kind of Blue", "Ace"]
    asked = "IncludeItemTypes=MusicAlbum&GroupProgramsBySeries=true&X-Emby-Language=en"
    assert await door.names(f"/Items/{guid('Pastel Blues')}/Similar?{asked}") == albums
    artists = await door.names(f"/Artists/{guid('Nina Simone')}/Similar")
    assert artists == ["Miles Davis", "Motörhead"]
    banned = f"ExcludeArtistIds={guid('Miles Davis')}"
    assert await door.names(f"/Albums/{guid('Pastel Blues')}/Similar?{banned}") == ["I Put a Spell", "Ace"]
    assert door.far.asked["similar"] == 0


async def test_the_server_renders_for_whoever_asks(door: Door) -> None:
    door.far.hidden |= {guid("So What"), guid("mix")}
    path = f"/Items/{guid('Sinnerman')}/InstantMix"
    joe, ann = await door.names(path), await door.names(path, headers=ANN)
    assert [title for title in joe if title not in ann] == ["So What"]
    _, told = await door.ask(f"{path}?userId=x&fields=Genres&Limit=3&ApiKey=open", headers={})
    assert {one["UserData"]["Key"] for one in told["Items"]} == {"ann"}
    assert {one["Genres"][0] for one in told["Items"]} == {"Jazz"}
    assert (told["TotalRecordCount"], told["StartIndex"]) == (3, 0)
    _, told = await door.ask(f"/Playlists/{guid('mix')}/InstantMix", headers=ANN)
    assert told["address"].endswith("InstantMix")  # hidden from ann: the server says what it says


async def test_who_sees_little_is_answered_from_further_away(daemon: Daemon, stage: Stage) -> None:
    door = await opened(daemon, stage)
    titles = [f"Near {number}" for number in range(30)]
    near = [
        replace(song(100 + at, one, f"Artist {at}"), id=TrackId(guid(one))) for at, one in enumerate(titles)
    ]
    async with daemon.services.pool.connection() as c:
        server = await servers.by_name(c, "attic")
        assert server is not None
        await take_in(c, server.id, near, quality=Quality.BALANCED)
    await hear(daemon, {title: -2.5 * at for at, title in enumerate(titles, 1)})
    for title in titles:
        door.far.items[guid(title)] = {"Id": guid(title), "Name": title, "Type": "Audio"}
    door.far.hidden |= {guid(title) for title in (*titles, "Feeling Good")}
    path = f"/Items/{guid('Sinnerman')}/InstantMix?Limit=4"
    assert await door.names(path) == ["Sinnerman", "Near 0", "Near 1", "Near 2"]
    assert await door.names(path, headers=ANN) == ["Sinnerman", "So What", "Blue in Green", "Ace of Spades"]
    door.far.hidden |= {guid(title) for title in TITLES[1:]}
    _, told = await door.ask(path, headers=ANN)
    assert told["address"] == path  # the song itself alone is no mix: the server says what it says


async def test_the_case_of_names_is_the_one_asked_for(door: Door) -> None:
    headers = {**JOE, "Accept": 'application/json; profile="CamelCase"'}
    _, told = await door.ask(f"/Items/{guid('Sinnerman')}/Similar?limit=2", headers=headers)
    assert [one["name"] for one in told["items"]] == ["Feeling Good", "So What"]
    assert (told["totalRecordCount"], told["startIndex"]) == (2, 0)
    _, told = await door.ask(f"/Items/{guid('Kind of Blue')}/Similar", headers=headers)
    assert [one["name"] for one in told["items"]] == ["I Put a Spell", "Ace", "Pastel Blues"]


@pytest.mark.parametrize(
    "path",
    [
        f"/Items/{guid('film')}/Similar",
        f"/Movies/{guid('film')}/Similar",
        f"/Items/{guid('nothing')}/InstantMix",
        f"/Items/{guid('Unheard')}/InstantMix",
        f"/Items/{guid('mix')}/Similar",
        f"/Items/{guid('Sinnerman')}/InstantMix?Genres=Jazz",
        f"/Items/{guid('Sinnerman')}/InstantMix?StartIndex=20",
        f"/Items/{guid('Sinnerman')}/InstantMix?IncludeItemTypes=Movie",
        f"/Items/{guid('Pastel Blues')}/Similar?IncludeItemTypes=Audio",
        "/Artists/InstantMix",
        "/Items/InstantMix",
        "/Playlists/%2F%2e%2e/InstantMix",
    ],
)
async def test_what_we_cannot_answer_the_server_answers(door: Door, path: str) -> None:
    status, told = await door.ask(path)
    assert (status, told["address"]) == (200, path)


async def test_browsers_may_read_what_the_server_lets_them(door: Door) -> None:
    for path in (f"Items/{guid('Sinnerman')}/InstantMix", "AudioMuseAI/info"):
        async with door.client.get(f"{door.url}/{path}", headers=JOE) as reply:
            assert reply.headers["Access-Control-Allow-Origin"] == "*"
            assert "X-Response-Time-ms" not in reply.headers
            assert reply.content_type == "application/json"


async def test_strangers_are_told_nothing(door: Door) -> None:
    for path in (f"/Items/{guid('Sinnerman')}/InstantMix", "/AudioMuseAI/info", "/AudioMuseAI/health"):
        _, told = await door.ask(path, headers={})
        assert told["address"] == path
    path = f"/AudioMuseAI/similar_tracks?item_id={guid('Sinnerman')}"
    _, told = await door.ask(path, headers={})
    assert told["address"] == path


@pytest.mark.parametrize("base", ["/music", "/emby"])
async def test_a_base_path_is_kept(daemon: Daemon, stage: Stage, base: str) -> None:
    door = await opened(daemon, stage, base)
    found = await door.names(f"{base}/Items/{guid('Sinnerman')}/InstantMix?Limit=2")
    assert found == ["Sinnerman", "Feeling Good"]


async def test_genres_have_mixes_by_id_and_by_name(door: Door) -> None:
    for song_ in ("So What", "Blue in Green", "Ace of Spades", "Feeling Good"):
        door.far.items[guid(song_)]["Genres"] = ["Rock"]
    for route in ("Items/jazz", "MusicGenres/Jazz"):
        assert await door.names(f"/{route}/InstantMix?Limit=2") == ["Feeling Good", "So What"]
    assert await door.names("/MusicGenres/InstantMix?Id=jazz&Limit=1") == ["Feeling Good"]


async def test_the_words_of_audiomuse_are_understood(door: Door) -> None:
    _, told = await door.ask("/AudioMuseAI/info")
    assert "GET /AudioMuseAI/similar_tracks" in told["AvailableEndpoints"]
    assert await door.ask("/audiomuseai/health") == (200, None)
    one, other = guid("Sinnerman"), guid("Ace of Spades")
    _, told = await door.ask(f"/AudioMuseAI/similar_tracks?item_id={one}&n=2&eliminate_duplicates=true")
    assert [(track["item_id"], track["title"]) for track in told] == [
        (guid("Feeling Good"), "Feeling Good"), (guid("So What"), "So What"),
    ]  # fmt: skip
    assert (told[0]["author"], told[0]["distance"] < told[1]["distance"]) == ("Nina Simone", True)
    _, told = await door.ask(f"/AudioMuseAI/find_path?start_song_id={one}&end_song_id={other}&max_steps=4")
    assert [step["title"] for step in told["path"]][::3] == ["Sinnerman", "Ace of Spades"]
    assert told["total_distance"] > 0
    door.far.hidden.add(guid("Feeling Good"))
    _, told = await door.ask(f"/AudioMuseAI/similar_tracks?item_id={one}&n=1", headers=ANN)
    assert [track["title"] for track in told] == ["So What"]


def test_doors_before_both_servers_speak_it() -> None:
    for kind, options in {
        "jellyfin": {"url": "http://attic:8096/music", "api_key": "0" * 32},
        "emby": {"url": "http://attic:8096/emby", "api_key": "0" * 32},
    }.items():
        plugin = find_plugins()[kind]
        assert isinstance(plugin, AdapterPlugin)
        assert plugin.client_side is not None
        side = plugin.client_side(plugin.config.model_validate(options))
        assert DIALECTS[side.dialect] is JellyfinDialect
        assert side.url.startswith("http://attic:8096")


async def test_a_server_that_is_away_is_told_of(daemon: Daemon, stage: Stage) -> None:
    door = await opened(daemon, stage)
    gone = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", 0)
    where = URL(f"http://127.0.0.1:{gone.sockets[0].getsockname()[1]}")
    gone.close()
    dialect = JellyfinDialect(
        pool=daemon.services.pool, follower=daemon.context.follower, server=ServerKey(1)
    )
    url = await stage.door(where, dialect)
    for path in ("/System/Info", f"/Items/{guid('Sinnerman')}/InstantMix"):
        async with door.client.get(f"{url}{path}") as reply:
            assert (reply.status, reply.headers["Retry-After"]) == (503, "5")


@pytest.mark.parametrize("path", ["/socket?ApiKey=x", "/embywebsocket?api_key=x&deviceId=1"])
async def test_messages_pass_both_ways(door: Door, path: str) -> None:
    async with door.client.ws_connect(f"{door.url}{path}") as socket, asyncio.timeout(30):
        hello = await socket.receive_json()
        assert (hello["MessageType"], hello["asked"]) == ("ForceKeepAlive", path)
        for text in ('{"MessageType":"KeepAlive"}', "x" * 100_000):
            await socket.send_str(text)
            assert await socket.receive_str() == f"heard {text}"


async def test_a_large_part_of_a_large_file_passes_without_being_kept(daemon: Daemon, stage: Stage) -> None:
    """Four gigabytes by the header, of which the client reads a little and leaves."""
    size, sent, left = 4 << 30, 0, asyncio.Event()

    async def stream(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        assert request.headers["Range"] == "bytes=1-"
        told = {"Content-Range": f"bytes 1-{size}/{size + 1}", "Content-Length": str(size)}
        response = web.StreamResponse(status=206, headers=told)
        await response.prepare(request)
        try:
            while sent < size:
                await response.write(bytes(256 * 1024))
                sent += 256 * 1024
        finally:
            left.set()
        return response

    seen = -1

    async def stalled() -> bool:
        nonlocal seen
        before, seen = seen, sent
        return before == seen

    dialect = JellyfinDialect(
        pool=daemon.services.pool, follower=daemon.context.follower, server=ServerKey(1)
    )
    url = await stage.door(await stage.server(stream), dialect)
    client = await stage.client()
    async with client.get(f"{url}/Audio/1/stream?static=true", headers={"Range": "bytes=1-"}) as reply:
        assert (reply.status, reply.headers["Content-Length"]) == (206, str(size))
        read = len(await reply.content.readexactly(8 << 20))
        await until(
            stalled, every=0.1
        )  # however long the client waits, the door takes no more than it has room for
        assert sent < read + (32 << 20)
    async with asyncio.timeout(30):
        await left.wait()
