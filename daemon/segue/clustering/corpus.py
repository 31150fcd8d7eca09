"""The library as clustering sees it: rows of numbers, one row per recording."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from segue.clustering.keys import UNKNOWN_KEY
from segue.model import MODEL_TAGS

__all__ = ["GENRE_TAGS", "MOODS", "Corpus", "Matrix", "Rows", "log_odds"]

Matrix = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]

MOODS = ("danceable", "aggressive", "happy", "party", "relaxed", "sad")
"""The six moods, in the order of `Corpus.moods`."""

GENRE_TAGS = (
    "rock", "pop", "alternative", "indie", "electronic", "jazz", "metal", "classic rock", "soul",
    "indie rock", "electronica", "folk", "punk", "blues", "hard rock", "ambient", "acoustic",
    "experimental", "Hip-Hop", "country", "funk", "electro", "heavy metal", "Progressive rock",
    "rnb", "indie pop", "House",
)  # fmt: skip
"""The tags that stand in for a genre where nobody says one."""

_SMALLEST = 1e-5  # a probability below this says no more than this


@dataclass(frozen=True, slots=True, kw_only=True)
class Corpus:
    """What was heard in a library.

    `ids` strictly ascending; `vectors` finite; `tags` probabilities in the order of `tag_names`;
    `moods` 0..1 in the order of `MOODS`; `tempo` in beats per minute; `energy` 0..1. NaN is
    "unknown" in all but `vectors`, as is an empty text in `genres` and `artists`.
    """

    ids: Rows
    vectors: Matrix
    tags: Matrix
    moods: Matrix
    tempo: Matrix
    energy: Matrix
    genres: Sequence[str]
    artists: Sequence[str]
    tag_names: Sequence[str] = field(default=MODEL_TAGS)
    keys: Rows = field(default_factory=lambda: np.full(0, UNKNOWN_KEY, np.int64))

    def __post_init__(self) -> None:
        """ValueError says what does not fit together."""
        count = len(self.ids)
        if not len(self.keys):
            object.__setattr__(self, "keys", np.full(count, UNKNOWN_KEY, np.int64))
        shapes = {
            "vectors": (self.vectors.shape, (count, *self.vectors.shape[1:2])),
            "tags": (self.tags.shape, (count, len(self.tag_names))),
            "moods": (self.moods.shape, (count, len(MOODS))),
            "tempo": (self.tempo.shape, (count,)),
            "energy": (self.energy.shape, (count,)),
            "keys": (self.keys.shape, (count,)),
            "genres": ((len(self.genres),), (count,)),
            "artists": ((len(self.artists),), (count,)),
        }
        for name, (found, wanted) in shapes.items():
            if found != wanted or len(found) != len(wanted):
                raise ValueError(f"{name} has the shape {found}, not {wanted}.")
        if count and np.any(np.diff(self.ids) <= 0):
            raise ValueError("Recording ids must be strictly ascending.")
        if not np.isfinite(self.vectors).all():
            raise ValueError("Vectors must be finite.")

    def __len__(self) -> int:
        return len(self.ids)

    def features(self) -> Matrix:
        """Tempo, energy, tags and moods side by side, the unknown at their column's mean."""
        return known(self.heard_features())

    def heard_features(self) -> Matrix:
        """The same, with NaN where something is unknown."""
        tempo = np.log2(np.clip(self.tempo, 20, 400))
        return np.column_stack((tempo, self.energy, log_odds(self.tags), self.moods)).astype(np.float32)

    def styles(self) -> list[str]:
        """A genre for each recording: what people say, else the likeliest of the tags."""
        names = list(self.tag_names)
        columns = [names.index(tag) for tag in GENRE_TAGS if tag in names]
        if not columns or not len(self):
            return [genre.casefold() for genre in self.genres]
        relative = known(log_odds(self.tags))[:, columns]
        likeliest = np.argmax(relative - relative.mean(axis=0), axis=1)
        heard = [names[columns[column]].casefold() for column in likeliest.tolist()]
        return [said.casefold() or tag for said, tag in zip(self.genres, heard, strict=True)]


def log_odds(probabilities: Matrix) -> Matrix:
    """ln(p / (1 - p)); NaN stays NaN."""
    clipped = np.clip(probabilities.astype(np.float64), _SMALLEST, 1 - _SMALLEST)
    return np.log(clipped / (1 - clipped)).astype(np.float32)


def known(matrix: Matrix) -> Matrix:
    """With each NaN replaced by the mean of what is known in its column."""
    blank = np.isnan(matrix)
    if not blank.any():
        return matrix.astype(np.float32)
    counts = (~blank).sum(axis=0)
    means = np.where(blank, 0, matrix).sum(axis=0, dtype=np.float64) / np.maximum(counts, 1)
    return np.where(blank, means, matrix).astype(np.float32)
