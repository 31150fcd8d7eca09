"""What a group sounds like, on its own and against its library."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from segue.clustering.corpus import MOODS, Corpus, Matrix, Rows, known, log_odds
from segue.clustering.prepared import relative

__all__ = ["Library", "Portrait"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Portrait:
    """`tags` are mean probabilities; `tags_above` and `moods_above` are in spreads of the library.

    `tempo` in beats per minute and `energy_above` are None where nobody knows.
    """

    songs: int
    tags: dict[str, float]
    tags_above: dict[str, float]
    moods_above: dict[str, float]
    tempo: float | None
    energy_above: float | None


class Library:
    """Paints groups of one library."""

    def __init__(self, corpus: Corpus) -> None:
        self._corpus = corpus
        self._tags = known(corpus.tags)
        self._tags_above = relative(log_odds(corpus.tags))
        self._moods_above = relative(corpus.moods)
        self._energy_above = relative(corpus.energy[:, None])[:, 0]

    def paint(self, rows: Rows) -> Portrait:
        """The portrait of these rows of the library."""
        corpus = self._corpus
        tempos = corpus.tempo[rows]
        tempos = tempos[np.isfinite(tempos)]
        heard = np.isfinite(corpus.energy[rows]).any()
        return Portrait(
            songs=len(rows),
            tags=_by_name(corpus.tag_names, self._tags[rows]),
            tags_above=_by_name(corpus.tag_names, self._tags_above[rows]),
            moods_above=_by_name(MOODS, self._moods_above[rows]),
            tempo=round(float(np.median(tempos)), 1) if len(tempos) else None,
            energy_above=round(float(self._energy_above[rows].mean()), 3) if heard else None,
        )


def _by_name(names: Sequence[str], values: Matrix) -> dict[str, float]:
    means = values.mean(axis=0, dtype=np.float64)
    return {name: round(float(mean), 4) for name, mean in zip(names, means, strict=True)}
