"""What every index answers, and the one definition of distance."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from segue.index.table import Table, Vectors, View

__all__ = ["Found", "Ids", "Neighbours", "distances", "ranked", "unit"]

Ids = npt.NDArray[np.int64]
_DECIMALS = 6  # float32 carries no more; what is equal to that is ordered by id


@dataclass(frozen=True, slots=True)
class Found:
    """Recordings, their distances and their directions, nearest first, equal ones by id."""

    ids: Ids
    distances: npt.NDArray[np.float64]
    units: Vectors

    def __len__(self) -> int:
        return len(self.ids)


class Neighbours(Protocol):
    """A live index: one writer, any number of readers in any thread, who never wait for the writer."""

    @property
    def table(self) -> Table:
        """The vectors themselves."""
        ...

    def apply(
        self, ids: Ids, changes: Ids, vectors: Vectors, gone: Sequence[int], *, are_units: bool = False
    ) -> Ids:
        """Add or replace, and remove; returns whose vectors were refused as without direction."""
        ...

    def is_quick(self, count: int, *, among: Ids | None = None) -> bool:
        """Whether an answer takes less than a thread's detour."""
        ...

    def nearest(self, vector: Vectors, count: int, *, among: Ids | None = None) -> Found:
        """The `count` nearest recordings, if given only `among` these; fewer when there are fewer."""
        ...


def unit(vector: Vectors) -> Vectors:
    """The vector's direction; ValueError when it has none."""
    length = float(np.linalg.norm(vector.astype(np.float64)))
    if not np.isfinite(length) or length == 0:
        raise ValueError("A vector must be finite and not zero.")
    return (vector.astype(np.float64) / length).astype(np.float32)


def distances(units: Vectors, query: Vectors) -> npt.NDArray[np.float64]:
    """1 - cosine, in double precision, so that it does not depend on where a row lies."""
    cosines = np.einsum("ij,j->i", units.astype(np.float64), query.astype(np.float64))
    apart: npt.NDArray[np.float64] = np.minimum(np.maximum(1 - cosines, 0), 2).round(_DECIMALS)
    return apart


def ranked(view: View, rows: npt.NDArray[np.int64], query: Vectors, count: int) -> Found:
    """The best of these rows by distance, then id."""
    units, ids = view.units[rows], view.ids[rows]
    apart = distances(units, query)
    order = np.lexsort((ids, apart))[:count]
    return Found(ids[order], apart[order], units[order])
