"""Playlists through the API: made, shown, changed, rolled back, and looked ahead."""

from pathlib import Path
from typing import Any

from segue.library.taking import take_in
from segue.model import PlaylistId, Quality
from segue.store import copies, playlists, servers
from segue.store.playlists import Kind, NewPlaylist, PlaylistKey
from tests.daemon.web.conftest import Daemon
from tests.daemon.web.music import attic, hear, rows, song

PLAYLISTS = "/api/v1/playlists"


async def library(daemon: Daemon) -> dict[str, int]:
    """Five songs, each thirty degrees further, and their recordings."""
    titles = ["One", "Two", "Three", "Four", "Five"]
    await attic(daemon, *(song(number, title, f"Artist {title}") for number, title in enumerate(titles)))
    await hear(daemon, {title: 30.0 * number for number, title in enumerate(titles)})
    return {title: row.recording_id for title, row in (await rows(daemon)).items()}


def titles(shown: dict[str, Any]) -> list[str]:
    return [one["title"] for one in shown["items"]]


async def test_a_playlist_of_chosen_songs_and_what_people_want_of_it(daemon: Daemon) -> None:
    known = await library(daemon)
    body = {"name": "Mine", "recordings": [known["Two"], known["One"]]}
    made = await daemon.json("POST", PLAYLISTS, status=201, json=body)
    assert (made["kind"], made["version"], titles(made)) == ("static", 1, ["Two", "One"])
    url = f"{PLAYLISTS}/{made['id']}"
    await daemon.json("POST", f"{url}/songs", json={"wish": "pin", "recordings": [known["Five"]]})
    shown = await daemon.json("POST", f"{url}/songs", json={"wish": "ban", "recordings": [known["Two"]]})
    assert titles(shown) == ["One", "Five"]
    assert [one["title"] for one in shown["banned"]] == ["Two"]
    songs = {"wish": "none", "recordings": [known["Two"], known["Five"]]}
    listed = await daemon.json("GET", PLAYLISTS)
    assert [(one["name"], one["songs"]) for one in listed["items"]] == [("Mine", 2)]
    assert titles(await daemon.json("POST", f"{url}/songs", json=songs)) == ["Two", "One"]
    refused = await daemon.json("POST", f"{url}/refresh", status=409)
    assert refused["detail"].startswith("It was made of chosen songs")


async def test_a_playlist_is_forgotten_when_no_server_has_it(daemon: Daemon, tmp_path: Path) -> None:
    known = await library(daemon)
    made = await daemon.json("POST", PLAYLISTS, status=201, json={"name": "A", "recordings": [known["One"]]})
    url = f"{PLAYLISTS}/{made['id']}"
    assert "withdraw it first" in (await daemon.json("DELETE", url, status=409))["detail"]
    await daemon.json("POST", f"{url}/withdraw")
    async with daemon.services.pool.connection() as c:
        server = (await servers.list_(c))[0]
        await copies.adopt(c, PlaylistKey(made["id"]), server.id, PlaylistId("there"), "A")
    assert (await daemon.json("DELETE", url, status=409))["detail"] == "It is still on attic."
    async with daemon.services.pool.connection() as c:
        [copy] = await copies.of_server(c, server.id, grace_hours=0)
        await copies.withdrawn(c, copy.key)
        assert await copies.claim(c, owner="somebody", seconds=60) is not None
    assert (await daemon.json("DELETE", url, status=409))["detail"] == "It is still on attic."
    async with daemon.services.pool.connection() as c:
        await copies.release_all(c, "somebody")
        await c.execute("update publishing set lease_owner = null, lease_until = null")
    await daemon.json("DELETE", url, status=204)
    await daemon.json("GET", url, status=404)


async def test_what_comes_back_by_itself_is_not_forgotten(daemon: Daemon) -> None:
    for kind in (Kind.CLUSTER, Kind.ASKED):
        async with daemon.services.pool.connection() as c:
            made = await playlists.create(c, NewPlaylist(name="A", kind=kind))
        refused = await daemon.json("DELETE", f"{PLAYLISTS}/{made}", status=409)
        assert refused["detail"].endswith("Withdraw it instead.")


async def test_a_recipe_a_version_more_and_back_again(daemon: Daemon) -> None:
    known = await library(daemon)
    recipe = {"kind": "similar", "recordings": [known["One"]], "count": 3}
    made = await daemon.json(
        "POST", PLAYLISTS, status=201, json={"name": "Like One", "recipe": recipe, "refreshes": True}
    )
    assert (made["kind"], titles(made)) == ("recipe", ["One", "Two", "Three"])
    endless = {"name": "Endless", "recipe": recipe, "refresh_hours": 1e-300}
    await daemon.json("POST", PLAYLISTS, status=422, json=endless)
    async with daemon.services.pool.connection() as c:
        await playlists.add_version(c, PlaylistKey(made["id"]), [known["Five"], known["One"]])  # type: ignore[list-item]
    url = f"{PLAYLISTS}/{made['id']}"
    diff = await daemon.json("GET", f"{url}/diff")
    assert (diff["before"], diff["after"]) == (1, 2)
    assert [one["title"] for one in diff["added"]] == ["Five"]
    assert [one["title"] for one in diff["removed"]] == ["Two", "Three"]
    back = await daemon.json("POST", f"{url}/rollback", json={"version": 1})
    assert (back["held"], back["version"], titles(back)) == (True, 3, ["One", "Two", "Three"])
    assert not (await daemon.json("POST", f"{url}/refresh"))["held"]
    await daemon.json("POST", f"{url}/rollback", status=404, json={"version": 9})


async def test_a_path_and_a_filter(daemon: Daemon) -> None:
    known = await library(daemon)
    path = {"kind": "path", "recordings": [known["One"], known["Five"]], "count": 5}
    made = await daemon.json("POST", PLAYLISTS, status=201, json={"name": "Way", "recipe": path})
    assert titles(made) == ["One", "Two", "Three", "Four", "Five"]
    jazz = {"kind": "filter", "genres": ["jazz"], "tempo_from": 100, "count": 4}
    made = await daemon.json("POST", PLAYLISTS, status=201, json={"name": "Jazz", "recipe": jazz})
    assert len(made["items"]) == 4
    rock = {"kind": "filter", "genres": ["rock"]}
    await daemon.json("POST", PLAYLISTS, status=409, json={"name": "Rock", "recipe": rock})


async def test_names_targets_and_withdrawing(daemon: Daemon) -> None:
    known = await library(daemon)
    body = {"name": "Mine", "recordings": [known["One"]], "targets": [{"server": "attic"}]}
    made = await daemon.json("POST", PLAYLISTS, status=201, json=body)
    url = f"{PLAYLISTS}/{made['id']}"
    assert made["targets"] == [{"server": "attic", "user": None}]
    assert not made["everywhere"]
    assert (await daemon.json("PATCH", url, json={"name": "Ours", "public": True}))["name"] == "Ours"
    assert (await daemon.json("POST", f"{url}/withdraw"))["withdrawn"]
    assert not (await daemon.json("POST", f"{url}/publish"))["withdrawn"]
    shown = await daemon.json("PUT", f"{url}/targets", json={"targets": []})
    assert (shown["targets"], shown["everywhere"]) == ([], True)
    await daemon.json("PUT", f"{url}/targets", status=404, json={"targets": [{"server": "cellar"}]})
    async with daemon.services.pool.connection() as c:
        assert await copies.claim(c, owner="somebody", seconds=1) is not None


async def test_looking_ahead_asks_the_servers(daemon: Daemon) -> None:
    known = await library(daemon)
    body = {"name": "Mine", "recordings": [known["One"]]}
    made = await daemon.json("POST", PLAYLISTS, status=201, json=body)
    plan = await daemon.json("GET", f"{PLAYLISTS}/{made['id']}/plan")
    assert plan["steps"] == []  # this server keeps no playlists


async def test_what_makes_no_sense_is_refused(daemon: Daemon) -> None:
    known = await library(daemon)
    for body, status in (
        ({"name": "Empty"}, 422),
        ({"name": "Both", "recordings": [known["One"]], "recipe": {"kind": "filter"}}, 422),
        ({"name": "No seed", "recipe": {"kind": "similar"}}, 422),
        ({"name": "Half a way", "recipe": {"kind": "path", "recordings": [known["One"]]}}, 422),
        ({"name": "Gone", "tracks": [999_999]}, 404),
        ({"name": "Strange", "recordings": [known["One"], 999_999]}, 404),
        ({"name": " ", "recordings": [known["One"]]}, 422),
        ({"name": "~radio of mine", "recordings": [known["One"]]}, 422),
        ({"name": "Bell \x07", "recordings": [known["One"]]}, 422),
        ({"name": "Half \ud800", "recordings": [known["One"]]}, 400),
        ({"name": "Two\nlines", "recordings": [known["One"]]}, 422),
        ({"name": "x" * 201, "recordings": [known["One"]]}, 422),
    ):
        await daemon.json("POST", PLAYLISTS, status=status, json=body)
    await daemon.json("GET", f"{PLAYLISTS}/999999", status=404)


async def test_songs_that_are_gone_are_no_wishes_and_no_way_back(daemon: Daemon) -> None:
    known = await library(daemon)
    made = await daemon.json("POST", PLAYLISTS, status=201, json={"name": "A", "recordings": [known["One"]]})
    url = f"{PLAYLISTS}/{made['id']}"
    for wish in ("pin", "ban", "none"):
        body = {"wish": wish, "recordings": [known["Two"], 999_999]}
        refused = await daemon.json("POST", f"{url}/songs", status=404, json=body)
        assert refused["detail"] == "There is no recording 999999; `GET /api/v1/tracks?q=` finds them."
    async with daemon.services.pool.connection() as c:
        await playlists.add_version(c, PlaylistKey(made["id"]), [known["Two"]])  # type: ignore[list-item]
        await c.execute("delete from tracks where recording_id = %s", [known["One"]])
        await c.execute("delete from recordings where id = %s", [known["One"]])
    refused = await daemon.json("POST", f"{url}/rollback", status=409, json={"version": 1})
    assert refused["detail"] == "Of the songs of version 1 none is known any more."
    assert titles(await daemon.json("GET", url)) == ["Two"]


async def test_a_persons_own_list_is_changed_on_its_server(daemon: Daemon) -> None:
    known = await library(daemon)
    async with daemon.services.pool.connection() as c:
        made = await playlists.create(c, NewPlaylist(name="~radio", kind=Kind.ASKED))
        await playlists.add_version(c, made, [known["One"]])  # type: ignore[list-item]
    url = f"{PLAYLISTS}/{made}"
    for method, more, body in (
        ("PATCH", "", {"name": "Mine"}),
        ("POST", "/songs", {"wish": "pin", "recordings": [known["Two"]]}),
        ("POST", "/rollback", {"version": 1}),
        ("PUT", "/targets", {"targets": [{"server": "attic"}]}),
    ):
        refused = await daemon.json(method, f"{url}{more}", status=409, json=body)
        assert refused["detail"].startswith("It is a person's own list on a server")
    ban = {"wish": "ban", "recordings": [known["Two"]]}
    shown = await daemon.json("POST", f"{url}/songs", json=ban)
    assert [one["title"] for one in shown["banned"]] == ["Two"]
    async with daemon.services.pool.connection() as c:
        found = await playlists.get(c, made)
    assert found is not None
    assert found.stale_since is not None


async def test_looking_ahead_tells_what_publishing_would_do(daemon: Daemon, tmp_path: Path) -> None:
    known = await library(daemon)
    lists = tmp_path / "lists"
    options = {"path": str(tmp_path), "playlists": str(lists)}
    folder = await daemon.services.registry.add("folder", "folder", options)
    assert folder is not None
    for name in ("Mine", "Other"):
        body = {"name": name, "recordings": [known["One"]]}
        made = await daemon.json("POST", PLAYLISTS, status=201, json=body)
    url = f"{PLAYLISTS}/{made['id']}"

    async def actions() -> list[str]:
        return [one["action"] for one in (await daemon.json("GET", f"{url}/plan"))["steps"]]

    assert await actions() == ["wait"]  # the folder has none of the songs
    async with daemon.services.pool.connection() as c:
        await take_in(c, folder.id, [song(0, "One", "Artist One")], quality=Quality.FAST)
    assert await actions() == ["create"]
    await daemon.json("POST", f"{url}/withdraw")
    assert await actions() == ["create"]
    shown = await daemon.json("GET", url)
    assert (shown["withdrawn"], shown["copies"]) == (True, [])
    assert not lists.exists()
