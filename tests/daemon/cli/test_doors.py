"""Front doors and artists on the command line."""

from typing import Any

from tests.daemon.cli import replies
from tests.daemon.cli.conftest import Run
from tests.daemon.cli.stand_in import StandIn

DOOR = "/servers/attic/front-door"


def door(**facts: Any) -> dict[str, Any]:
    return {
        "wanted": "4534", "state": "open", "address": "127.0.0.1:4534", "dialect": "subsonic",
        "trouble": None, **facts,
    }  # fmt: skip


TAKEN = door(state="taken", address=None, dialect=None, trouble="Something else listens on 4534 already.")


def test_a_door_is_opened_and_closed(daemon: StandIn, segue: Run) -> None:
    daemon.replies |= {f"PUT {DOOR}": door(), f"DELETE {DOOR}": None}
    assert "open at 127.0.0.1:4534, subsonic" in segue("servers", "front-door", "attic", "4534").out
    assert daemon.requests[-1].body == {"listen": "4534"}
    assert "closed" in segue("servers", "front-door", "attic", "--close").out
    assert segue("servers", "front-door", "attic").status == 2
    assert segue("servers", "front-door", "attic", "4534", "--close").status == 2


def test_a_door_that_does_not_open_says_why(daemon: StandIn, segue: Run) -> None:
    daemon.replies[f"PUT {DOOR}"] = TAKEN
    assert "taken: Something else listens" in segue("servers", "front-door", "attic", "4534").out
    daemon.replies["GET /servers/attic"] = replies.server(front_door=TAKEN)
    assert "Something else listens" in segue("servers", "show", "attic").out


def test_a_server_is_added_with_its_door(daemon: StandIn, segue: Run) -> None:
    added = {**replies.server(front_door=door()), "hook_secret": "hush", "run": replies.run(), "warnings": []}
    daemon.replies["POST /servers"] = added
    outcome = segue("servers", "add", "attic", "navidrome", "url=http://far", "--front-door", "4534")
    assert "open at 127.0.0.1:4534" in outcome.out
    body = daemon.requests[-1].body
    assert (body["front_door"], body["options"]) == ("4534", {"url": "http://far"})


def test_similar_artists(daemon: StandIn, segue: Run) -> None:
    match = {"share": 0.5, "distance": 0.1, "ours": ["Sinnerman"], "theirs": ["So What"]}
    found = {"artist": "Miles Davis", "recordings": 12, "distance": 0.125, "matches": [match]}
    daemon.replies["GET /artists/similar"] = {"items": [found]}
    outcome = segue("artists", "similar", "nina", "simone", "--why").out
    assert "0.125" in outcome
    assert "Sinnerman ~ So What" in outcome
    assert daemon.requests[-1].query["artist"] == ["nina simone"]
    daemon.replies["GET /artists/similar"] = {"items": []}
    assert "segue analyse status" in segue("artists", "similar", "Nobody").out


def test_artists_are_found(daemon: StandIn, segue: Run) -> None:
    daemon.replies["GET /artists"] = {"items": [{"artist": "Miles Davis", "recordings": 12}]}
    assert segue("artists", "search", "miles", "d").out.split() == [
        "artist", "recordings", "Miles", "Davis", "12",
    ]  # fmt: skip
    assert daemon.requests[-1].query["q"] == ["miles d"]
    daemon.replies["GET /artists"] = {"items": []}
    assert "No artist" in segue("artists", "search", "Nobody").out
