"""The search: the same for the same seed, wherever it is done and however often it is interrupted."""

import json
import random
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segue.clustering.candidates import Candidate
from segue.clustering.clustering import Clustering, cluster
from segue.clustering.corpus import Rows
from segue.clustering.evaluation import Batch, Result, evaluate_batch
from segue.clustering.fitting import fit
from segue.clustering.grouping import nearest
from segue.clustering.parameters import Algorithm, ClusteringParameters, Source
from segue.clustering.prepared import Prepared, prepare
from segue.clustering.search import Search
from tests.daemon.clustering.songs import make_songs, part_of

_QUICK = ClusteringParameters(clustering_runs=60, iterations_per_batch=5, concurrent_batches=3, patience=2)
_LIBRARY = make_songs(300, genres=6)


@pytest.fixture(scope="module")
def data() -> Prepared:
    return prepare(_LIBRARY.corpus, _QUICK, seed=3)


@pytest.fixture(scope="module")
def undisturbed(data: Prepared) -> Search:
    search = Search.begin(data)
    while not search.finished:
        search.step(data)
    return search


def test_the_same_seed_gives_the_same_search(data: Prepared, undisturbed: Search) -> None:
    again = Search.begin(prepare(_LIBRARY.corpus, _QUICK, seed=3))
    while not again.finished:
        again.step(data)
    assert again.state() == undisturbed.state()


def test_another_seed_draws_others(data: Prepared, undisturbed: Search) -> None:
    other = Search.begin(prepare(_LIBRARY.corpus, _QUICK, seed=4))
    assert other.candidates() != Search.begin(data).candidates()


@settings(max_examples=5, deadline=None)
@given(order=st.randoms(use_true_random=False))
def test_workers_may_answer_in_any_order_twice_and_through_json(
    data: Prepared, undisturbed: Search, order: random.Random
) -> None:
    """Kill and resume at every turn: each step begins from the bytes of the last one."""
    search = Search.begin(data)
    while not search.finished:
        search = Search.resume(search.state())
        batches = search.batches()
        order.shuffle(batches)
        batch = Batch.from_dict(json.loads(json.dumps(batches[0].as_dict())))
        results = [
            Result.from_dict(json.loads(json.dumps(one.as_dict()))) for one in evaluate_batch(batch, data)
        ]
        search.tell(results)
        search.tell(results)
    assert search.state() == undisturbed.state()


def test_progress_grows_to_its_end(data: Prepared) -> None:
    search, seen = Search.begin(data), [0.0]
    while not search.finished:
        search.tell(evaluate_batch(search.batches()[0], data))
        seen.append(search.progress)
    assert seen == sorted(seen)
    assert seen[-1] == 1.0


def test_the_best_never_gets_worse_and_refining_helps(undisturbed: Search) -> None:
    scores = [score for _, score in undisturbed.history]
    assert scores == sorted(scores)
    assert undisturbed.best is not None
    assert undisturbed.best.score == scores[-1]


def test_the_solution_can_be_fitted_again(data: Prepared, undisturbed: Search) -> None:
    best = undisturbed.best
    assert best is not None
    one = fit(best.candidate, data, len(data.rungs) - 1)
    two = fit(
        Candidate.from_dict(json.loads(json.dumps(best.candidate.as_dict()))), data, len(data.rungs) - 1
    )
    assert np.array_equal(one, two)
    assert len(one) == best.candidate.clusters


def test_a_state_of_another_version_is_refused() -> None:
    with pytest.raises(ValueError, match="another version"):
        Search.resume(b'{"version": 0}')


@pytest.mark.parametrize("algorithm", list(Algorithm))
def test_every_algorithm_finds_the_styles(algorithm: Algorithm) -> None:
    parameters = replace(_QUICK, algorithm=algorithm)
    songs = make_songs(400, genres=5)
    found = cluster(songs.corpus, parameters, seed=1)
    assert isinstance(found, Clustering)
    labels = found.model.assign(songs.corpus.vectors).groups
    assert _agreement(labels, songs.styles) > 0.6


def test_features_can_be_grouped_instead_of_vectors() -> None:
    found = cluster(_LIBRARY.corpus, replace(_QUICK, source=Source.FEATURES), seed=1)
    assert isinstance(found, Clustering)
    assert found.model.geometry.mean.shape == (58,)


def test_what_was_grouped_last_time_goes_on() -> None:
    """A library that grew by a tenth keeps its groups nearly as they were."""
    whole = make_songs(440, genres=6).corpus
    old = np.arange(len(whole)) % 11 != 0
    before = cluster(part_of(whole, old), _QUICK, seed=1)
    assert isinstance(before, Clustering)
    after = cluster(whole, _QUICK, seed=2, previous=before.model.vectors())
    assert isinstance(after, Clustering)
    same = _agreement(
        before.model.assign(whole.vectors[old]).groups, after.model.assign(whole.vectors[old]).groups
    )
    assert same > 0.8


def test_larger_libraries_climb_rungs() -> None:
    songs = make_songs(2500, genres=12)
    data = prepare(songs.corpus, replace(_QUICK, clustering_runs=24), seed=1)
    assert data.rungs == (1500, 2500)
    search = Search.begin(data)
    first = len(search.candidates())
    search.tell([one for batch in search.batches() for one in evaluate_batch(batch, data)])
    assert search.rung == 1
    assert len(search.candidates()) == round(first * 0.25)
    while not search.finished:
        search.step(data)
    assert search.best is not None
    centres = fit(search.best.candidate, data, 1)
    assert _agreement(nearest(data.points, centres), songs.styles) > 0.6


def _agreement(one: Rows, two: Rows) -> float:
    from sklearn.metrics import adjusted_rand_score

    return float(adjusted_rand_score(one, two))
