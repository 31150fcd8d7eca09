"""Picks, from the nearest on, what the rules allow; pure."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from math import isnan

from segue.analysis.moods import cold_start
from segue.model import RecordingId
from segue.similarity.candidates import Candidate, Candidates
from segue.similarity.roster import Card
from segue.similarity.rules import Rules
from segue.store.traits import Traits

__all__ = ["Choice"]

_SAME_RAW, _SAME_PROJECTED = 0.0005, 0.01
"""Two encodings of one master lie closer. Projected, copies at 128 kbit/s lie 0.003 from their originals, at
most 0.009, and the nearest two different songs 0.2; in the network's own space 0.0004 and 0.007."""
_SAME_SECONDS = 1.5


class Choice:
    """The rules of one answer, and the seeds that it must not repeat, some of them `wanted`.

    `projected` tells the space.
    """

    def __init__(
        self, rules: Rules, own: Sequence[Card], *, wanted: Collection[RecordingId], projected: bool
    ) -> None:
        self.rules = rules
        self._own = own
        self._same = _SAME_PROJECTED if projected else _SAME_RAW
        self._same_reach = (2 * self._same) ** 0.5  # how far apart from a third such two can be
        self._is_asked_of_one = len({card.recording for card in own}) == 1
        self._christmas = any(card.seasonal for card in own if card.recording in wanted)
        self._calibration = cold_start()

    def among(
        self, candidates: Candidates, heard: Mapping[RecordingId, Traits], count: int
    ) -> list[Candidate]:
        """The first `count` that may stand together."""
        kept: dict[RecordingId, Candidate] = {}
        alike = _ByLength()
        artists, albums = Counter[int](), Counter[int]()
        works = {card.work for card in self._own} if self.rules.one_version else set()
        for one in candidates.rows:
            if len(kept) == count:
                break
            if one.recording in kept or not self._may_stand(one, heard):
                continue
            if self.rules.one_version and (one.card.work in works or self._is_copy(one, alike)):
                continue
            if self._is_full(one.card, artists, albums):
                continue
            kept[one.recording] = one
            alike.add(one)
            works.add(one.card.work)
            artists[one.card.artist] += 1
            albums[one.card.album] += 1
        return list(kept.values())

    def _is_copy(self, one: Candidate, kept: "_ByLength") -> bool:
        """Whether it is, but for its encoding, a seed or what was chosen before."""
        near_seed = self._is_asked_of_one and one.distance < self._same  # not so of a middle of several
        if near_seed and any(_is_as_long(one.card, card) for card in self._own):
            return True
        for other in kept.about_as_long(one):
            is_in_reach = abs(one.distance - other.distance) <= self._same_reach
            if is_in_reach and 1 - float(one.unit @ other.unit) < self._same:
                return True
        return False

    def _may_stand(self, one: Candidate, heard: Mapping[RecordingId, Traits]) -> bool:
        return (
            one.recording not in self.rules.without
            and self.rules.allows_track(one.card, christmas=self._christmas)
            and self.rules.allows_moods(heard.get(one.recording), self._calibration)
        )

    def _is_full(self, card: Card, artists: Counter[int], albums: Counter[int]) -> bool:
        """Whether its artist or album has its places; what is of no artist or album is nobody's."""
        rules = self.rules
        return bool(
            (rules.per_artist is not None and card.artist and artists[card.artist] >= rules.per_artist)
            or (rules.per_album is not None and card.album and albums[card.album] >= rules.per_album)
        )


class _ByLength:
    """What was chosen, to be found again by its length; most songs are as long as few others."""

    def __init__(self) -> None:
        self._of_length: dict[int, list[Candidate]] = {}

    def add(self, one: Candidate) -> None:
        if (length := _length(one.card)) is not None:
            self._of_length.setdefault(length, []).append(one)

    def about_as_long(self, one: Candidate) -> list[Candidate]:
        if (length := _length(one.card)) is None:
            return []
        of = self._of_length.get
        near = (*of(length - 1, ()), *of(length, ()), *of(length + 1, ()))
        return [other for other in near if _is_as_long(one.card, other.card)]


def _length(card: Card) -> int | None:
    return None if isnan(card.seconds) else int(card.seconds / _SAME_SECONDS)


def _is_as_long(one: Card, other: Card) -> bool:
    """What is unknown is not."""
    return abs(one.seconds - other.seconds) < _SAME_SECONDS
