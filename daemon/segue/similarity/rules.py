"""What may stand in an answer, and how often; pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from segue.analysis.moods import Calibration, mood_inputs, moods
from segue.model import RecordingId
from segue.similarity.roster import Card
from segue.similarity.works import is_seasonal
from segue.store.traits import Filter, Traits

__all__ = ["LONGEST_SECONDS", "Rules", "today"]

LONGEST_SECONDS = 1800.0
"""Longer tracks are mixes, concerts or audio books, and stay out unless asked for."""

_CHRISTMAS_MONTH = 12


def today() -> date:
    """The date by the machine's own clock and time zone (`TZ`), by which seasons begin."""
    return datetime.now().astimezone().date()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Every rule of an answer; the defaults are what most people expect.

    `without` leaves recordings out, such as those played recently; `moods` asks for at least so much
    of a mood; `today` keeps Christmas music out of the other eleven months, unless its genre is asked
    for; `gap` is how many others stand between two tracks of one artist; `walk` orders the answer so
    that each track is near the one before it; `unhub` orders by mutual proximity, so that what is near to
    everything does not answer every question.
    """

    filter: Filter = field(default_factory=lambda: Filter(seconds=(None, LONGEST_SECONDS)))
    per_artist: int | None = 3
    per_album: int | None = None
    gap: int = 0
    one_version: bool = True
    without: frozenset[RecordingId] = frozenset()
    moods: Mapping[str, float] = field(default_factory=dict)
    today: date | None = None
    walk: bool = False
    unhub: bool = False

    def allows_track(self, card: Card, *, christmas: bool = False) -> bool:
        """Whether this track, if the filter lets it through, may stand for its recording.

        `christmas` when a seed is of that kind.
        """
        bounds = self.filter
        longest = bounds.seconds[1]
        return (
            (bounds.server is None or card.server == bounds.server)
            and not (longest is not None and card.seconds > longest)  # unknown is not longer
            and (christmas or not card.seasonal or not self._is_out_of_season)
        )

    def allows_moods(self, traits: Traits | None, calibration: Calibration) -> bool:
        """Whether the recording has enough of every mood asked for; what is unknown is none."""
        if not self.moods:
            return True
        if traits is None:
            return False
        scores = moods(mood_inputs(traits.tags, traits.descriptors), calibration)
        return all((scores[mood] or 0.0) >= least for mood, least in self.moods.items())

    @property
    def _is_out_of_season(self) -> bool:
        asked_for = any(map(is_seasonal, self.filter.genres))
        return self.today is not None and self.today.month != _CHRISTMAS_MONTH and not asked_for
