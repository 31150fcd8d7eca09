"""Chooses the songs of a path, one after another; pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from math import inf

from segue.index import Found
from segue.model import RecordingId
from segue.similarity.candidates import Candidate
from segue.similarity.rules import Rules

__all__ = ["Walk"]

_SMOOTHNESS = 0.5  # what a step longer than it should be weighs against the way to the waypoint


Songs = Mapping[RecordingId, Sequence[Candidate]]
Offer = tuple[float, int, Candidate | None]
_NONE: Offer = (inf, 0, None)


class Walk:
    """A path under way from one song to another, in steps that should be so long.

    `must`: every waypoint needs a song. The songs that are offered keep what rules say of a song alone.
    """

    def __init__(
        self,
        first: Candidate,
        last: Candidate,
        rules: Rules,
        *,
        waypoints: int,
        length: float,
        must: bool,
    ) -> None:
        self._last = last
        self._rules = rules
        self._length = length
        self._must = must
        self._taken = {first.recording, last.recording}
        self._works = {first.card.work, last.card.work}
        self._artists = Counter([first.card.artist, last.card.artist])
        self._albums = Counter([first.card.album, last.card.album])
        self.songs = [first]
        self.is_whole = True
        self._waypoints = waypoints

    def step(self, found: Found, songs: Songs) -> None:
        """Take the best song for a waypoint; one that leads further if there is any."""
        further = other = _NONE
        for recording, distance in zip(found.ids.tolist(), found.distances.tolist(), strict=True):
            if distance > further[0]:
                break  # no cost is below the distance
            for song in songs.get(RecordingId(recording), ()):
                if not self._fits(song):
                    continue
                offered = (self._cost(song, distance), recording, song)
                if self._leads_further(song):
                    further = min(further, offered, key=_place)
                elif self._must:
                    other = min(other, offered, key=_place)
        self._waypoints -= 1
        best = further[2] or other[2]
        if best is not None:
            self._go(best)
        elif self._must:
            self.is_whole = False

    def _fits(self, song: Candidate) -> bool:
        rules, card = self._rules, song.card
        return (
            song.recording not in self._taken
            and not (rules.one_version and card.work in self._works)
            and not (card.artist and self._has_enough_of(card.artist))
            and not (
                rules.per_album is not None and card.album and self._albums[card.album] >= rules.per_album
            )
        )

    def _has_enough_of(self, artist: int) -> bool:
        """Whoever may have any number may also follow themselves."""
        most, gap = self._rules.per_artist, self._rules.gap
        if most is not None:
            gap = max(gap, 1)
            if self._artists[artist] >= most:
                return True
        around = self.songs[-gap:] if gap else []
        if self._waypoints <= gap:
            around = [*around, self._last]
        return gap > 0 and any(artist == song.card.artist for song in around)

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
        self._albums[song.card.album] += 1


def _place(offer: Offer) -> tuple[float, int]:
    return offer[:2]


def _cosine(one: Candidate, other: Candidate) -> float:
    return float(one.unit @ other.unit)
