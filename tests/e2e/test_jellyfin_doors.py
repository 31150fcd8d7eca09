"""Front doors before Jellyfin and Emby, of a whole daemon that has heard the music behind them."""

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Awaitable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from yarl import URL

from segue.sdk.testing import World, until
from segue.store.pool import Pool
from tests.daemon.up.running import free_port
from tests.daemon.web.front.jellyfin_server import JellyfinServer
from tests.daemon.web.front.made_up import answer_of, made_up
from tests.fakes import emby, jellyfin
from tests.fakes.mediabrowser import PASSWORD, USER, FakeMediaBrowser, serving
from tests.faults.daemon import Daemon, running_daemon
from tests.specs import published

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

JOE = {"Authorization": 'MediaBrowser Token="sesame"', "X-Emby-Token": "sesame"}
CAMEL = {**JOE, "Accept": 'application/json; profile="CamelCase"'}
SIZE = 4 << 30
_MOST_GROWN = 64 << 20


@dataclass(kw_only=True)
class House:
    """`far` answers clients, as anything that is no route of ours; the fake answers the adapter."""

    kind: str
    base: str
    fake: FakeMediaBrowser
    far: JellyfinServer
    door: URL
    daemon: Daemon
    client: aiohttp.ClientSession

    async def ask(self, path: str, **headers: str) -> Any:
        address = URL(f"{self.door}{self.base}{path}", encoded=True)
        async with self.client.get(address, headers=headers or JOE) as reply:
            return json.loads(await reply.read()) if reply.status == 200 else {}

    async def names(self, path: str) -> list[str]:
        return [one["Name"] for one in (await self.ask(path)).get("Items", ())]


@pytest.fixture(params=["jellyfin", "emby"])
async def house(
    request: pytest.FixtureRequest, pool: Pool, database_url: str, redis_url: str, tmp_path: Path
) -> AsyncIterator[House]:
    world = World.small(tmp_path / "music")
    is_emby = request.param == "emby"
    fake: FakeMediaBrowser = emby.shown(world) if is_emby else jellyfin.shown(world)
    base = "/emby" if is_emby else ""
    far = _library(fake, base)

    def instead(asked: web.Request) -> Awaitable[web.StreamResponse] | None:
        if asked.headers.get("User-Agent", "").startswith("Segue"):
            return None
        return _stream(asked) if asked.path == "/Audio/large/stream" else far.answer(asked)

    fake.instead = instead
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(serving(fake))
        port = free_port()
        options = {
            "kind": request.param, "url": fake.url, "username": USER, "password": PASSWORD,
            "path": str(world.root), "front_door": f"127.0.0.1:{port}",
        }  # fmt: skip
        daemon = stack.enter_context(
            running_daemon(
                tmp_path / "daemon",
                database=database_url,
                redis=redis_url,
                **{f"SEGUE_SERVERS__ROOM__{name.upper()}": value for name, value in options.items()},
            )
        )
        client = await stack.enter_async_context(
            aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=600), cookie_jar=aiohttp.DummyCookieJar()
            )
        )
        house = House(
            kind=request.param, base=base, fake=fake, far=far, door=URL(f"http://127.0.0.1:{port}"),
            daemon=daemon, client=client,
        )  # fmt: skip
        await until(partial(_is_heard, house, pool), seconds=300, every=0.5)
        yield house


async def test_everything_that_clients_ask(house: House) -> None:
    await _equal_to_direct(house)
    await _every_mix(house)
    await _case_of_letters(house)
    await _messages(house)
    if house.kind == "jellyfin":
        await _large_stream(house)


async def _equal_to_direct(house: House) -> None:
    """One request of every operation of the published description."""
    name = f"{house.kind}-openapi.json"
    routes = json.loads(published(name).read_bytes())["paths"]
    count = 0
    for method, address, options in made_up(routes, house.base):
        where = (URL(house.fake.url), house.door)
        answers = [await answer_of(house.client, one, method, address, options) for one in where]
        assert answers[0] == answers[1], (method, address)
        count += 1
    assert count > len(routes)
    _say(f"{house.kind}: {count} requests answered as the server answers them")


async def _every_mix(house: House) -> None:
    """Each route with an id of each kind: answered by sound, or by the server where the kind does not fit."""
    song = next(iter(house.fake.songs.values()))
    ids = {
        "song": song["Id"], "album": song["AlbumId"], "artist": song["ArtistItems"][0]["Id"],
        "playlist": "list1", "genre": "ambient",
    }  # fmt: skip
    every = set(ids)
    fits = {
        "Items/{}/InstantMix": every,
        "Songs/{}/InstantMix": every,
        "Albums/{}/InstantMix": every,
        "Artists/{}/InstantMix": every,
        "Playlists/{}/InstantMix": {"playlist"},
        "MusicGenres/InstantMix?Id={}": every,
        "Artists/InstantMix?Id={}": every,
        "Items/{}/Similar": {"song", "album", "artist"},
        "Albums/{}/Similar": {"album"},
        "Artists/{}/Similar": {"artist"},
    }
    ours = 0
    for route, kinds in fits.items():
        for kind, id_ in ids.items():
            told = await house.ask(f"/{route.format(id_)}")
            assert "Items" in told or "address" in told, (route, kind)
            if kind in kinds:
                assert told.get("Items"), (route, kind, told)
                ours += 1
    assert await house.names("/MusicGenres/Ambient/InstantMix")
    _say(f"{house.kind}: {ours + 1} mixes and similar items by sound")


async def _case_of_letters(house: House) -> None:
    song = next(iter(house.fake.songs))
    wanted = await house.names(f"/Items/{song}/InstantMix")
    assert wanted[0] == house.far.items[song]["Name"]
    for path in (
        f"/items/{song}/instantmix",
        f"/ITEMS/{song.upper()}/INSTANTMIX",
        f"/Songs/{song}/instantMIX",
    ):
        assert await house.names(path) == wanted
    if house.kind == "jellyfin":
        told = await house.ask(f"/Items/{song}/InstantMix", **CAMEL)
        assert [one["name"] for one in told["items"]] == wanted
        assert told["totalRecordCount"] == len(wanted)


async def _messages(house: House) -> None:
    path = "/embywebsocket?api_key=x&deviceId=1" if house.kind == "emby" else "/socket?ApiKey=x"
    async with house.client.ws_connect(f"{house.door}{path}") as socket, asyncio.timeout(60):
        assert (await socket.receive_json())["MessageType"] == "ForceKeepAlive"
        for text in ('{"MessageType":"KeepAlive"}', "x" * 1_000_000):
            await socket.send_str(text)
            assert await socket.receive_str() == f"heard {text}"


async def _large_stream(house: House) -> None:
    """Four gigabytes but one byte, read whole; the daemon keeps none of them."""
    pid = house.daemon.pid("serve")
    before, began, read = _peak(pid), time.monotonic(), 0
    address = f"{house.door}/Audio/large/stream?static=true"
    async with house.client.get(address, headers={**JOE, "Range": "bytes=1-"}) as reply:
        assert (reply.status, reply.headers["Content-Length"]) == (206, str(SIZE - 1))
        async for piece in reply.content.iter_any():
            read += len(piece)
    grown = _peak(pid) - before
    assert read == SIZE - 1
    assert grown < _MOST_GROWN
    _say(
        f"4 GB in {time.monotonic() - began:.1f} s; the daemon's peak memory {before >> 20} MiB before, "
        f"{(before + grown) >> 20} MiB after"
    )


async def _stream(request: web.Request) -> web.StreamResponse:
    told = {"Content-Range": f"bytes 1-{SIZE - 1}/{SIZE}", "Content-Length": str(SIZE - 1)}
    response = web.StreamResponse(status=206, headers=told)
    await response.prepare(request)
    left, piece = SIZE - 1, bytes(1 << 20)
    while left:
        await response.write(piece[:left])
        left -= min(left, len(piece))
    return response


async def _is_heard(house: House, pool: Pool) -> bool:
    """Whether every song was heard, and the door answers by that."""
    async with pool.connection() as c:
        row = await (await c.execute("select count(*) from analyses")).fetchone()
    if row is None or row[0] < len(house.fake.songs):
        return False
    try:
        return bool(await house.names(f"/Items/{next(iter(house.fake.songs))}/InstantMix"))
    except aiohttp.ClientError:
        return False


def _library(fake: FakeMediaBrowser, base: str) -> JellyfinServer:
    far = JellyfinServer(base=base)
    for number, (id_, item) in enumerate(fake.songs.items()):
        told = {name: value for name, value in item.items() if not name.startswith("_")}
        far.items[id_] = {**told, "Genres": ["Ambient" if number < 3 else "Rock"]}
        far.items[item["AlbumId"]] = {"Id": item["AlbumId"], "Name": item["Album"], "Type": "MusicAlbum"}
        for artist in item["ArtistItems"]:
            far.items[artist["Id"]] = {**artist, "Type": "MusicArtist"}
    far.items["ambient"] = {"Id": "ambient", "Name": "Ambient", "Type": "MusicGenre"}
    songs = list(fake.songs)[:2]
    far.items["list1"] = {"Id": "list1", "Name": "List", "Type": "Playlist", "songs": songs}
    return far


def _peak(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
