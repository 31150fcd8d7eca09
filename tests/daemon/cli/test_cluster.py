"""`segue cluster`: what it asks the daemon for, and what it makes of the replies."""

import json
from typing import Any

from tests.daemon.cli import replies
from tests.daemon.cli.conftest import Run
from tests.daemon.cli.stand_in import Problem, StandIn

CLUSTERING: dict[str, Any] = {
    "id": 2, "run": 7, "algorithm": "kmeans", "source": "vectors", "parameters": {"clustering_runs": 10},
    "seed": 1, "score": 2.5, "recordings": 147, "servers": None, "libraries": ["music"], "remarks": [],
    "created_at": replies.MOMENT,
}  # fmt: skip
FOLK: dict[str, Any] = {
    "lineage": 4, "position": 0, "name": "Mellow Folk", "description": "Folk. Mellow.", "recordings": 3,
    "songs": 1,
}  # fmt: skip
REST: dict[str, Any] = {**FOLK, "lineage": 5, "position": None, "name": "The Rest", "songs": 0}
SONG: dict[str, Any] = {
    "recording": 9, "title": "Morning", "artist": "Band", "album": None, "distance": 0.5, "ordinal": 0,
    "joined_at": None,
}  # fmt: skip


def clustering_run(**changes: Any) -> dict[str, Any]:
    return replies.run(kind="clustering", **changes)


def test_start_asks_for_what_was_said(daemon: StandIn, segue: Run) -> None:
    daemon.replies["POST /clusterings"] = clustering_run()
    outcome = segue(
        "cluster", "start", "--algorithm", "gmm", "--runs", "200", "--seed", "3", "--server", "attic",
        "--library", "music", "--set", "max_songs_per_artist=2", "--set", "source=features", "--fresh",
    )  # fmt: skip
    assert outcome.out == "Run 7 looks for groups; `segue cluster follow` watches it.\n"
    assert daemon.requests[-1].body == {
        "parameters": {
            "algorithm": "gmm",
            "clustering_runs": 200,
            "max_songs_per_artist": 2,
            "source": "features",
        },
        "seed": 3,
        "fresh": True,
        "servers": ["attic"],
        "libraries": ["music"],
    }


def test_start_refuses_what_is_no_pair(daemon: StandIn, segue: Run) -> None:
    outcome = segue("cluster", "start", "--set", "nonsense")
    assert outcome.status == 2
    assert "NAME=VALUE" in outcome.err
    assert daemon.requests == []


def test_start_tells_a_refusal(daemon: StandIn, segue: Run) -> None:
    daemon.replies["POST /clusterings"] = Problem(409, "Groups are being looked for already.")
    outcome = segue("cluster", "start")
    assert (outcome.status, outcome.err) == (1, "Groups are being looked for already.\n")


def test_status_with_nothing_at_all(daemon: StandIn, segue: Run) -> None:
    daemon.replies |= {"GET /runs": replies.page(), "GET /clusterings": replies.page()}
    assert segue("cluster", "status").out.splitlines() == [
        "No groups are being looked for.",
        "There is no clustering yet; `segue cluster start` looks for groups.",
    ]


def test_status_tells_how_far_it_is(daemon: StandIn, segue: Run) -> None:
    daemon.replies["GET /runs"] = replies.page(clustering_run(message="Best score so far 2.1."))
    daemon.replies["GET /clusterings"] = replies.page(CLUSTERING)
    first, second = segue("cluster", "status").out.splitlines()
    assert first == "Run 7 looks for groups (25 %). Best score so far 2.1."
    assert second.startswith("The newest clustering is 2, of 147 recordings, made 2026-03-01")
    both = json.loads(segue("cluster", "status", "--json").out)
    assert (both["run"]["id"], both["newest"]["id"]) == (7, 2)


def test_list(daemon: StandIn, segue: Run) -> None:
    daemon.replies["GET /clusterings"] = replies.page(CLUSTERING)
    head, row = segue("cluster", "list").out.splitlines()
    assert head.split() == ["number", "made", "recordings", "algorithm", "score", "seed", "run"]
    assert row.split()[3:] == ["147", "kmeans", "2.500", "1", "7"]


def test_show_lists_playlists_and_their_songs(daemon: StandIn, segue: Run) -> None:
    daemon.replies["GET /clusterings"] = replies.page(CLUSTERING)
    daemon.replies["GET /clusterings/2/clusters"] = {"items": [FOLK, REST]}
    daemon.replies["GET /clusterings/2/clusters/4"] = {**FOLK, "items": [SONG, {**SONG, "ordinal": None}]}
    lines = segue("cluster", "show", "--songs").out.splitlines()
    assert lines[-3:] == [
        "Mellow Folk (lineage 4, 1 song and 2 more in the group)",
        "  Folk. Mellow.",
        "    1. Band - Morning",
    ]
    assert "The Rest" not in "".join(lines)
    assert "The Rest" in segue("cluster", "show", "--all").out


def test_show_without_any(daemon: StandIn, segue: Run) -> None:
    daemon.replies["GET /clusterings"] = replies.page()
    assert segue("cluster", "show").status == 1


def test_diff(daemon: StandIn, segue: Run) -> None:
    item = {
        "lineage": 4, "before": "Mellow Folk", "after": None, "was_playlist": True, "is_playlist": False,
        "stayed": 0, "came": 0, "went": 3,
    }  # fmt: skip
    daemon.replies["GET /clusterings/1/diff/2"] = {
        "before": 1, "after": 2, "playlists_kept": 0, "names_kept": 0, "items": [item],
    }  # fmt: skip
    _, row, last = segue("cluster", "diff", "1", "2").out.splitlines()
    assert row.split() == ["4", "Mellow", "Folk", "-", "0", "0", "3"]
    assert last == "0 playlists stayed playlists, 0 of them with the same name."


def test_cancel_ends_the_run_that_is_open(daemon: StandIn, segue: Run) -> None:
    daemon.replies["GET /runs"] = [replies.page(clustering_run()), replies.page()]
    daemon.replies["POST /runs/7/cancel"] = {"revoked": 4}
    assert segue("cluster", "cancel").out == "Run 7 is cancelled.\n"
    outcome = segue("cluster", "cancel")
    assert (outcome.status, outcome.err) == (1, "No groups are being looked for.\n")
