"""Mixes: several seeds of any kind, each with its weight, in the middle or in turn."""

from typing import Any

from segue.settings import Settings
from segue.store.tracks import TrackRow
from tests.daemon.similarity.library import DIMENSIONS, towards
from tests.daemon.web.conftest import Daemon, running
from tests.daemon.web.music import attic, hear, rows, song
from tests.fakes.memory import MemoryServer

DIRECTIONS = {"Zero": 0, "Ten": 10, "Twenty": 20, "Forty": 40, "Eighty": 80, "Ninety": 90}
SONGS = [
    song(number, title, f"Artist {number}", f"Album {number // 2}") for number, title in enumerate(DIRECTIONS)
]


async def titles(daemon: Daemon, *seeds: dict[str, Any], **rest: Any) -> list[str]:
    found = await daemon.json("POST", "/api/v1/similar", json={"seeds": seeds, **rest})
    return [one["track"]["title"] for one in found["items"]]


async def library(daemon: Daemon) -> dict[str, int]:
    await attic(daemon, *SONGS)
    await hear(daemon, {title: float(angle) for title, angle in DIRECTIONS.items()})
    return {title: row.id for title, row in (await rows(daemon)).items()}


async def _heard(daemon: Daemon) -> dict[str, TrackRow]:
    await library(daemon)
    return await rows(daemon)


async def _playlist(daemon: Daemon, name: str, *recordings: int) -> int:
    body = {"name": name, "recordings": recordings}
    return int((await daemon.json("POST", "/api/v1/playlists", status=201, json=body))["id"])


async def test_seeds_of_every_kind_are_understood(daemon: Daemon) -> None:
    ids = await library(daemon)
    recording = (await rows(daemon))["Zero"].recording_id
    nearest = ["Ten", "Twenty", "Forty", "Eighty", "Ninety"]
    for seed in (
        {"track": ids["Zero"]},
        {"recording": recording},
        {"server_track": "track-0", "server": "attic"},
        {"artist": "artist 0"},
    ):
        assert await titles(daemon, seed) == nearest, seed
    assert await titles(daemon, {"album": "Album 0"}) == nearest[1:]
    assert "Zero" in await titles(daemon, {"album": "Album 0", "artist": "Artist 1"})
    vector = [float(number) for number in towards(0.5) * 3]
    assert await titles(daemon, {"vector": vector}, limit=2) == ["Zero", "Ten"]


async def test_weights_move_the_middle(daemon: Daemon) -> None:
    ids = await library(daemon)
    one, other = {"track": ids["Zero"]}, {"track": ids["Ninety"]}
    assert (await titles(daemon, {**one, "weight": 3}, other))[0] == "Twenty"
    assert (await titles(daemon, one, {**other, "weight": 4}))[0] == "Eighty"
    away = {"track": ids["Ten"], "weight": -0.9}
    assert (await titles(daemon, {"track": ids["Forty"]}, away))[0] == "Ninety"


async def test_seeds_can_be_answered_in_turn(daemon: Daemon) -> None:
    ids = await library(daemon)
    seeds = [{"track": ids["Zero"]}, {"track": ids["Ninety"]}]
    assert await titles(daemon, *seeds, spread=True) == ["Ten", "Eighty", "Twenty", "Forty"]
    heavier = [{**seeds[0], "weight": 2}, seeds[1]]
    assert await titles(daemon, *heavier, spread=True) == ["Ten", "Twenty", "Eighty", "Forty"]
    assert await titles(daemon, *seeds, spread=True, limit=1) == ["Ten"]


async def test_a_playlist_is_a_seed(settings: Settings) -> None:
    far = MemoryServer(lists={"mix": ["track-0", "track-1", "unknown"], "strange": ["unknown"]})
    async with running(settings, far, lists=True) as daemon:
        await library(daemon)
        seed = {"playlist": "mix", "server": "attic"}
        assert await titles(daemon, seed) == ["Twenty", "Forty", "Eighty", "Ninety"]
        for name, status in (("strange", 404), ("nothing", 424)):
            body = {"seeds": [{"playlist": name, "server": "attic"}]}
            await daemon.json("POST", "/api/v1/similar", status=status, json=body)


async def test_playlists_of_ours_are_seeds_by_number_or_name(daemon: Daemon) -> None:
    known = {title: row.recording_id for title, row in (await _heard(daemon)).items()}
    ours = await _playlist(daemon, "Beginnings", known["Zero"], known["Ten"], known["Ninety"])
    wish = {"wish": "ban", "recordings": [known["Ninety"]]}
    await daemon.json("POST", f"/api/v1/playlists/{ours}/songs", json=wish)
    nearest = ["Twenty", "Forty", "Eighty", "Ninety"]
    for said in (str(ours), "beginnings"):
        assert await titles(daemon, {"playlist": said}) == nearest
        found = await daemon.json("GET", f"/api/v1/similar?playlist={said}")
        assert [one["track"]["title"] for one in found["items"]] == nearest
    opposite = {"recording": known["Ninety"], "weight": 5}
    assert (await titles(daemon, {"playlist": "Beginnings"}, opposite))[0] == "Eighty"
    assert (await titles(daemon, {"playlist": "Beginnings", "weight": 30}, opposite))[0] == "Twenty"


async def test_a_playlist_that_is_unknown_empty_or_one_of_two_is_no_seed(daemon: Daemon) -> None:
    known = {title: row.recording_id for title, row in (await _heard(daemon)).items()}
    for name in ("Twice", "twice"):
        await _playlist(daemon, name, known["Zero"])
    empty = await _playlist(daemon, "Empty", known["Ten"])
    wish = {"wish": "ban", "recordings": [known["Ten"]]}
    await daemon.json("POST", f"/api/v1/playlists/{empty}/songs", json=wish)
    said = (("Nothing", 404), ("9999999999999999999999", 404), ("Empty", 404), ("Twice", 409))
    for name, status in said:
        problem = await daemon.json("GET", f"/api/v1/similar?playlist={name}", status=status)
        assert f"`{name}`" in problem["detail"]
        body = {"seeds": [{"playlist": name}]}
        again = await daemon.json("POST", "/api/v1/similar", status=status, json=body)
        assert again["detail"] == problem["detail"]


async def test_what_is_no_seed_is_refused(daemon: Daemon) -> None:
    ids = await library(daemon)
    wrong: list[dict[str, Any]] = [
        {},
        {"track": ids["Zero"], "artist": "Artist 0"},
        {"server_track": "track-0"},
        {"track": ids["Zero"], "weight": 0},
        {"track": ids["Zero"], "weight": -1},
        {"vector": [1.0]},
        {"vector": [0.0] * DIMENSIONS},
    ]
    for seed in wrong:
        await daemon.json("POST", "/api/v1/similar", status=422, json={"seeds": [seed]})
    problem = await daemon.json("POST", "/api/v1/similar", status=422, json={"seeds": [{}]})
    assert [fault["where"] for fault in problem["faults"]] == ["body.seeds.0"]
    await daemon.json("POST", "/api/v1/similar", status=422, json={"seeds": []})
    await daemon.json("POST", "/api/v1/similar", status=404, json={"seeds": [{"track": 999999}]})
    await daemon.json("POST", "/api/v1/similar", status=404, json={"seeds": [{"artist": "Who"}]})
    seed = {"playlist": "mix", "server": "attic"}
    await daemon.json("POST", "/api/v1/similar", status=409, json={"seeds": [seed]})
