"""Servers are connected, tested, walked and forgotten."""

from pathlib import Path

from segue.sdk import AuthFailed, Unavailable
from segue.store import runs, servers
from tests.daemon.web.conftest import Daemon
from tests.daemon.web.music import attic, hear, song
from tests.fakes.memory import MemoryServer


async def test_a_server_is_connected_and_its_first_walk_begins(daemon: Daemon) -> None:
    added = await daemon.json(
        "POST", "/api/v1/servers", status=201, json={"name": "attic", "kind": "memory", "options": {}}
    )
    assert (added["name"], added["kind"], added["origin"]) == ("attic", "memory", "api")
    assert len(added["hook_secret"]) >= 24
    assert (added["run"]["kind"], added["run"]["server"], added["run"]["state"]) == (
        "walk", "attic", "PENDING",
    )  # fmt: skip
    shown = await daemon.json("GET", "/api/v1/servers/attic")
    assert "hook_secret" not in shown
    assert shown["hook"] == "/hooks/attic"
    depth = await daemon.services.wake.queue_depth()
    assert depth is not None
    assert depth["light"] >= 1


async def test_a_folder_is_checked_before_it_is_kept(daemon: Daemon, tmp_path: Path) -> None:
    body = {"name": "music", "kind": "folder", "options": {"path": str(tmp_path / "nowhere")}}
    problem = await daemon.json("POST", "/api/v1/servers", status=424, json=body)
    assert problem["type"] == "urn:segue:problem:server-failed"
    assert "seen from the machine or container where Segue runs" in problem["detail"]
    assert (await daemon.json("GET", "/api/v1/servers"))["items"] == []
    kept = await daemon.json("POST", "/api/v1/servers", status=201, json={**body, "probe": False})
    assert kept["options"] == {"path": str(tmp_path / "nowhere")}


async def test_options_that_do_not_fit_are_named(daemon: Daemon) -> None:
    for options in ({}, {"paht": "/"}, {"path": 7}, {"path": "/a\0b"}, {"path": {"deep": ["\0"]}}):
        body = {"name": "music", "kind": "folder", "options": options}
        problem = await daemon.json("POST", "/api/v1/servers", status=422, json=body)
        assert all(fault["where"].startswith("body.options") for fault in problem["faults"])
    body = {"name": "music", "kind": "gramophone", "options": {}}
    problem = await daemon.json("POST", "/api/v1/servers", status=422, json=body)
    assert problem["faults"][0]["where"] == "body.kind"
    for name in ("", "Attic", "-attic", "a" * 64, "a b", "a\0"):
        body = {"name": name, "kind": "memory", "options": {}}
        await daemon.json("POST", "/api/v1/servers", status=422, json=body)


async def test_a_name_is_taken_once(daemon: Daemon) -> None:
    await attic(daemon)
    body = {"name": "attic", "kind": "memory", "options": {}}
    await daemon.json("POST", "/api/v1/servers", status=409, json=body)


async def test_servers_count_their_tracks(daemon: Daemon) -> None:
    await attic(daemon, song(1, "One"), song(2, "Two"))
    await hear(daemon, {"One": 0})
    [server] = (await daemon.json("GET", "/api/v1/servers"))["items"]
    assert (server["tracks"], server["heard"], server["missing"], server["failed"]) == (2, 1, 0, 0)


async def test_an_empty_folder_is_added_with_a_warning(daemon: Daemon, tmp_path: Path) -> None:
    body = {"name": "music", "kind": "folder", "options": {"path": str(tmp_path)}}
    added = await daemon.json("POST", "/api/v1/servers", status=201, json=body)
    assert added["warnings"] == [f"{tmp_path} holds no music yet."]


async def test_a_name_that_cannot_be_is_refused_in_plain_words(daemon: Daemon, tmp_path: Path) -> None:
    body = {"name": "My Server", "kind": "folder", "options": {"path": str(tmp_path)}}
    problem = await daemon.json("POST", "/api/v1/servers", status=422, json=body)
    assert "lower-case letters, digits" in problem["detail"]


async def test_a_test_asks_the_server_and_keeps_its_state(daemon: Daemon, far: MemoryServer) -> None:
    await attic(daemon)
    assert (await daemon.json("POST", "/api/v1/servers/attic/test"))["product"] == "Memory"
    assert (await daemon.json("GET", "/api/v1/servers/attic"))["state"] == "connected"
    far.fault = Unavailable("It sleeps.")
    problem = await daemon.json("POST", "/api/v1/servers/attic/test", status=424)
    assert problem["detail"].startswith("It sleeps. Is it there and running")
    shown = await daemon.json("GET", "/api/v1/servers/attic")
    assert (shown["state"], shown["last_error"]) == ("lost", "It sleeps.")
    far.fault = AuthFailed("The password is wrong.")
    await daemon.json("POST", "/api/v1/servers/attic/test", status=424)
    assert (await daemon.json("GET", "/api/v1/servers/attic"))["state"] == "refused"


async def test_a_walk_that_waits_is_not_wanted_twice(daemon: Daemon) -> None:
    await attic(daemon)
    first = await daemon.json("POST", "/api/v1/servers/attic/walk", status=202)
    second = await daemon.json("POST", "/api/v1/servers/attic/walk", status=202)
    assert first["id"] == second["id"]


async def test_a_server_is_forgotten_with_its_tracks_and_runs(daemon: Daemon) -> None:
    await attic(daemon, song(1, "One"))
    await daemon.json("POST", "/api/v1/servers/attic/walk", status=202)
    await daemon.json("DELETE", "/api/v1/servers/attic", status=204)
    assert (await daemon.json("GET", "/api/v1/tracks"))["items"] == []
    async with daemon.services.pool.connection() as c:
        assert await runs.list_(c) == []


async def test_what_the_settings_name_can_only_go_there(daemon: Daemon) -> None:
    server = await daemon.services.registry.add("attic", "memory", {}, origin="settings")
    assert server is not None
    problem = await daemon.json("DELETE", "/api/v1/servers/attic", status=409)
    assert "settings" in problem["detail"]
    async with daemon.services.pool.connection() as c:
        await servers.set_withdrawn(c, server.id, True)
    await daemon.json("DELETE", "/api/v1/servers/attic", status=204)


async def test_adapters_tell_what_they_need(daemon: Daemon) -> None:
    items = {one["kind"]: one for one in (await daemon.json("GET", "/api/v1/adapters"))["items"]}
    assert "path" in items["folder"]["options"]["properties"]
    assert items["folder"]["broken"] is None


async def test_schedules_are_made_changed_and_removed(daemon: Daemon) -> None:
    await attic(daemon)
    path = "/api/v1/schedules/nightly"
    body = {"kind": "walk", "server": "attic", "cron": "30 4 * * *", "timezone": "Europe/Berlin"}
    made = await daemon.json("PUT", path, json=body)
    assert made["next_due_at"].endswith(":30:00Z")
    assert await daemon.json("GET", path) == made
    assert (await daemon.json("GET", "/api/v1/schedules"))["items"] == [made]
    off = await daemon.json("PUT", path, json={**body, "enabled": False})
    assert off["next_due_at"] is None
    await daemon.json("DELETE", path, status=204)
    await daemon.json("GET", path, status=404)


async def test_schedules_that_make_no_sense_say_why(daemon: Daemon) -> None:
    path = "/api/v1/schedules/nightly"
    good = {"kind": "analyse", "cron": "0 3 * * *"}
    await daemon.json("PUT", path, json=good)
    for wrong in (
        {"cron": "every day"},
        {"cron": ""},
        {"cron": "61 * * * *"},
        {"cron": "0 0 30 2 *"},
        {"cron": "* * * * *\0"},
        {"cron": "0 0 31 2 *" * 50},
        {"timezone": "Mars/Olympus"},
        {"timezone": "../../etc/passwd"},
        {"timezone": ""},
        {"timezone": "Europe"},
        {"kind": "dance"},
        {"kind": "walk"},
        {"server": "attic"},
    ):
        problem = await daemon.json("PUT", path, status=422, json={**good, **wrong})
        assert problem["detail"]
    await daemon.json("PUT", path, status=404, json={**good, "kind": "walk", "server": "nobody"})
