"""The parts a search is made of: samples, spaces, graphs, playlists, choice, drift, wires."""

import json
import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segue.clustering import PARAMETER_DOCS, Algorithm, ClusteringParameters
from segue.clustering.backend import SklearnKMeans, open_kmeans, spread_out
from segue.clustering.child import run
from segue.clustering.choosing import choose_playlists
from segue.clustering.clustering import Clustering, NoSolution, cluster
from segue.clustering.corpus import Corpus, Rows
from segue.clustering.dense import dense_groups, eps_at
from segue.clustering.drift import drift_of
from segue.clustering.evaluation import Result, evaluate_batch
from segue.clustering.geometry import Geometry
from segue.clustering.graph import Graph, nearest_graph
from segue.clustering.grouping import centres_of, form_playlists, group, nearest
from segue.clustering.limits import Limits
from segue.clustering.model import Model
from segue.clustering.prepared import prepare
from segue.clustering.sampling import drawing_order, rung_sizes
from segue.clustering.search import Search
from segue.clustering.snapshot import Snapshot
from segue.clustering.wire import outcome_from_reply, piece_to_bytes
from tests.daemon.clustering.songs import make_songs, part_of

NOBODY: Rows = np.zeros(0, np.int64)
_QUICK = ClusteringParameters(clustering_runs=30, iterations_per_batch=5, concurrent_batches=3, patience=1)


def test_nothing_heavy_is_loaded_by_importing() -> None:
    program = (
        "import pkgutil, sys, segue.clustering as c\n"
        "light = sorted(set(sys.modules) & {'sklearn', 'scipy', 'numpy'})\n"
        "for m in pkgutil.iter_modules(c.__path__, c.__name__ + '.'): __import__(m.name)\n"
        "print(light, sorted(set(sys.modules) & {'sklearn', 'scipy', 'cuml', 'threadpoolctl'}))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[] []"


def test_every_parameter_has_its_sentence() -> None:
    assert list(PARAMETER_DOCS) == [field.name for field in fields(ClusteringParameters)]
    assert all(doc.endswith(".") for doc in PARAMETER_DOCS.values())


def test_defaults_that_people_know() -> None:
    known = ClusteringParameters()
    assert (known.algorithm, known.top_n_playlists) == ("kmeans", 8)
    assert (known.score_weight_diversity, known.score_weight_purity) == (2.0, 1.0)
    assert sum(known.weights.values()) == 3.0
    assert ClusteringParameters.from_json(known.as_json()) == known


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"num_clusters_min": 50, "num_clusters_max": 40}, "num_clusters_min must not be greater"),
        ({"num_clusters_min": 1}, "num_clusters_min must be at least 2"),
        ({"clustering_runs": 0}, "clustering_runs must be at least 1"),
        ({"max_distance": 1.5}, "max_distance must lie between 0 and 1"),
        ({"max_songs_per_artist": -1}, "must not be negative"),
        ({"score_weight_diversity": 0, "score_weight_purity": 0}, "one of them must be above 0"),
        ({"stratified_sampling_target_percentile": 101}, "between 0 and 100"),
        ({"colour": 1}, "Unknown clustering parameters: colour"),
    ],
)
def test_parameters_that_make_no_sense_are_refused(changes: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ClusteringParameters.from_json(json.dumps(changes))


@given(st.integers(50, 500_000), st.integers(1, 50), st.integers(1, 100))
def test_limits_fit_any_library(count: int, wanted: int, smallest: int) -> None:
    parameters = ClusteringParameters(top_n_playlists=wanted, min_playlist_size=smallest)
    limits = Limits.of(parameters, count)
    assert 2 <= limits.clusters_min <= limits.clusters_max <= count
    assert limits.playlist_min * 2 <= count
    assert limits.playlists >= 2


def test_every_prefix_of_the_drawing_order_is_fair_to_rare_genres() -> None:
    styles = ["common"] * 2000 + ["rare"] * 150 + ["rarest"] * 30
    order = drawing_order(styles, ClusteringParameters(), np.random.default_rng(1))
    assert sorted(order.tolist()) == list(range(len(styles)))
    first = [styles[row] for row in order[:90].tolist()]
    assert (first.count("common"), first.count("rare"), first.count("rarest")) == (30, 30, 30)
    assert [styles[row] for row in order[:330].tolist()].count("rare") == 150
    plain = drawing_order(styles, ClusteringParameters(stratified=False), np.random.default_rng(1))
    assert [styles[row] for row in plain[:90].tolist()].count("common") > 60


def test_rungs_grow_to_the_whole_library() -> None:
    assert rung_sizes(200) == (200,)
    assert rung_sizes(20_000) == (1500, 4000, 12_000, 20_000)


def test_the_space_keeps_distances_and_leads_back() -> None:
    vectors = make_songs(300).corpus.vectors[:, :60]
    geometry = Geometry.fit(vectors, standardize=False)
    points = geometry.project(vectors)
    assert points.shape == (300, 60)
    assert np.mean((points**2).sum(axis=1)) == pytest.approx(1, rel=1e-3)
    assert np.allclose(geometry.lift(points), vectors, atol=1e-3)
    near = np.linalg.norm(vectors[0] - vectors, axis=1)
    seen = np.linalg.norm(points[0] - points, axis=1)
    assert np.corrcoef(near, seen)[0, 1] > 0.9999


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1000), st.integers(2, 8), st.integers(3, 10))
def test_dense_groups_are_those_of_dbscan(seed: int, dimensions: int, min_samples: int) -> None:
    from sklearn.cluster import DBSCAN

    rng = np.random.default_rng(seed)
    middles = rng.standard_normal((4, dimensions)) * 3
    points = (middles[rng.integers(4, size=120)] + rng.standard_normal((120, dimensions))).astype(np.float32)
    apart = np.linalg.norm(
        points[:, None] - points[None], axis=2
    )  # the same both ways: eps may be one of them
    others = np.argsort(apart + np.diag(np.full(120, -1.0)), axis=1, kind="stable")[:, 1:]
    graph = Graph(others.astype(np.int32), np.take_along_axis(apart, others, axis=1))
    ours = dense_groups(graph, min_samples=min_samples, reach=0.5)
    eps = eps_at(graph, min_samples=min_samples, reach=0.5)
    theirs = DBSCAN(eps=eps, min_samples=min_samples, metric="precomputed").fit(apart)
    assert set(np.flatnonzero(ours >= 0)) == set(np.flatnonzero(theirs.labels_ >= 0))
    core = theirs.core_sample_indices_  # a border between two groups may join either
    assert len(set(zip(ours[core], theirs.labels_[core], strict=True))) == len(set(ours[core]))


def test_graphs_are_exact() -> None:
    points = make_songs(80).corpus.vectors
    graph = nearest_graph(points, 5)
    apart = np.linalg.norm(points[:, None] - points[None], axis=2)
    np.fill_diagonal(apart, np.inf)
    assert np.allclose(graph.distances, np.sort(apart, axis=1)[:, :5], atol=0.02)


@given(st.integers(0, 10_000), st.integers(0, 6), st.integers(0, 12), st.integers(1, 6))
def test_playlists_keep_their_rules(seed: int, share: int, most: int, least: int) -> None:
    rng = np.random.default_rng(seed)
    labels, artists = rng.integers(0, 4, 60), rng.integers(-1, 6, 60)
    distances = rng.random(60).astype(np.float32)
    limits = replace(
        Limits.of(ClusteringParameters(), 60), playlist_min=least, playlist_max=most, per_artist=share
    )
    playlists = form_playlists(labels, distances, artists, reach=0.7, limits=limits)
    for label in range(4):
        near = np.flatnonzero((labels == label) & (distances <= 0.7))
        chosen = np.flatnonzero(playlists == label)
        assert set(chosen) <= set(near)
        assert len(chosen) >= least if len(near) >= least else len(chosen) == 0
        if most:
            assert len(chosen) <= max(most, least)
        if share and len(chosen) > least:
            counts = np.bincount(artists[chosen][artists[chosen] >= 0], minlength=1)
            assert counts.max() <= max(share, least)


def test_nearest_and_centres_agree() -> None:
    points = make_songs(200).corpus.vectors
    start = spread_out(points, 9, np.random.default_rng(1))
    labels = SklearnKMeans().fit(points, start, iterations=100)
    centres = centres_of(points, labels)
    assert np.array_equal(nearest(points, centres), labels)
    assert np.allclose(
        group(points, centres).distances, np.linalg.norm(points - centres[labels], axis=1), atol=1e-2
    )


def test_starting_places_are_spread_out_and_distinct() -> None:
    points = np.repeat(np.eye(4, dtype=np.float32), 10, axis=0)
    assert len(spread_out(points, 9, np.random.default_rng(0))) == 4


def test_without_a_gpu_the_cpu_does_it_and_says_so() -> None:
    said: list[str] = []
    kmeans = open_kmeans(gpu=True, fell_back=said.append)
    points = make_songs(100).corpus.vectors
    start = spread_out(points, 3, np.random.default_rng(0))
    labels = kmeans.fit(points, start, iterations=5)
    assert np.array_equal(labels, SklearnKMeans().fit(points, start, iterations=5))
    kmeans.fit(points, start, iterations=5)
    if kmeans.name == "scikit-learn":
        assert len(said) == 1
        assert "clustering goes on with the CPU" in said[0]
    assert open_kmeans(gpu=False, fell_back=said.append).name == "scikit-learn"


def test_the_chosen_few_are_large_and_far_apart() -> None:
    centres = np.array([[0, 0], [0.1, 0], [5, 0], [0, 5], [9, 9]], np.float32)
    assert choose_playlists(centres, np.array([100, 90, 40, 40, 0]), 3) == (0, 2, 3)
    assert choose_playlists(centres, np.array([100, 90, 40, 40, 0]), 9) == (0, 2, 3, 1)
    assert choose_playlists(centres, np.zeros(5, np.int64), 3) == ()


def test_what_is_published_stays_unless_another_is_clearly_better() -> None:
    centres = np.array([[0, 0], [5, 0], [0, 5.1]], np.float32)
    sizes = np.array([100, 40, 40])
    assert choose_playlists(centres, sizes, 2) == (0, 2)
    assert choose_playlists(centres, sizes, 2, published=[1]) == (0, 1)
    assert choose_playlists(centres, np.array([100, 40, 4000]), 1, published=[1]) == (2,)


def test_drift_is_due_by_change_or_by_misfit() -> None:
    calm = drift_of(grouped=1000, added=50, gone=20, distance_then=0.5, distance_of_added=0.55)
    assert not calm.due
    assert drift_of(grouped=1000, added=90, gone=20, distance_then=0.5, distance_of_added=0.5).reason == (
        "11% of the library came or went since it was grouped."
    )
    assert drift_of(grouped=1000, added=40, gone=0, distance_then=0.5, distance_of_added=0.7).due
    assert not drift_of(grouped=1000, added=5, gone=0, distance_then=0.5, distance_of_added=5.0).due


def test_a_model_survives_storing() -> None:
    library = make_songs(200).corpus
    found = cluster(library, _QUICK, seed=1)
    assert isinstance(found, Clustering)
    stored = Model.from_bytes(found.model.to_bytes())
    one, two = found.model.assign(library.vectors), stored.assign(library.vectors)
    assert np.array_equal(one.groups, two.groups)
    assert np.array_equal(one.near, two.near)
    assert found.model.vectors().shape == (len(found.groups), 200)


@pytest.mark.parametrize("algorithm", [Algorithm.KMEANS, Algorithm.SPECTRAL])
def test_a_child_does_what_is_done_here(tmp_path: Path, algorithm: Algorithm) -> None:
    library, parameters = make_songs(150).corpus, replace(_QUICK, algorithm=algorithm)
    snapshot = Snapshot(corpus=library, lineages=np.arange(150) // 30 + 1)
    rows = np.arange(150) < 70
    _write(tmp_path, part_of(library, rows), snapshot.lineages[rows])
    _write(tmp_path, part_of(library, ~rows), snapshot.lineages[~rows])
    previous = snapshot.centres(parameters.source)
    request = {"library": str(tmp_path), "parameters": parameters.as_json(), "seed": 5}
    search = Search.resume(run({"task": "begin", **request})["state"])
    while not search.finished:
        batch = json.loads(json.dumps(search.batches()[0].as_dict()))
        reply = json.loads(json.dumps(run({"task": "evaluate", "batch": batch, **request})))
        search.tell([Result.from_dict(one) for one in reply["results"]])
    last = {"1": {"name": "First", "chosen": True}}
    rest = {"state": search.state(), "last": last, "template": "{genre}"}
    reply = run({"task": "conclude", **rest, **request})
    found = outcome_from_reply(reply, library.ids)
    here = cluster(library, parameters, seed=5, previous=previous)
    assert isinstance(found, Clustering)
    assert isinstance(here, Clustering)
    assert (found.score, found.candidate) == (here.score, here.candidate)
    for one, two in zip(found.groups, here.groups, strict=True):
        assert sorted(one.members.tolist()) == sorted(two.members.tolist())
        assert sorted(one.playlist.tolist()) == sorted(two.playlist.tolist())
        assert one.portrait == two.portrait
    settled = reply["settled"]
    assert len(settled) == len(found.groups)
    assert {one["lineage"] for one in settled} <= {None, 1, 2, 3, 4, 5}
    assert all(one["name"] == "First" for one in settled if one["lineage"] == 1)
    positions = [one["position"] for one in settled if one["songs"]]
    assert sorted(positions) == list(range(len(positions)))


def test_a_child_says_why_there_is_nothing_to_search(tmp_path: Path) -> None:
    _write(tmp_path, part_of(make_songs(60).corpus, np.arange(60) < 49))
    request = {"library": str(tmp_path), "parameters": _QUICK.as_json(), "seed": 5}
    reply = run({"task": "begin", **request})
    assert isinstance(outcome_from_reply(reply, np.zeros(0, np.int64)), NoSolution)


def _write(folder: Path, corpus: Corpus, lineages: Rows = NOBODY) -> None:
    piece = piece_to_bytes(Snapshot(corpus=corpus, lineages=lineages))
    (folder / f"{len(list(folder.iterdir()))}.npz").write_bytes(piece)


def test_batches_cover_all_candidates() -> None:
    data = prepare(make_songs(100).corpus, _QUICK, seed=1)
    search = Search.begin(data)
    assert [len(batch.candidates) for batch in search.batches()] == [5, 5, 5]
    search.tell(evaluate_batch(search.batches()[1], data))
    assert [len(batch.candidates) for batch in search.batches()] == [5, 5]
