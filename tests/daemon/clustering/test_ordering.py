"""Songs flow, and artists stay apart where that can be."""

from itertools import permutations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from segue.clustering.keys import key_codes, key_distances
from segue.clustering.ordering import Songs, fewest_meetings, meetings, order_songs, rearrange


def make(artists: list[int], *, seed: int = 0) -> Songs:
    """Songs of these artists, else at random."""
    rng = np.random.default_rng(seed)
    count = len(artists)
    tempo = rng.uniform(60, 180, count)
    tempo[rng.random(count) < 0.1] = np.nan
    return Songs(
        points=rng.standard_normal((count, 8)).astype(np.float32),
        tempo=tempo.astype(np.float32),
        keys=rng.integers(-1, 24, count),
        artists=np.array(artists, np.int64),
    )


songs = st.builds(make, st.lists(st.integers(-1, 5), max_size=25), seed=st.integers(0, 1000))
few_songs = st.builds(make, st.lists(st.integers(-1, 2), max_size=6), seed=st.integers(0, 1000))


@given(songs)
def test_every_song_comes_once_and_artists_meet_only_where_they_must(playlist: Songs) -> None:
    order = order_songs(playlist)
    assert sorted(order.tolist()) == list(range(len(playlist)))
    assert meetings(playlist, order) == fewest_meetings(playlist)
    assert np.array_equal(order, order_songs(playlist))


@settings(max_examples=60, deadline=None)
@given(few_songs)
def test_what_must_be_is_the_least_of_all_orders(playlist: Songs) -> None:
    every = permutations(range(len(playlist)))
    assert fewest_meetings(playlist) == min(meetings(playlist, np.array(one, np.int64)) for one in every)


def test_a_playlist_begins_with_its_most_typical_song() -> None:
    assert order_songs(make(list(range(20))))[0] == 0


def test_songs_in_a_line_are_played_along_it() -> None:
    line = Songs(
        points=np.array([[0], [3], [1], [2], [4]], np.float32),
        tempo=np.full(5, 120, np.float32),
        keys=np.zeros(5, np.int64),
        artists=np.arange(5),
    )
    assert order_songs(line).tolist() == [0, 2, 3, 1, 4]


def test_tempo_and_key_decide_between_songs_that_sound_alike() -> None:
    alike = Songs(
        points=np.zeros((3, 2), np.float32),
        tempo=np.array([100, 141, 200], np.float32),  # the double of a tempo mixes well
        keys=np.zeros(3, np.int64),
        artists=np.arange(3),
    )
    assert order_songs(alike).tolist() == [0, 2, 1]
    keys = key_codes(["C", "F#", "G"], ["major", "major", "major"])
    in_keys = Songs(points=alike.points, tempo=np.full(3, 100, np.float32), keys=keys, artists=np.arange(3))
    assert order_songs(in_keys).tolist() == [0, 2, 1]


def test_an_order_is_far_smoother_than_chance() -> None:
    playlist = make(list(range(200)), seed=5)
    points = np.cumsum(playlist.points, axis=0)
    walk = Songs(points=points, tempo=playlist.tempo, keys=playlist.keys, artists=playlist.artists)
    order = order_songs(walk)
    steps = np.linalg.norm(np.diff(points[order], axis=0), axis=1).sum()
    chance = np.linalg.norm(np.diff(points[np.random.default_rng(1).permutation(200)], axis=0), axis=1).sum()
    assert steps < 0.4 * chance


@given(songs, st.data())
def test_a_small_change_is_a_small_edit(playlist: Songs, data: st.DataObject) -> None:
    order = order_songs(playlist).tolist()
    kept = [song for song in order if data.draw(st.integers(0, 9)) > 0]
    result = rearrange(playlist, kept)
    assert sorted(result.tolist()) == list(range(len(playlist)))
    assert meetings(playlist, result) <= fewest_meetings(playlist)
    if len(set(playlist.artists.tolist())) == len(playlist) and kept:
        assert [song for song in result.tolist() if song in set(kept)] == kept


def test_what_is_gone_is_ignored() -> None:
    playlist = make([0, 1, 2])
    assert rearrange(playlist, [2, 9, 0, 2, -1])[0] == 2


def test_keys_are_near_on_the_circle_of_fifths() -> None:
    keys = key_codes(["C", "G", "A", "F#", None], ["major", "major", "minor", "major", "major"])
    apart = key_distances(keys[0], keys)
    assert apart.round(3).tolist() == [0, round(1 / 7, 3), round(1 / 7, 3), round(6 / 7, 3), 0.5]
