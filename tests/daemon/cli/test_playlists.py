"""`segue playlists`: what is asked of the daemon, and what is printed."""

import json
from typing import Any

from tests.daemon.cli import replies
from tests.daemon.cli.conftest import Run
from tests.daemon.cli.stand_in import StandIn

SONG = {"recording": 7, "title": "Dawn", "artist": "Ada Fern"}
OTHER = {"recording": 8, "title": "Dusk", "artist": None}
COPY = {
    "server": "attic", "user": None, "server_playlist": "x1", "name": "Mix", "songs": 1, "up_to_date": True,
    "published_at": replies.MOMENT, "given_up": None, "withdrawn_at": None, "last_error": None,
}  # fmt: skip


def playlist(**changes: Any) -> dict[str, Any]:
    return {
        "id": 3, "name": "Mix", "description": "", "kind": "static", "public": False, "version": 2,
        "songs": 1, "held": False, "withdrawn": False, "retired_at": None, "recipe": None,
        "refresh_hours": None, "made_at": replies.MOMENT, "last_error": None, **changes,
    }  # fmt: skip


def shown(**changes: Any) -> dict[str, Any]:
    version = {"number": 2, "songs": 1, "created_at": replies.MOMENT}
    return {
        **playlist(), "items": [SONG], "pinned": [SONG], "banned": [OTHER], "versions": [version],
        "copies": [COPY, {**COPY, "server": "cellar", "given_up": "deleted"}], "everywhere": True,
        "targets": [], **changes,
    }  # fmt: skip


def test_list(daemon: StandIn, segue: Run) -> None:
    daemon.replies["GET /playlists"] = replies.page(playlist(held=True))
    _, row = segue("playlists", "list", "--kind", "static").out.splitlines()
    assert row.split() == ["3", "Mix", "static", "1", "2", "rolled", "back"]


def test_show(daemon: StandIn, segue: Run) -> None:
    daemon.replies["GET /playlists/3"] = shown()
    out = segue("playlists", "show", "3").out
    assert "On attic: 'Mix', 1 songs, up to date." in out
    assert "On cellar: deleted by a person; `segue playlists publish` brings it back." in out
    assert out.splitlines()[-2].split() == ["1", "7", "Ada", "Fern", "Dawn", "pinned"]
    assert out.splitlines()[-1].split() == ["8", "Dusk", "banned"]


def test_where_it_shall_be(daemon: StandIn, segue: Run) -> None:
    chosen = [{"server": "attic", "user": None}, {"server": "cellar", "user": "joe"}]
    for told, said in (
        ({}, "every server"),
        ({"everywhere": False, "targets": chosen}, "attic, cellar=joe"),
        (
            {"everywhere": False},
            "nowhere: the chosen servers are gone; `segue playlists targets` chooses anew",
        ),
    ):
        daemon.replies["GET /playlists/3"] = shown(**told)
        assert f"where     {said}" in segue("playlists", "show", "3").out


def test_save_and_recipe(daemon: StandIn, segue: Run) -> None:
    daemon.replies["POST /playlists"] = shown()
    assert segue("playlists", "save", "Mix", "--track", "12", "--server", "attic").status == 0
    assert daemon.requests[-1].body["tracks"] == [12]
    assert daemon.requests[-1].body["targets"] == [{"server": "attic"}]
    outcome = segue(
        "playlists", "recipe", "Slow", "--kind", "filter", "--genre", "jazz", "--mood", "happy:0.5", "--once"
    )
    assert outcome.out == "Playlist 3: Mix, 1 songs, living.\n"
    body = daemon.requests[-1].body
    assert (body["recipe"]["genres"], body["recipe"]["moods"]) == (["jazz"], {"happy": 0.5})
    assert not body["refreshes"]
    assert segue("playlists", "recipe", "Slow", "--mood", "happy").status == 2


def test_changes(daemon: StandIn, segue: Run) -> None:
    for method, path in (
        ("PATCH", ""), ("POST", "/songs"), ("POST", "/rollback"), ("POST", "/refresh"), ("POST", "/publish"),
        ("POST", "/withdraw"), ("PUT", "/targets"),
    ):  # fmt: skip
        daemon.replies[f"{method} /playlists/3{path}"] = shown()
    for words, body in (
        (("rename", "3", "Other"), {"name": "Other"}),
        (("pin", "3", "7", "8"), {"wish": "pin", "recordings": [7, 8]}),
        (("ban", "3", "7"), {"wish": "ban", "recordings": [7]}),
        (("unpin", "3", "7"), {"wish": "none", "recordings": [7]}),
        (("rollback", "3", "1"), {"version": 1}),
        (("refresh", "3"), None),
        (("publish", "3"), None),
        (("withdraw", "3"), None),
        (
            ("targets", "3", "attic", "cellar=joe"),
            {"targets": [{"server": "attic", "user": None}, {"server": "cellar", "user": "joe"}]},
        ),
    ):
        assert segue("playlists", *words).status == 0
        assert daemon.requests[-1].body == body
    assert json.loads(segue("playlists", "refresh", "3", "--json").out)["id"] == 3


def test_diff_and_dry_run(daemon: StandIn, segue: Run) -> None:
    daemon.replies["GET /playlists/3/diff"] = {"before": 1, "after": 2, "added": [SONG], "removed": [OTHER]}
    out = segue("playlists", "diff", "3").out
    assert out == "From version 1 to version 2:\n+ Ada Fern - Dawn\n- Dusk\n"
    step = {
        "server": "attic", "user": None, "action": "change", "name": "Mix", "adds": 2, "removes": 1,
        "people_removed": 0, "people_added": 3, "error": None,
    }  # fmt: skip
    daemon.replies["GET /playlists/3/plan"] = {"steps": [step]}
    row = segue("playlists", "publish", "3", "--dry-run").out.splitlines()[-1]
    assert row.split() == ["attic", "change", "Mix", "2", "1", "0", "3"]
