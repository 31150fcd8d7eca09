"""Care of servers: filters hold at once, previews begin, and a check tells what is broken."""

from pathlib import Path
from typing import Any

import pytest

from segue.sdk import AuthFailed
from tests.daemon.web.conftest import Daemon
from tests.daemon.web.music import attic, song
from tests.e2e.songs import write_chord
from tests.fakes.memory import MemoryServer

FILTER = "/api/v1/servers/attic/filter"


def by_name(checked: Any) -> dict[str, Any]:
    return {step["name"]: step for step in checked["steps"]}


async def test_a_filter_holds_at_once_and_is_taken_back(daemon: Daemon) -> None:
    await attic(daemon, song(1, "One"), song(2, "Two"))
    assert (await daemon.json("GET", FILTER))["excluded"] == 0
    told = await daemon.json("PUT", FILTER, json={"exclude_paths": ["*"], "exclude_genres": ["Talk"]})
    assert told["exclude_genres"] == ["Talk"]
    shown = await daemon.json("GET", "/api/v1/servers/attic")
    assert shown["tracks"] + shown["excluded"] == 2
    out = (await daemon.json("GET", "/api/v1/tracks?excluded=true"))["items"]
    assert len(out) == shown["excluded"] == told["excluded"] == 2
    assert all(one["excluded"] and one["missing_since"] for one in out)
    assert (await daemon.json("GET", "/api/v1/tracks"))["items"] == []
    assert (await daemon.json("GET", "/api/v1/tracks?missing=true"))["items"] == []
    told = await daemon.json("PUT", FILTER, json={})
    assert (told["tracks"], told["excluded"]) == (2, 0)
    assert len((await daemon.json("GET", "/api/v1/tracks"))["items"]) == 2


async def test_a_filter_of_nobody_or_of_nonsense_is_refused(daemon: Daemon) -> None:
    await daemon.json("GET", FILTER, status=404)
    await attic(daemon)
    await daemon.json("PUT", FILTER, status=422, json={"exclude_paths": "Podcasts"})
    await daemon.json("PUT", FILTER, status=422, json={"exclude_paths": ["a\0b"]})


async def test_a_preview_begins(daemon: Daemon) -> None:
    await attic(daemon)
    run = await daemon.json("POST", "/api/v1/servers/attic/preview", status=202)
    assert (run["kind"], run["server"], run["state"]) == ("preview", "attic", "PENDING")


async def test_a_check_tells_each_thing_that_is_broken(daemon: Daemon, far: MemoryServer) -> None:
    await attic(daemon)
    checked = await daemon.json("POST", "/api/v1/servers/attic/check")
    assert by_name(checked)["list"]["good"] is False
    far.hold(song(1, "One"))
    checked = await daemon.json("POST", "/api/v1/servers/attic/check")
    steps = by_name(checked)
    assert checked["good"] is False
    assert [name for name, step in steps.items() if step["good"] is False] == ["lend"]
    assert steps["webhook"]["good"] is True
    assert all(step["advice"] for step in steps.values() if step["good"] is False)
    far.fault = AuthFailed("The password is wrong.")
    steps = by_name(await daemon.json("POST", "/api/v1/servers/attic/check"))
    assert steps["reach"]["detail"] == "The password is wrong."
    assert "password" in steps["reach"]["advice"]


@pytest.mark.slow
async def test_a_folder_in_good_health_passes_and_is_left_as_it_was(daemon: Daemon, tmp_path: Path) -> None:
    music, lists = tmp_path / "music", tmp_path / "lists"
    music.mkdir()
    lists.mkdir()
    write_chord(music / "chord.wav", 3)
    options = {"path": str(music), "playlists": str(lists)}
    await daemon.json(
        "POST", "/api/v1/servers", status=201, json={"name": "folder", "kind": "folder", "options": options}
    )
    checked = await daemon.json("POST", "/api/v1/servers/folder/check")
    assert checked["good"], checked
    assert list(by_name(checked)) == ["reach", "rights", "list", "lend", "hear", "playlist", "webhook"]
    assert list(lists.iterdir()) == []
    assert (await daemon.json("GET", "/api/v1/servers/folder"))["state"] == "connected"
