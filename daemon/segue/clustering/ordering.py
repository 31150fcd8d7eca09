"""In which order a playlist's songs flow into one another, and artists stay apart where that can be.

A transition costs what the ear notices: how different two songs sound, how far apart their keys and
tempos are. Two songs of one artist next to each other cost more than all the rest together.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from segue.clustering.corpus import Matrix, Rows
from segue.clustering.keys import key_distances

__all__ = ["Songs", "fewest_meetings", "meetings", "order_songs", "rearrange"]

_KEY = 0.3
_TEMPO = 0.4
_SAME_ARTIST = 1000.0
_LATELY = 3  # places within which an artist should rather not come back
_LATELY_COSTS = 0.5
_WINDOW = 150  # songs that are improved at once

_Costs = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Songs:
    """Songs of one playlist, the most typical first: it is where a playlist begins if it can.

    `points` lie near each other when songs sound alike; `tempo` may be NaN; `keys` are `key_codes`;
    an `artists` number below 0 is nobody known.
    """

    points: Matrix
    tempo: Matrix
    keys: Rows
    artists: Rows

    def __len__(self) -> int:
        return len(self.points)


def order_songs(songs: Songs) -> Rows:
    """All songs in the order of playing; the same for the same songs."""
    if len(songs) < 2:
        return np.arange(len(songs))
    transitions = _Transitions(songs)
    return _improve(_walk(songs, transitions), transitions)


def rearrange(songs: Songs, kept: Sequence[int]) -> Rows:
    """Songs of `kept` stay in that order, the others come in where they fit best.

    The small edit of a playlist that people know. Where it would bring an artist's songs together
    that could be apart, the playlist is ordered anew.
    """
    order = [song for song in dict.fromkeys(kept) if 0 <= song < len(songs)]
    if not order:
        return order_songs(songs)
    transitions = _Transitions(songs)
    present = set(order)
    for song in range(len(songs)):
        if song not in present:
            order.insert(_cheapest_place(np.array(order, np.int64), song, transitions), song)
    result = np.array(order, np.int64)
    return result if meetings(songs, result) <= fewest_meetings(songs) else order_songs(songs)


def meetings(songs: Songs, order: Rows) -> int:
    """How often two songs of one artist stand next to each other."""
    artists = songs.artists[order]
    return int(((artists[1:] == artists[:-1]) & (artists[1:] >= 0)).sum())


def fewest_meetings(songs: Songs) -> int:
    """How often they must, because one artist has more than half of the songs."""
    known = songs.artists[songs.artists >= 0]
    most = int(np.bincount(known).max()) if len(known) else 0
    return max(0, 2 * most - len(songs) - 1)


class _Transitions:
    """What it costs to play one song after another."""

    def __init__(self, songs: Songs) -> None:
        self._songs = songs
        self._points = songs.points.astype(np.float64)
        self._octaves = np.log2(np.where(songs.tempo > 0, songs.tempo, np.nan).astype(np.float64))
        middle = self._points.mean(axis=0)
        self._unit = max(float(np.sqrt(2 * ((self._points - middle) ** 2).sum(axis=1).mean())), 1e-12)

    def between(self, one: Rows, two: Rows) -> _Costs:
        """Costs from each of `one` (rows) to each of `two` (columns)."""
        a, b = self._points[one], self._points[two]
        squares = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1) - 2 * a @ b.T
        return self._costs(squares, one[:, None], two)

    def along(self, order: Rows) -> _Costs:
        """Costs of each step of this order."""
        squares = (np.diff(self._points[order], axis=0) ** 2).sum(axis=1)
        return self._costs(squares, order[:-1], order[1:])

    def _costs(self, squares: _Costs, one: Rows, two: Rows) -> _Costs:
        songs = self._songs
        costs = np.sqrt(np.maximum(squares, 0)) / self._unit
        costs += _KEY * key_distances(songs.keys[one], songs.keys[two])
        costs += _TEMPO * _tempo_distances(self._octaves[one], self._octaves[two])
        same = (songs.artists[one] == songs.artists[two]) & (songs.artists[two] >= 0)
        total: _Costs = np.round(costs + _SAME_ARTIST * same, 6)
        return total


def _tempo_distances(one: _Costs, two: _Costs) -> _Costs:
    """0 for the same tempo or its double, 1 for half-way between; half of it for the unknown."""
    octaves = np.abs(one - two) % 1
    apart: _Costs = np.nan_to_num(2 * np.minimum(octaves, 1 - octaves), nan=0.5)
    return apart


def _walk(songs: Songs, transitions: _Transitions) -> Rows:
    """From song to the best next song, never into a corner where one artist's songs are left over."""
    left = np.ones(len(songs), np.bool_)
    order: list[int] = []
    while left.any():
        rows = np.flatnonzero(left)
        allowed = rows[_leaves_a_way(songs.artists[rows], songs.artists[order[-1]] if order else -1)]
        costs = np.zeros(len(allowed))
        if order:
            costs = transitions.between(np.array(order[-1:]), allowed)[0]
            lately = songs.artists[order[-_LATELY:]]
            costs = costs + _LATELY_COSTS * (
                np.isin(songs.artists[allowed], lately) & (songs.artists[allowed] >= 0)
            )
        chosen = int(allowed[int(np.argmin(costs))])
        left[chosen] = False
        order.append(chosen)
    return np.array(order, np.int64)


def _leaves_a_way(artists: Rows, last: int) -> npt.NDArray[np.bool_]:
    """Which of the songs left may come next so that, in the end, artists meet as seldom as they can."""
    counts = np.bincount(artists[artists >= 0], minlength=2)
    after = len(artists) - 1
    order = np.argsort(-counts, kind="stable")
    leader, second = int(order[0]), int(counts[order[1]])
    others = np.where(artists == leader, second, counts[leader])
    own = np.where(artists >= 0, counts[artists] - 1, 0)
    meetings_later = np.maximum(np.maximum(2 * others - after - 1, 2 * own - after), 0)
    meets_now = (artists >= 0) & (artists == last)
    total = meetings_later + meets_now
    fewest: npt.NDArray[np.bool_] = total == total.min()
    return fewest


def _improve(order: Rows, transitions: _Transitions) -> Rows:
    """Turn stretches round while that makes the whole cheaper; the first song stays."""
    order = order.copy()
    for start in range(0, max(1, len(order) - _WINDOW // 2), _WINDOW // 2):
        end = min(start + _WINDOW, len(order))
        order[start:end] = _turned(order[start:end], transitions, open_end=end == len(order))
    return order


def _turned(order: Rows, transitions: _Transitions, *, open_end: bool) -> Rows:
    costs = transitions.between(order, order)
    places = np.arange(len(order))
    for _ in range(2 * len(order)):
        here = costs[np.ix_(places, places)]
        steps = np.diagonal(here, 1)
        gain = np.full(here.shape, np.inf)
        gain[:-1, :-1] = here[:-1, :-1] + here[1:, 1:] - steps[:, None] - steps
        gain[:-1, -1] = here[:-1, -1] - steps if open_end else np.inf
        gain[np.tril_indices_from(gain, 1)] = np.inf
        first, last = np.unravel_index(int(np.argmin(gain)), gain.shape)
        if gain[first, last] > -1e-6:
            break
        places[first + 1 : last + 1] = places[first + 1 : last + 1][::-1]
    return order[places]


def _cheapest_place(order: Rows, song: int, transitions: _Transitions) -> int:
    """Where the song costs the least; the first place belongs to the song that opens the playlist."""
    to_song = transitions.between(order, np.array([song]))[:, 0]
    steps = transitions.along(order)
    added = np.append(to_song[:-1] + to_song[1:] - steps, to_song[-1])
    return int(np.argmin(added)) + 1
