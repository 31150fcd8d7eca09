"""The running daemon's front door before a real Supysonic and a real Maneki."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from yarl import URL

from segue.library.taking import take_in
from segue.model import Quality, Track, TrackId
from segue.sdk.testing import World
from tests.adapters.navidrome.maneki import RealManeki, program, running_maneki
from tests.adapters.navidrome.real import RealSupysonic, interpreter, running
from tests.daemon.web.conftest import Daemon
from tests.daemon.web.front.conftest import Stage
from tests.daemon.web.music import hear

_CLIENTS = Path(__file__).with_name("client_libraries.py")
_PLAIN_USER = ("other", "other")  # one library writes other letters in a way of its own
_OURS = ("similar", "sonic", "extensions")
_CHANGES_BY_ITSELF = ("playCount", "lastPlayed", "lastModified")


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """A server, and the door before it. `python` has client libraries, where the server is asked by them."""

    python: str | None
    direct: URL
    door: URL
    words: dict[str, str]
    songs: list[dict[str, Any]]
    server: RealSupysonic | RealManeki
    client: aiohttp.ClientSession

    async def ask(self, address: URL, method: str, **words: str) -> dict[str, Any]:
        async with self.client.get(
            address / "rest" / f"{method}.view", params={**self.words, **words}
        ) as reply:
            told: dict[str, Any] = (await reply.json(content_type=None))["subsonic-response"]
            return told


@pytest.fixture(params=["supysonic", "maneki"])
async def house(
    daemon: Daemon,
    stage: Stage,
    tmp_path: Path,
    pytestconfig: pytest.Config,
    request: pytest.FixtureRequest,
) -> AsyncIterator[House]:
    """Maneki serves below a path, and answers some of our questions with empty lists of its own."""
    world = await asyncio.to_thread(World.small, tmp_path / "music")
    async with AsyncExitStack() as stack:
        python, server = None, None
        if request.param == "maneki":
            server = await stack.enter_async_context(
                running_maneki(program(pytestconfig), tmp_path / "maneki", world.root)
            )
        else:
            python = interpreter(pytestconfig)
            server = await stack.enter_async_context(
                running(python, tmp_path / "supysonic", {"Music": world.root})
            )
        yield await _opened(daemon, await stage.client(), server, python)


async def _opened(
    daemon: Daemon, client: aiohttp.ClientSession, server: RealSupysonic | RealManeki, python: str | None
) -> House:
    options = server.options
    proof = {"u": str(options["username"]), "p": str(options["password"])}
    words = {**proof, "v": "1.12.0", "c": "t", "f": "json"}
    direct = URL(str(options["url"]))
    songs = await _songs(client, direct, words)
    await _known_and_heard(daemon, options, songs)
    opened = await daemon.json("PUT", "/api/v1/servers/attic/front-door", json={"listen": "127.0.0.1:0"})
    assert (opened["state"], opened["dialect"]) == ("open", "subsonic")
    door = URL(f"http://{opened['address']}").joinpath(*direct.parts[1:])
    return House(
        python=python, direct=direct, door=door, words=words, songs=songs, server=server, client=client
    )


async def _songs(client: aiohttp.ClientSession, server: URL, words: dict[str, str]) -> list[dict[str, Any]]:
    """Everything, in the order of a search; album by album where a search for everything finds nothing."""

    async def ask(method: str, **more: str) -> dict[str, Any]:
        async with client.get(server / "rest" / f"{method}.view", params={**words, **more}) as reply:
            told: dict[str, Any] = (await reply.json(content_type=None))["subsonic-response"]
            return told

    if songs := (await ask("search3", query="", songCount="100"))["searchResult3"].get("song"):
        return list(songs)
    albums = (await ask("getAlbumList2", type="alphabeticalByName", size="100"))["albumList2"]["album"]
    return [song for album in albums for song in (await ask("getAlbum", id=album["id"]))["album"]["song"]]


async def _known_and_heard(daemon: Daemon, options: dict[str, Any], songs: list[dict[str, Any]]) -> None:
    server = await daemon.services.registry.add("attic", "navidrome", options)
    assert server is not None
    told = [
        Track(
            id=TrackId(one["id"]),
            title=one["title"],
            artist=one["artist"],
            revision="1",
            content_key=one["id"],
        )
        for one in songs
    ]
    async with daemon.services.pool.connection() as c:
        await take_in(c, server.id, told, quality=Quality.BALANCED)
    await hear(daemon, {one.title: number * 12 for number, one in enumerate(told)})


async def test_client_libraries_get_the_same_answers_through_the_door(house: House) -> None:
    direct, through = await _told(house, house.direct), await _told(house, house.door)
    assert direct.keys() == through.keys()
    assert len(direct) > 30
    for name, answer in direct.items():
        if not any(word in name.lower() for word in _OURS):
            assert _lasting(through[name]) == _lasting(answer), name


async def test_client_libraries_get_similar_songs_and_paths(house: House) -> None:
    told = await _told(house, house.door)
    others = {one["id"] for one in house.songs[1:]}
    for name in ("py-sonic getSimilarSongs", "py-sonic getSimilarSongs2"):
        (container,) = [value for key, value in told[name].items() if key.startswith("similarSongs")]
        assert {one["id"] for one in container["song"]} <= others
        assert len(container["song"]) >= 3
    for name in ("get_similar_songs", "get_similar_songs2"):
        assert len(told[f"py-opensonic {name}"]) >= 3, told[f"py-opensonic {name}"]
    matches = told["py-opensonic get_sonic_similar_tracks"]
    similar = [one["similarity"] for one in matches]
    assert similar == sorted(similar, reverse=True)
    steps = [one["entry"]["id"] for one in told["py-opensonic find_sonic_path"]]
    assert (steps[0], steps[-1]) == (house.songs[0]["id"], house.songs[-1]["id"])
    assert "sonicSimilarity" in json.dumps(told["py-opensonic get_open_subsonic_extensions"])


@pytest.mark.parametrize("post", [False, True], ids=["get", "post"])
@pytest.mark.parametrize("form", ["xml", "json", "jsonp"])
async def test_every_form_goes_through_and_is_answered(house: House, form: str, post: bool) -> None:
    first, last = house.songs[0], house.songs[-1]
    passed = {"getAlbum": first["albumId"], "getArtist": first["artistId"], "getSong": "no-such-song"}
    for method, item in passed.items():
        seen = [await _raw(house, at, method, form, post, id=item) for at in (house.direct, house.door)]
        assert seen[0] == seen[1], method
    for method in ("getSimilarSongs", "getSimilarSongs2", "getSonicSimilarTracks"):
        status, kind, body = await _raw(house, house.door, method, form, post, id=first["id"])
        assert (status, last["id"] in body, first["id"] in body) == (200, True, False), method
        assert kind == (seen[0][1] if form != "jsonp" else "application/javascript")
        assert body.startswith("heard(") == (form == "jsonp")
    ends = {"startSongId": first["id"], "endSongId": last["id"]}
    _, _, body = await _raw(house, house.door, "findSonicPath", form, post, **ends)
    assert body.index(first["id"]) < body.index(last["id"])


async def test_every_kind_of_id_is_a_seed(house: House) -> None:
    song = house.songs[0]
    made = {"name": "mix", "songId": song["id"]}
    await house.ask(house.direct, "createPlaylist", **made)
    [playlist] = (await house.ask(house.direct, "getPlaylists"))["playlists"]["playlist"]
    for item in (song["id"], song["albumId"], song["artistId"], playlist["id"]):
        told = await house.ask(house.door, "getSimilarSongs", id=item)
        assert told["status"] == "ok", (item, told)
        assert told["similarSongs"]["song"], item


async def test_artists_have_the_servers_own_ids(house: House, daemon: Daemon) -> None:
    seed = house.songs[0]
    found = await daemon.json("GET", f"/api/similar_artists?artist_id={seed['artistId']}&n=5")
    assert found
    for one in found:
        told = await house.ask(house.direct, "getArtist", id=one["artist_id"])
        assert told["artist"]["name"] == one["artist"]
    searched = await daemon.json("GET", "/api/search_artists", params={"query": seed["artist"]})
    assert seed["artistId"] in [one["artist_id"] for one in searched]


async def test_a_wrong_password_stays_refused(house: House) -> None:
    for method in ("getSimilarSongs", "getSonicSimilarTracks", "ping", "getSong"):
        told = await house.ask(house.door, method, id=house.songs[0]["id"], p="guess")
        assert (told["status"], told["error"]["code"]) == ("failed", 40)


async def test_parts_of_a_song_are_equal_byte_for_byte(house: House) -> None:
    words = {**house.words, "id": house.songs[0]["id"]}
    for wanted in (None, "bytes=0-99", "bytes=100-", "bytes=-50"):
        headers = {"Range": wanted} if wanted else {}
        seen = [await _part(house, address, headers, words) for address in (house.direct, house.door)]
        assert seen[0] == seen[1]


async def test_a_server_that_is_stopped_is_a_clean_refusal(house: House) -> None:
    await house.server.stop()
    told = await house.ask(house.door, "getSimilarSongs", id=house.songs[0]["id"])
    assert (told["status"], told["error"]["code"]) == ("failed", 0)


async def _raw(
    house: House, address: URL, method: str, form: str, post: bool, **words: str
) -> tuple[int, str, str]:
    """Status, media type and text."""
    told = {**house.words, "f": form, "callback": "heard", **words}
    given: dict[str, Any] = {"data": told} if post else {"params": told}
    send = house.client.post if post else house.client.get
    async with send(address / "rest" / f"{method}.view", **given) as reply:
        return reply.status, reply.content_type, await reply.text()


async def _part(
    house: House, address: URL, headers: dict[str, str], words: dict[str, str]
) -> tuple[int, str | None, str]:
    place = address / "rest/download.view"
    async with house.client.get(place, params=words, headers=headers) as reply:
        digest = hashlib.sha256(await reply.read()).hexdigest()
        return reply.status, reply.headers.get("Content-Range"), digest


async def _told(house: House, address: URL) -> dict[str, Any]:
    if house.python is None:
        pytest.skip("the client libraries are tried on Supysonic")
    process = await asyncio.create_subprocess_exec(
        house.python, str(_CLIENTS), str(address.host), str(address.port), *_PLAIN_USER,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    output, errors = await asyncio.wait_for(process.communicate(), 90)
    if process.returncode and b"ModuleNotFoundError" in errors:
        pytest.skip("the interpreter lacks py-opensonic and py-sonic")
    assert process.returncode == 0, errors.decode()
    told: dict[str, Any] = json.loads(output)
    return told


def _lasting(value: Any) -> Any:
    """Without what changes by being asked."""
    if isinstance(value, dict):
        return {key: _lasting(one) for key, one in value.items() if key not in _CHANGES_BY_ITSELF}
    return [_lasting(one) for one in value] if isinstance(value, list) else value
