"""`segue playlists`: what is asked of the daemon, and what is printed."""

import json
from typing import Any

from tests.daemon.cli import replies
from tests.daemon.cli.conftest import Run
from tests.daemon.cli.stand_in import Problem, StandIn

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


def test_a_list_that_asks(daemon: StandIn, segue: Run) -> None:
    daemon.replies["GET /playlists/3"] = shown(kind="asked", songs=0, items=[])
    out = segue("playlists", "show", "3").out
    assert "state     waits for its first songs\n" in out
    assert "where" not in out


def test_show(daemon: StandIn, segue: Run) -> None:
    daemon.replies["GET /playlists/3"] = shown()
    out = segue("playlists", "show", "3").out
    assert "On attic: 'Mix', 1 song, up to date." in out
    assert "On cellar: deleted by a person; `segue playlists publish` brings it back." in out
    assert out.splitlines()[-2].split() == ["1", "7", "Ada", "Fern", "Dawn", "pinned"]
    assert out.splitlines()[-1].split() == ["8", "Dusk", "banned"]


def test_names_are_as_good_as_numbers(daemon: StandIn, segue: Run) -> None:
    daemon.replies["GET /playlists"] = replies.page(
        playlist(), playlist(id=4, name="Old Mix"), playlist(id=5, name="Twice"), playlist(id=6, name="twice")
    )
    daemon.replies["GET /playlists/3"] = shown()
    assert "On attic" in segue("playlists", "show", "mix").out
    for said, told in (
        ("old", "There is no playlist 'old'; did you mean 4 (Old Mix)?\n"),
        ("new", "There is no playlist 'new'; `segue playlists list` shows them.\n"),
        ("Twice", "Several playlists are called 'Twice'; give the number of one: 5 (Twice), 6 (twice).\n"),
    ):
        outcome = segue("playlists", "withdraw", said)
        assert (outcome.status, outcome.err) == (1, told)
    assert {request.method for request in daemon.requests} == {"GET"}


def test_a_recipe_is_told_in_words(daemon: StandIn, segue: Run) -> None:
    recipe = {
        "kind": "path", "seeds": [7, 9], "count": 20, "genres": ["jazz"], "moods": {"sad": 0.5},
        "years": [None, 1970], "tempo": [90.0, 120.5], "per_artist": 3,
    }  # fmt: skip
    daemon.replies["GET /playlists/3"] = shown(kind="recipe", recipe=recipe, refresh_hours=24.0)
    assert (
        "recipe    from Ada Fern - Dawn to recording 9; genre jazz; sad at least 0.5; year -1970; "
        "tempo 90-120.5; at most 20 songs; every 24 hours\n"
    ) in segue("playlists", "show", "3").out


def test_songs_by_words(daemon: StandIn, segue: Run) -> None:
    daemon.replies["POST /playlists"] = shown()
    daemon.replies["GET /tracks"] = replies.page(replies.track(44, title="Dawn", artist="Ada Fern"))
    out = segue("playlists", "save", "Mix", "--like", "ada dawn", "--track", "12").out
    assert out == "'ada dawn' is Ada Fern - Dawn.\nPlaylist 3: Mix, 1 song, as saved.\n"
    assert daemon.requests[-1].body["tracks"] == [44, 12]
    segue("playlists", "recipe", "Way", "--kind", "path", "--like", "ada", "--like", "dawn", "--json")
    assert daemon.requests[-1].body["recipe"]["tracks"] == [44, 44]
    daemon.replies["GET /tracks"] = replies.page()
    outcome = segue("playlists", "save", "Mix", "--like", "nothing")
    assert outcome.err == "No track fits 'nothing'; `segue tracks search` finds tracks.\n"


def test_songs_must_be_named(daemon: StandIn, segue: Run) -> None:
    for words, told in (
        (("save", "Mix"), "Say which songs: --like WORDS, --track or --recording.\n"),
        (("recipe", "Mix"), "Name one song: --like WORDS or --track; may be repeated.\n"),
        (
            ("recipe", "Mix", "--kind", "path", "--track", "3"),
            "Name where it begins and where it ends: --like WORDS or --track; may be repeated.\n",
        ),
    ):
        outcome = segue("playlists", *words)
        assert (outcome.status, outcome.err) == (2, told)


def test_delete(daemon: StandIn, segue: Run) -> None:
    daemon.replies["GET /playlists/3"] = daemon.replies["POST /playlists/3/withdraw"] = shown()
    daemon.replies["DELETE /playlists/3"] = Problem(409, "Something else.")
    assert segue("playlists", "delete", "3").err == "Something else.\n"
    daemon.replies["DELETE /playlists/3"] = None
    assert segue("playlists", "delete", "3").out == "Playlist 3, Mix, is deleted.\n"
    assert [f"{one.method} {one.path}" for one in daemon.requests][-3:] == [
        "GET /playlists/3", "POST /playlists/3/withdraw", "DELETE /playlists/3",
    ]  # fmt: skip


def test_nothing_to_tell(daemon: StandIn, segue: Run) -> None:
    same = {"added": [], "removed": []}
    daemon.replies["GET /playlists/3/diff"] = {"before": 1, "after": 1, **same}
    assert segue("playlists", "diff", "3").out == "There is only version 1.\n"
    daemon.replies["GET /playlists/3/diff"] = {"before": 1, "after": 2, **same}
    assert segue("playlists", "diff", "3").out.endswith("The same songs, perhaps in another order.\n")
    daemon.replies["GET /playlists/3/plan"] = {"steps": []}
    assert segue("playlists", "publish", "3", "--dry-run").out.startswith("Nothing would be done: ")


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
    assert outcome.out == "Playlist 3: Mix, 1 song, as saved.\n"
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
