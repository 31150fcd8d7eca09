"""Front doors of a running daemon: opened, moved, taken by others, and closed."""

import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from segue.registry import declare, declare_doors
from segue.sdk import ClientSide
from segue.settings import ServerSection, Settings
from segue.store import front_doors
from tests.daemon.web.conftest import Daemon, running, until
from tests.daemon.web.front.conftest import Stage
from tests.daemon.web.front.subsonic_server import SubsonicServer
from tests.daemon.web.music import attic, hear, song
from tests.fakes.memory import MemoryServer

JOE = {"u": "joe", "p": "sesame", "v": "1.16.1", "c": "test", "f": "json"}
DOOR = "/api/v1/servers/attic/front-door"
ANY = {"listen": "127.0.0.1:0"}


@pytest.fixture
async def far(stage: Stage) -> MemoryServer:
    songs = {f"track-{number}": {"id": f"track-{number}", "title": f"Song {number}"} for number in range(3)}
    url = await stage.server(SubsonicServer(songs=songs).answer)
    return MemoryServer(client_side=ClientSide(dialect="subsonic", url=str(url)))


@pytest.fixture
async def client(stage: Stage) -> AsyncIterator[aiohttp.ClientSession]:
    yield await stage.client()


async def ask(client: aiohttp.ClientSession, door: dict[str, Any], method: str, **words: str) -> Any:
    address = f"http://{door['address']}/rest/{method}.view"
    async with client.get(address, params={**JOE, **words}) as reply:
        return (await reply.json(content_type=None))["subsonic-response"]


async def test_a_door_opens_answers_and_closes(daemon: Daemon, client: aiohttp.ClientSession) -> None:
    await attic(daemon, *(song(number, f"Song {number}", f"Artist {number}") for number in range(3)))
    await hear(daemon, {"Song 0": 0, "Song 1": 10, "Song 2": 40})
    door = await daemon.json("PUT", DOOR, json=ANY)
    assert (door["state"], door["dialect"], door["trouble"]) == ("open", "subsonic", None)
    assert (await daemon.json("GET", "/api/v1/servers/attic"))["front_door"] == door
    told = await ask(client, door, "getSimilarSongs", id="track-0")
    assert [one["title"] for one in told["similarSongs"]["song"]] == ["Song 1", "Song 2"]
    assert (await ask(client, door, "getSong", id="track-1"))["song"]["title"] == "Song 1"
    await daemon.json("DELETE", DOOR, status=204)
    with pytest.raises(aiohttp.ClientConnectionError):
        await ask(client, door, "ping")
    assert (await daemon.json("GET", "/api/v1/servers/attic"))["front_door"] is None
    await daemon.json("DELETE", DOOR, status=404)


async def test_a_port_that_is_taken_is_a_state_and_heals(daemon: Daemon) -> None:
    await attic(daemon)
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        door = await daemon.json("PUT", DOOR, json={"listen": f"127.0.0.1:{port}"})
        assert (door["state"], door["address"]) == ("taken", None)
        assert str(port) in door["trouble"]
        [listed] = (await daemon.json("GET", "/api/v1/servers"))["items"]
        assert listed["front_door"] == door
    await daemon.context.doors.look()
    assert (await daemon.json("GET", "/api/v1/servers/attic"))["front_door"]["state"] == "open"


async def test_a_door_moves_and_leaves_its_place(daemon: Daemon, client: aiohttp.ClientSession) -> None:
    await attic(daemon)
    first = await daemon.json("PUT", DOOR, json=ANY)
    second = await daemon.json("PUT", DOOR, json={"listen": "localhost:0"})
    assert (await ask(client, second, "ping"))["status"] == "ok"
    with pytest.raises(aiohttp.ClientConnectionError):
        await ask(client, first, "ping")


async def test_an_address_of_another_machine_needs_the_operator(daemon: Daemon) -> None:
    await attic(daemon)
    door = await daemon.json("PUT", DOOR, json={"listen": "192.0.2.1:4533"})
    assert door["state"] == "broken"
    assert "192.0.2.1:4533" in door["trouble"]


async def test_an_address_that_is_none_needs_the_operator(daemon: Daemon) -> None:
    """And takes nothing else down with it."""
    await attic(daemon)
    for listen in ("..:0", f"{'a' * 70}:0", f"{'a.' * 200}a:0", "no-such-host.invalid:0"):
        door = await daemon.json("PUT", DOOR, json={"listen": listen})
        assert (door["state"], door["address"]) == ("broken", None), listen
    await daemon.context.doors.look()


async def test_what_is_no_port_is_refused(daemon: Daemon) -> None:
    await attic(daemon)
    for listen in ("", "port", "65536", "-1", "host:", "a b:1", "::1:4533"):
        problem = await daemon.json("PUT", DOOR, status=422, json={"listen": listen})
        assert problem["faults"][0]["where"] == "body.listen"


async def test_a_folder_of_music_has_no_clients(daemon: Daemon, tmp_path: Any) -> None:
    body = {"name": "attic", "kind": "folder", "options": {"path": str(tmp_path)}, "probe": False}
    problem = await daemon.json("POST", "/api/v1/servers", status=409, json={**body, "front_door": "0"})
    assert "front door" in problem["detail"]
    await daemon.json("POST", "/api/v1/servers", status=201, json=body)
    await daemon.json("PUT", DOOR, status=409, json=ANY)


async def test_a_server_is_added_with_its_door_and_forgotten_with_it(
    daemon: Daemon, client: aiohttp.ClientSession
) -> None:
    body = {"name": "attic", "kind": "memory", "options": {}, "front_door": "127.0.0.1:0"}
    door = (await daemon.json("POST", "/api/v1/servers", status=201, json=body))["front_door"]
    assert (await ask(client, door, "ping"))["status"] == "ok"
    await daemon.json("DELETE", "/api/v1/servers/attic", status=204)
    with pytest.raises(aiohttp.ClientConnectionError):
        await ask(client, door, "ping")


async def test_a_dialect_that_nobody_knows_only_passes_on(
    stage: Stage, settings: Settings, client: aiohttp.ClientSession
) -> None:
    url = await stage.server(SubsonicServer().answer)
    side = ClientSide(dialect="klingon", url=str(url))
    async with running(settings, MemoryServer(client_side=side)) as daemon:
        await attic(daemon)
        door = await daemon.json("PUT", DOOR, json=ANY)
        assert (door["state"], door["dialect"]) == ("open", None)
        assert (await ask(client, door, "ping"))["status"] == "ok"


async def test_doors_of_the_settings_open_with_the_daemon(
    far: MemoryServer, settings: Settings, client: aiohttp.ClientSession
) -> None:
    section = ServerSection(kind="memory", front_door="127.0.0.1:0")
    async with running(settings, far) as daemon:
        await declare(daemon.services.registry, daemon.services.pool, {"attic": section})
        await declare_doors(daemon.services.pool, {"attic": section})
        await daemon.context.doors.look()
        door = (await daemon.json("GET", "/api/v1/servers/attic"))["front_door"]
        assert (await ask(client, door, "ping"))["status"] == "ok"
        problem = await daemon.json("PUT", DOOR, status=409, json=ANY)
        assert "front_door" in problem["detail"]
    with pytest.raises(aiohttp.ClientConnectionError):
        await ask(client, door, "ping")
    async with running(settings, far) as daemon:
        async with daemon.services.pool.connection() as c:
            [wanted] = await front_doors.list_(c)
        await until(lambda: daemon.context.doors.status(wanted.server_id).state == "open", seconds=30)
        await declare_doors(daemon.services.pool, {"attic": ServerSection(kind="memory")})
        assert (await daemon.json("GET", "/api/v1/servers/attic"))["front_door"] is None


async def test_certificates_that_are_not_there_are_a_state(daemon: Daemon, tmp_path: Path) -> None:
    options = {
        "url": "https://127.0.0.1:9",
        "username": "joe",
        "password": "sesame",
        "authority": str(tmp_path / "none.pem"),
    }
    body = {"name": "attic", "kind": "navidrome", "options": options, "probe": False}
    added = await daemon.json(
        "POST", "/api/v1/servers", status=201, json={**body, "front_door": "127.0.0.1:0"}
    )
    assert added["front_door"]["state"] == "broken"
    assert "No such file" in added["front_door"]["trouble"]
