"""Clusterings over the API: wanted, refused, shown, compared."""

import pytest

from segue.model import RecordingId
from segue.store import clusterings, spaces
from segue.store.clusterings import ClusteringId, NewCluster
from segue.store.pool import Connection
from tests.daemon.store_recordings.rows import add_recording
from tests.daemon.web.conftest import Daemon

_URL = "/api/v1/clusterings"


async def test_a_run_is_wanted_with_the_settings_and_what_is_said(daemon: Daemon) -> None:
    body = {
        "parameters": {"algorithm": "gmm", "top_n_playlists": 3},
        "seed": 4,
        "libraries": ["music"],
        "fresh": True,
    }
    run = await daemon.json("POST", _URL, status=202, json=body)
    assert (run["kind"], run["state"]) == ("clustering", "PENDING")
    again = await daemon.json("POST", _URL, status=409)
    assert "already" in again["detail"]
    async with daemon.services.pool.connection() as c:
        cursor = await c.execute("select arguments from runs where id = %s", [run["id"]])
        row = await cursor.fetchone()
    assert row is not None
    assert row[0]["parameters"]["algorithm"] == "gmm"
    assert row[0]["parameters"]["score_weight_diversity"] == 2.0
    assert (row[0]["seed"], row[0]["libraries"], row[0]["automatic"]) == (4, ["music"], False)
    assert row[0]["fresh"] is True


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"parameters": {"clusters": 3}}, "`parameters.clusters` is not known here"),
        ({"parameters": {"clustering_runs": 10**30}}, "clustering_runs must be a number of ordinary size"),
        ({"parameters": {"max_distance": float("nan")}}, "max_distance"),
        ({"parameters": {"clustering_runs": "many"}}, "clustering_runs"),
        ({"parameters": {"num_clusters_min": 9, "num_clusters_max": 3}}, "num_clusters_min must not be"),
        ({"parameters": {"algorithm": "magic"}}, "algorithm"),
        ({"seed": 0}, "seed"),
    ],
)
async def test_what_makes_no_sense_is_refused(daemon: Daemon, body: dict[str, object], told: str) -> None:
    refused = await daemon.json("POST", _URL, status=422, json=body)
    assert told in refused["detail"]


async def test_starting_needs_an_admin_and_looking_does_not(daemon: Daemon) -> None:
    token = await daemon.token("read")
    await daemon.json("POST", _URL, status=403, token=token)
    assert (await daemon.json("GET", _URL, token=token))["items"] == []


async def test_an_unknown_server_is_refused(daemon: Daemon) -> None:
    await daemon.json("POST", _URL, status=404, json={"servers": ["nowhere"]})


async def test_clusterings_are_shown_with_their_groups_and_compared(daemon: Daemon) -> None:
    async with daemon.services.pool.connection() as c:
        songs = [await add_recording(c, title=f"Title {number}") for number in range(6)]
        first = await _save(c, {1: ("Folk", songs[:3]), 2: ("Rock", songs[3:])})
        second = await _save(c, {1: ("Folk", songs[:4]), 3: ("Metal", songs[4:])})
    listed = await daemon.json("GET", _URL)
    assert [one["id"] for one in listed["items"]] == [second, first]
    shown = await daemon.json("GET", f"{_URL}/{first}")
    assert (shown["algorithm"], shown["recordings"]) == ("kmeans", 6)
    groups = await daemon.json("GET", f"{_URL}/{second}/clusters")
    assert [(one["name"], one["position"], one["songs"]) for one in groups["items"]] == [
        ("Folk", 0, 4),
        ("Metal", 1, 2),
    ]
    group = await daemon.json("GET", f"{_URL}/{second}/clusters/3")
    assert [song["title"] for song in group["items"]] == ["Title 5", "Title 4"]
    compared = await daemon.json("GET", f"{_URL}/{first}/diff/{second}")
    assert (compared["playlists_kept"], compared["names_kept"]) == (1, 1)
    assert [(one["before"], one["after"], one["came"]) for one in compared["items"]] == [
        ("Folk", "Folk", 1),
        ("Rock", None, 0),
        (None, "Metal", 2),
    ]
    await daemon.json("GET", f"{_URL}/{second + 1}", status=404)
    await daemon.json("GET", f"{_URL}/{second}/clusters/9", status=404)


async def test_clients_of_the_dialect_start_and_watch_it_too(daemon: Daemon) -> None:
    begun = await daemon.json("POST", "/api/clustering/start", status=202, json={"num_clusters_max": 3})
    assert (begun["task_type"], begun["status"]) == ("main_clustering", "PENDING")
    await daemon.json("POST", "/api/clustering/start", status=409, json={})
    active = await daemon.json("GET", "/api/active_tasks")
    assert (active["task_id"], active["task_type"]) == (begun["task_id"], "main_clustering")


async def _save(c: Connection, groups: dict[int, tuple[str, list[RecordingId]]]) -> ClusteringId:
    space = await spaces.serving(c)
    assert space is not None
    return await clusterings.save(
        c,
        run=None,
        space=space.id,
        source="vectors",
        parameters={"algorithm": "kmeans"},
        seed=1,
        score=1.5,
        recordings=6,
        mean_distance=1.0,
        model=b"",
        servers=None,
        libraries=None,
        remarks=(),
        clusters=[
            NewCluster(
                lineage=lineage,
                place=place,
                position=place,
                name=name,
                description="",
                centroid=b"",
                members=[(song, 0.5) for song in songs],
                order=songs[::-1],
            )
            for place, (lineage, (name, songs)) in enumerate(groups.items())
        ],
    )
