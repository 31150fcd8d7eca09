"""Chooses the songs of a path, one after another; pure."""

from collections import Counter
from collections.abc import Mapping, Sequence

from segue.index import Found
from segue.similarity.candidates import Candidate
from segue.similarity.rules import Rules

__all__ = ["Walk"]

_SMOOTHNESS = 0.5  # what a step longer than it should be weighs against the way to the waypoint


class Walk:
    """A path under way from one song to another, in steps that should be so long.

    `must`: every waypoint needs a song.
    """

    def __init__(self, first: Candidate, last: Candidate, rules: Rules, *, length: float, must: bool) -> None:
        self._last = last
        self._rules = rules
        self._length = length
        self._must = must
        self._taken = {first.recording, last.recording}
        self._works = {first.card.work, last.card.work}
        self._artists = Counter([first.card.artist, last.card.artist])
        self.songs = [first]
        self.is_whole = True

    def step(self, found: Found, songs: Mapping[int, Sequence[Candidate]]) -> None:
        """Take the best song for a waypoint; one that leads further if there is any."""
        fitting = [
            (song, distance)
            for recording, distance in zip(found.ids.tolist(), found.distances.tolist(), strict=True)
            for song in songs.get(recording, ())
            if self._fits(song)
        ]
        further = [pair for pair in fitting if self._leads_further(pair[0])]
        choice = further or (fitting if self._must else [])
        if choice:
            self._go(min(choice, key=lambda pair: (self._cost(*pair), pair[0].recording))[0])
        elif self._must:
            self.is_whole = False

    def _fits(self, song: Candidate) -> bool:
        rules, artist = self._rules, song.card.artist
        most = rules.per_artist
        return (
            song.recording not in self._taken
            and song.recording not in rules.without
            and rules.allows_track(song.card)
            and not (rules.one_version and song.card.work in self._works)
            and not (most is not None and artist and self._artists[artist] >= most)
            and not (artist and artist == self.songs[-1].card.artist)
        )

    def _leads_further(self, song: Candidate) -> bool:
        return _cosine(song, self._last) > _cosine(self.songs[-1], self._last)

    def _cost(self, song: Candidate, distance: float) -> float:
        longer = max(0.0, 1 - _cosine(self.songs[-1], song) - self._length)
        return round(distance + _SMOOTHNESS * longer, 6)

    def _go(self, song: Candidate) -> None:
        self.songs.append(song)
        self._taken.add(song.recording)
        self._works.add(song.card.work)
        self._artists[song.card.artist] += 1


def _cosine(one: Candidate, other: Candidate) -> float:
    return float(one.unit @ other.unit)
