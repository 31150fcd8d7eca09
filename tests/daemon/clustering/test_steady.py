"""Another seed, or a little more music, does not turn groups over."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from segue.clustering import ClusteringParameters
from segue.clustering.agreeing import agree
from segue.clustering.backend import SklearnKMeans
from segue.clustering.candidates import Origin
from segue.clustering.clustering import Clustering, cluster
from segue.clustering.corpus import Corpus
from segue.clustering.grouping import centres_of, nearest
from segue.clustering.prepared import prepare
from segue.clustering.scoring import measure_baseline
from tests.daemon.clustering.songs import make_songs, part_of

_PARAMETERS = ClusteringParameters(clustering_runs=600)


@pytest.fixture(scope="module")
def motley() -> Corpus:
    """So few songs, and so unlike one another, that many groupings are about equally good."""
    return make_songs(140, genres=8, noise=1.5).corpus


def found(corpus: Corpus, seed: int, last: Clustering | None = None) -> Clustering:
    outcome = cluster(corpus, _PARAMETERS, seed=seed, previous=last.model.vectors() if last else None)
    assert isinstance(outcome, Clustering)
    return outcome


def test_groupings_agree_on_what_most_of_them_put_together() -> None:
    songs = make_songs(200, genres=4, noise=0.3)
    data = prepare(songs.corpus, _PARAMETERS, seed=1)
    kmeans, rng = SklearnKMeans(), np.random.default_rng(1)
    baseline = measure_baseline(data, kmeans)
    voices = []
    for _ in range(40):  # each of them wrong about a quarter of the songs
        wrong = rng.random(len(songs.styles)) < 0.25
        labels = np.where(wrong, rng.permutation(songs.styles), songs.styles)
        voices.append(centres_of(data.points, np.unique(labels, return_inverse=True)[1].astype(np.int64)))
    agreed = agree(voices, data, baseline, tries=0, seed=0, kmeans=kmeans)
    assert adjusted_rand_score(songs.styles, nearest(data.points, agreed.centres)) > 0.95
    assert agreed.score == agree(voices, data, baseline, tries=0, seed=0, kmeans=kmeans).score
    assert agree(voices, data, baseline, tries=20, seed=0, kmeans=kmeans).score >= agreed.score


@pytest.mark.slow
def test_other_seeds_find_about_the_same(motley: Corpus) -> None:
    outcomes = [found(motley, seed) for seed in (1, 2, 3)]
    groups = [one.model.assign(motley.vectors).groups for one in outcomes]
    assert {one.candidate.origin for one in outcomes} == {Origin.AGREED}
    assert np.mean([adjusted_rand_score(one, two) for one, two in combinations(groups, 2)]) > 0.6


@pytest.mark.slow
def test_a_little_more_music_leaves_the_groups_as_they_are(motley: Corpus) -> None:
    old = np.random.default_rng(1).random(len(motley)) > 1 / 11
    library = part_of(motley, old)
    before = found(library, 1)
    after = found(motley, 2, before)
    assert len(after.groups) == len(before.groups)
    groups = [one.model.assign(library.vectors).groups for one in (before, after)]
    assert adjusted_rand_score(*groups) > 0.9


@pytest.mark.slow
def test_another_kind_of_music_gets_groups_of_its_own() -> None:
    songs = make_songs(900, genres=6).corpus
    other = make_songs(300, genres=6, seed=9, first_id=901).corpus
    far = replace(other, vectors=other.vectors[:, ::-1].copy() + 4)
    whole = Corpus(
        **{
            name: np.concatenate((getattr(songs, name), getattr(far, name)))
            for name in ("ids", "vectors", "tags", "moods", "tempo", "energy", "keys")
        },
        genres=[*songs.genres, *far.genres],
        artists=[*songs.artists, *(f"Other {artist}" for artist in far.artists)],
    )
    quick = replace(_PARAMETERS, clustering_runs=300)
    before = cluster(songs, quick, seed=1)
    assert isinstance(before, Clustering)
    after = cluster(whole, quick, seed=2, previous=before.model.vectors())
    assert isinstance(after, Clustering)
    own = [group for group in after.groups if (group.members > 900).mean() > 0.9]
    assert len(own) >= 2
