"""Exact search: one matrix product over all vectors, or over the allowed ones."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from segue.index.neighbours import Found, Ids, ranked, unit
from segue.index.table import Table, Vectors, View

__all__ = ["ExactIndex", "best", "scan"]

_GATHER_BELOW = 0.2  # of all rows: picking so many costs as much as multiplying all
_QUICK = 10_000
_SLACK = 4e-6  # the product is in float32; what is so near to the last place may belong before it


class ExactIndex:
    """The index for libraries up to some ten thousand recordings; always right."""

    def __init__(self, table: Table) -> None:
        self._table = table

    @property
    def table(self) -> Table:
        """The vectors themselves."""
        return self._table

    def apply(
        self, ids: Ids, changes: Ids, vectors: Vectors, gone: Sequence[int], *, are_units: bool = False
    ) -> Ids:
        """Add or replace, and remove; returns whose vectors were refused as without direction."""
        return self._table.apply(ids, changes, vectors, gone, are_units=are_units)

    def is_quick(self, count: int, *, among: Ids | None = None) -> bool:
        """Whether an answer takes less than a thread's detour."""
        compared = len(self._table) if among is None else len(among)
        return compared + count < _QUICK

    def nearest(self, vector: Vectors, count: int, *, among: Ids | None = None) -> Found:
        """The `count` nearest recordings, if given only `among` these; fewer when there are fewer."""
        if among is None:
            return scan(self._table.view, unit(vector), count)
        view, rows = self._table.find(among.tolist())
        return scan(view, unit(vector), count, rows=rows[rows >= 0])


def scan(view: View, query: Vectors, count: int, *, rows: npt.NDArray[np.int64] | None = None) -> Found:
    """Compare with every living row, or with these."""
    if rows is None:
        candidates = best(view.units @ query, count, None if view.live == len(view) else view.alive)
    elif len(rows) < _GATHER_BELOW * len(view):
        candidates = rows[best(view.units[rows] @ query, count, None)]
    else:
        allowed = np.zeros(len(view), np.bool_)
        allowed[rows] = True
        candidates = best(view.units @ query, count, allowed)
    return ranked(view, candidates, query, count)


def best(
    cosines: npt.NDArray[np.float32], count: int, allowed: npt.NDArray[np.bool_] | None
) -> npt.NDArray[np.int64]:
    """Where the highest `count` stand, and whatever is as good as the last of them."""
    if allowed is not None:
        cosines[~allowed] = -np.inf
    count = min(count, len(cosines))
    if count <= 0:
        return np.zeros(0, np.int64)
    last = np.partition(cosines, len(cosines) - count)[len(cosines) - count]
    if last == -np.inf:
        return np.flatnonzero(cosines > -np.inf)
    return np.flatnonzero(cosines >= last - _SLACK)
