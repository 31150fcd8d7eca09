"""Picks, from the nearest on, what the rules allow; pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from segue.analysis.moods import cold_start
from segue.model import RecordingId
from segue.similarity.candidates import Candidate, Candidates
from segue.similarity.rules import Rules
from segue.similarity.works import folded, is_seasonal, work
from segue.store.tracks import TrackRow
from segue.store.traits import Traits

__all__ = ["Choice", "artist_of", "work_of"]

_SAME_DISTANCE = 0.0005  # two encodings of one master lie closer, two takes do not
_SAME_REACH = (2 * _SAME_DISTANCE) ** 0.5  # how far apart from a third such two can be
_SAME_SECONDS = 1.5


class Choice:
    """The rules of one answer, and the seeds that it must not repeat."""

    def __init__(self, rules: Rules, own: Sequence[TrackRow]) -> None:
        self.rules = rules
        self._own = own
        self._christmas = any(is_seasonal(row.title, row.album, *row.genres) for row in own)
        self._calibration = cold_start()

    def among(
        self, candidates: Candidates, heard: Mapping[RecordingId, Traits], count: int
    ) -> list[Candidate]:
        """The first `count` that may stand together."""
        kept: dict[RecordingId, Candidate] = {}
        artists, albums = Counter[str](), Counter[tuple[str, str]]()
        works = {work_of(row) for row in self._own} if self.rules.one_version else set()
        for one in candidates.rows:
            if len(kept) == count:
                break
            if one.recording in kept or not self._may_stand(one, heard):
                continue
            if self.rules.one_version and (work_of(one.track) in works or self._is_copy(one, kept.values())):
                continue
            if self._is_full(one.track, artists, albums):
                continue
            kept[one.recording] = one
            works.add(work_of(one.track))
            artists[artist_of(one.track)] += 1
            albums[_album(one.track)] += 1
        return list(kept.values())

    def _is_copy(self, one: Candidate, kept: Iterable[Candidate]) -> bool:
        """Whether it is, but for its encoding, a seed or what was chosen before."""
        if one.distance < _SAME_DISTANCE and any(_is_as_long(one.track, row) for row in self._own):
            return True
        return any(
            abs(one.distance - other.distance) <= _SAME_REACH
            and _is_as_long(one.track, other.track)
            and 1 - float(one.unit @ other.unit) < _SAME_DISTANCE
            for other in kept
        )

    def _may_stand(self, one: Candidate, heard: Mapping[RecordingId, Traits]) -> bool:
        return (
            one.recording not in self.rules.without
            and self.rules.allows_track(one.track, christmas=self._christmas)
            and self.rules.allows_moods(heard.get(one.recording), self._calibration)
        )

    def _is_full(self, row: TrackRow, artists: Counter[str], albums: Counter[tuple[str, str]]) -> bool:
        """Whether its artist or album has its places; what is of no artist or album is nobody's."""
        rules, artist, album = self.rules, artist_of(row), _album(row)
        return bool(
            (rules.per_artist is not None and artist and artists[artist] >= rules.per_artist)
            or (rules.per_album is not None and album[1] and albums[album] >= rules.per_album)
        )


def artist_of(row: TrackRow) -> str:
    """Who is counted for a track; empty when nobody is named."""
    return folded(_credited(row) or "")


def _credited(row: TrackRow) -> str | None:
    return row.artist or row.album_artist


def _album(row: TrackRow) -> tuple[str, str]:
    return folded(row.album_artist or row.artist or ""), folded(row.album or "")


def work_of(row: TrackRow) -> tuple[str, str]:
    """Equal for tracks that are versions of one work."""
    return work(row.title, _credited(row))


def _is_as_long(one: TrackRow, other: TrackRow) -> bool:
    if one.seconds is None or other.seconds is None:
        return False
    return abs(one.seconds - other.seconds) < _SAME_SECONDS
