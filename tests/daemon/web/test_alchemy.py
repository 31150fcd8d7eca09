"""Blends in the dialect of AudioMuse-AI: wanted, unwanted, and drawn on one map."""

from typing import Any

import numpy as np

from segue.web.flat import flattened
from tests.daemon.web.conftest import Daemon
from tests.daemon.web.music import attic, hear, song
from tests.fakes.memory import MemoryServer

DIRECTIONS = {"Zero": 0, "Ten": 10, "Twenty": 20, "Forty": 40, "Eighty": 80, "Ninety": 90}
FIELDS = {"item_id", "title", "author", "album", "album_artist", "distance", "embedding_2d"}


async def _library(daemon: Daemon) -> None:
    songs = [song(number, title, f"Artist {number // 2}") for number, title in enumerate(DIRECTIONS)]
    await attic(daemon, *songs, song(9, "Unheard"))
    await hear(daemon, {title: float(angle) for title, angle in DIRECTIONS.items()})


async def _blend(daemon: Daemon, *items: dict[str, Any], **rest: Any) -> Any:
    return await daemon.json("POST", "/api/alchemy", json={"items": items, **rest})


def _titles(tracks: list[dict[str, Any]]) -> list[str]:
    return [one["title"] for one in tracks]


async def test_a_blend_has_the_fields_that_plugins_read(daemon: Daemon) -> None:
    await _library(daemon)
    add, subtract = {"id": "track-0", "op": "ADD"}, {"id": "track-5", "op": "SUBTRACT", "type": "song"}
    found = await _blend(daemon, add, subtract, n="50", subtract_distance="", temperature=1.0)
    assert _titles(found["results"]) == ["Ten", "Twenty", "Forty"]
    assert _titles(found["filtered_out"]) == ["Eighty"]
    assert found["results"][0].keys() == FIELDS == found["filtered_out"][0].keys()
    assert found["results"][0]["item_id"] == "track-1"
    assert [one["item_id"] for one in found["add_points"]] == ["track-0"]
    assert [one["title"] for one in found["sub_points"]] == ["Ninety"]
    assert found["centroid_2d"] == found["add_centroid_2d"] == found["add_points"][0]["embedding_2d"]
    assert found["subtract_centroid_2d"] == found["sub_points"][0]["embedding_2d"]
    assert found["subtract_centroid_2d"] != found["add_centroid_2d"]
    assert found["projection"] == "pca"


async def test_how_near_is_too_near_may_be_said(daemon: Daemon) -> None:
    await _library(daemon)
    items = {"id": "track-0", "op": "ADD"}, {"id": "track-5", "op": "SUBTRACT"}
    for distance, kept in ((0, 4), (0.2, 3), (0.35, 2), (0.42, 1), (1, 0)):
        found = await _blend(daemon, *items, subtract_distance=distance)
        assert (len(found["results"]), len(found["filtered_out"])) == (kept, 4 - kept), distance
    assert _titles((await _blend(daemon, *items, n=1))["results"]) == ["Ten"]


async def test_artists_are_blended_by_name_or_the_servers_id(daemon: Daemon, far: MemoryServer) -> None:
    far.artists["ar-7"] = "Artist 0"
    await _library(daemon)
    for said in ("ar-7", "artist 0"):
        found = await _blend(daemon, {"id": said, "op": "ADD", "type": "artist"})
        assert _titles(found["results"]) == ["Twenty", "Forty", "Eighty", "Ninety"]
        assert found["subtract_centroid_2d"] is None
        assert not found["sub_points"] and not found["filtered_out"]
        assert found["add_points"][0] | {"embedding_2d": 0, "title": 0, "author": 0} == {
            "item_id": said,
            "title": 0,
            "author": 0,
            "embedding_2d": 0,
        }
    both = {"id": "ar-7", "op": "ADD", "type": "artist"}, {"id": "track-5", "op": "ADD"}
    assert _titles((await _blend(daemon, *both))["results"])[0] == "Forty"


async def test_what_is_not_heard_does_not_count(daemon: Daemon) -> None:
    await _library(daemon)
    found = await _blend(daemon, {"id": "track-0"}, {"id": "track-9"}, {"id": "track-9", "op": "SUBTRACT"})
    assert _titles(found["results"])[0] == "Ten"
    assert len(found["add_points"]) == 1 and found["subtract_centroid_2d"] is None
    await daemon.json("POST", "/api/alchemy", status=404, json={"items": [{"id": "track-9"}]})


async def test_blends_that_make_no_sense_are_refused(daemon: Daemon) -> None:
    await _library(daemon)
    wrong: list[tuple[int, Any]] = [
        (400, {}),
        (400, {"items": []}),
        (400, {"items": [{"id": "track-0", "op": "SUBTRACT"}]}),
        (400, {"items": [{"id": "track-0", "op": "TIMES"}]}),
        (400, {"items": [{"id": "track-0", "type": "mood"}]}),
        (400, {"items": [{"id": "track-0"}], "n": 0}),
        (400, {"items": [{"id": "track-0"}], "n": "many"}),
        (400, {"items": [{"id": "track-0"}], "subtract_distance": 2}),
        (404, {"items": [{"id": "nothing"}]}),
        (404, {"items": [{"id": "Who", "type": "artist"}]}),
        (404, {"items": [{"id": "track-0"}], "server": "nobody"}),
    ]
    for status, body in wrong:
        await daemon.json("POST", "/api/alchemy", status=status, json=body)


def test_a_map_shows_where_directions_differ() -> None:
    directions = np.array([[1.0, 0, 0, 2], [-1, 0, 0, 2], [0, 0.5, 0, 2], [0, -0.5, 0, 2]])
    assert flattened(directions) == [(1, 0), (-1, 0), (0, 0.5), (0, -0.5)]
    assert flattened(directions[:1]) == [(0, 0)]
