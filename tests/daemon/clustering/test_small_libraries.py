"""Libraries of any size and kind give playlists, or a sentence that says why not."""

from dataclasses import replace

import numpy as np
import pytest

from segue.clustering.clustering import Clustering, NoSolution, cluster
from segue.clustering.corpus import Corpus
from segue.clustering.parameters import ClusteringParameters
from tests.daemon.clustering.songs import make_songs, part_of

_QUICK = ClusteringParameters(clustering_runs=80, iterations_per_batch=10, concurrent_batches=4, patience=2)


@pytest.mark.parametrize(
    ("count", "reason"),
    [
        (0, "Nothing has been heard yet, so there is nothing to group."),
        (1, "1 recording has been heard; groups need at least 50."),
        (49, "49 recordings have been heard; groups need at least 50."),
    ],
)
def test_too_few_recordings(count: int, reason: str) -> None:
    library = make_songs(60).corpus
    assert cluster(part_of(library, np.arange(60) < count), _QUICK, seed=1) == NoSolution(reason)


def test_recordings_that_are_all_alike() -> None:
    library = make_songs(60).corpus
    alike = replace(library, vectors=np.ones_like(library.vectors))
    outcome = cluster(alike, _QUICK, seed=1)
    assert outcome == NoSolution(
        "All 60 recordings sound exactly alike, so there is nothing to tell them apart by."
    )


@pytest.mark.parametrize(("count", "least"), [(50, 3), (200, 5), (400, 6)])
def test_small_libraries_get_sensible_playlists(count: int, least: int) -> None:
    found = _clustered(make_songs(count, genres=8).corpus)
    playlists = [group.playlist for group in found.groups if len(group.playlist)]
    assert len(playlists) >= least
    assert found.metrics.coverage > 0.7
    assert found.remarks == ()


def test_a_library_of_one_genre_is_still_divided() -> None:
    found = _clustered(make_songs(300, genres=1).corpus)
    assert sum(len(group.playlist) > 0 for group in found.groups) >= 3


def test_groups_share_out_the_library() -> None:
    library = make_songs(200).corpus
    found = _clustered(library)
    members = np.concatenate([group.members for group in found.groups])
    assert sorted(members.tolist()) == library.ids.tolist()
    for group in found.groups:
        assert set(group.playlist.tolist()) <= set(group.members.tolist())
        assert np.all(np.diff(group.distances) >= 0)
    assigned = found.model.assign(library.vectors)
    for place, group in enumerate(found.groups):
        assert set(library.ids[assigned.groups == place].tolist()) == set(group.members.tolist())


def test_songs_per_artist_are_limited_where_there_are_enough_others() -> None:
    library = replace(make_songs(400, genres=6).corpus, artists=[f"a{row % 150}" for row in range(400)])
    artist_of = dict(zip(library.ids.tolist(), library.artists, strict=True))
    found = _clustered(library, max_songs_per_artist=2)
    for group in found.groups:
        artists = [artist_of[recording] for recording in group.playlist.tolist()]
        assert max((artists.count(artist) for artist in artists), default=0) <= 2


def test_a_library_of_one_artist_is_not_starved() -> None:
    found = _clustered(replace(make_songs(200, genres=4).corpus, artists=["The Only One"] * 200))
    assert [group for group in found.groups if len(group.playlist) >= 12]


def test_playlists_have_the_most_songs_that_were_set() -> None:
    found = _clustered(make_songs(400, genres=4).corpus, max_songs_per_cluster=25)
    assert max(len(group.playlist) for group in found.groups) == 25


def test_unknown_tags_moods_and_tempos_are_borne() -> None:
    """As after an import that brought vectors and nothing else."""
    library = make_songs(200, genres=5).corpus
    blank = replace(
        library,
        tags=np.full_like(library.tags, np.nan),
        moods=np.full_like(library.moods, np.nan),
        tempo=np.full_like(library.tempo, np.nan),
        energy=np.full_like(library.energy, np.nan),
        artists=[""] * 200,
    )
    found = _clustered(blank)
    assert len(found.remarks) == 1
    assert "judged by distance alone" in found.remarks[0]
    assert found.groups[0].portrait.tempo is None


def test_few_distinct_vectors_make_few_groups() -> None:
    library = make_songs(90).corpus
    three = replace(library, vectors=np.eye(200, dtype=np.float32)[np.arange(90) % 3])
    found = _clustered(three)
    assert sorted(len(group.members) for group in found.groups) == [30, 30, 30]


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("ids", np.array([1, 1, 2]), "strictly ascending"),
        ("vectors", np.full((3, 200), np.nan, np.float32), "finite"),
        ("artists", ["one"], "artists has the shape"),
    ],
)
def test_a_corpus_that_does_not_fit_together_is_refused(field: str, value: object, message: str) -> None:
    library = part_of(make_songs(60).corpus, np.arange(60) < 3)
    with pytest.raises(ValueError, match=message):
        replace(library, **{field: value})


def _clustered(corpus: Corpus, **changes: int) -> Clustering:
    outcome = cluster(corpus, replace(_QUICK, **changes), seed=1)
    assert isinstance(outcome, Clustering), outcome
    return outcome
