"""Unit vectors in rows that are only ever appended, so that readers need no lock."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Table", "Vectors", "View"]

Vectors = npt.NDArray[np.float32]
Ids = npt.NDArray[np.int64]
Rows = npt.NDArray[np.int64]

_FIRST_CAPACITY = 1024
_MOST_DEAD_ROWS = 1024
_MOST_DEAD_SHARE = 0.25


@dataclass(frozen=True, slots=True)
class View:
    """One moment of a table; it stays as it is while the table goes on."""

    units: Vectors
    ids: Ids
    changes: Ids
    alive: npt.NDArray[np.bool_]
    live: int
    rows: dict[int, int]  # of this moment or a little later: may point beyond this view's end

    def __len__(self) -> int:
        return len(self.ids)


class Table:
    """Vectors by recording: one writer, any number of readers.

    A replaced vector gets a new row and its old row dies; dead rows are swept out when they are many.
    A reader takes `view` once and works on it.
    """

    def __init__(self, dimensions: int) -> None:
        self.dimensions = dimensions
        self._units = np.empty((_FIRST_CAPACITY, dimensions), np.float32)
        self._ids = np.empty(_FIRST_CAPACITY, np.int64)
        self._changes = np.empty(_FIRST_CAPACITY, np.int64)
        self._view = View(self._units[:0], self._ids[:0], self._changes[:0], np.zeros(0, np.bool_), 0, {})

    @property
    def view(self) -> View:
        """The table as it is now."""
        return self._view

    def __len__(self) -> int:
        return self._view.live

    def apply(self, ids: Ids, changes: Ids, vectors: Vectors, gone: Sequence[int]) -> Ids:
        """Add or replace, and remove; returns whose vectors were refused as without direction.

        What is already here under the same change number stays untouched. Of equal ids the last counts.
        """
        view = self._view
        ids, changes, vectors = _last_of_each(ids, changes, vectors)
        known = np.fromiter(
            (view.changes[view.rows[i]] if i in view.rows else -1 for i in ids.tolist()), np.int64, len(ids)
        )
        new = known != changes
        units, sound = _directions(vectors[new], self.dimensions)
        fresh, numbers = ids[new][sound], changes[new][sound]
        leaving = [*gone, *ids[new].tolist()]
        dying = np.array([view.rows[i] for i in leaving if i in view.rows], np.int64)
        if len(fresh) or len(dying):
            self._publish(units[sound], fresh, numbers, dying)
            placed = dict(zip(fresh.tolist(), range(len(view), len(view) + len(fresh)), strict=True))
            view.rows.update(placed)
            for recording in leaving:
                if recording not in placed:
                    view.rows.pop(recording, None)
            self._sweep()
        return ids[new][~sound]

    def find(self, ids: Sequence[int]) -> tuple[View, Rows]:
        """A view, and in it the row of each id: -1 where there is none."""
        while True:
            view = self._view
            rows = np.fromiter((view.rows.get(i, -1) for i in ids), np.int64, len(ids))
            if not len(rows) or rows.max() < len(view):  # rows are told only after their view is published
                return view, rows

    def _publish(self, units: Vectors, ids: Ids, changes: Ids, dying: Rows) -> None:
        start, end = len(self._view), len(self._view) + len(ids)
        if end > len(self._ids):
            self._grow(end)
        self._units[start:end], self._ids[start:end], self._changes[start:end] = units, ids, changes
        alive = np.ones(end, np.bool_)
        alive[:start] = self._view.alive
        alive[dying] = False
        self._view = View(
            self._units[:end],
            self._ids[:end],
            self._changes[:end],
            alive,
            int(np.count_nonzero(alive)),
            self._view.rows,
        )

    def _grow(self, rows: int) -> None:
        capacity = max(2 * len(self._ids), rows)
        for name in ("_units", "_ids", "_changes"):
            old: npt.NDArray[np.generic] = getattr(self, name)
            grown = np.empty((capacity, *old.shape[1:]), old.dtype)
            grown[: len(self._view)] = old[: len(self._view)]
            setattr(self, name, grown)

    def _sweep(self) -> None:
        view = self._view
        dead = len(view) - view.live
        if dead <= max(_MOST_DEAD_ROWS, _MOST_DEAD_SHARE * len(view)):
            return
        capacity = max(_FIRST_CAPACITY, view.live * 5 // 4)
        self._units = np.empty((capacity, self.dimensions), np.float32)
        self._ids, self._changes = np.empty(capacity, np.int64), np.empty(capacity, np.int64)
        live = view.live
        np.compress(view.alive, view.units, axis=0, out=self._units[:live])
        np.compress(view.alive, view.ids, out=self._ids[:live])
        np.compress(view.alive, view.changes, out=self._changes[:live])
        self._view = View(
            self._units[:live],
            self._ids[:live],
            self._changes[:live],
            np.ones(live, np.bool_),
            live,
            dict(zip(self._ids[:live].tolist(), range(live), strict=True)),
        )


def _last_of_each(ids: Ids, changes: Ids, vectors: Vectors) -> tuple[Ids, Ids, Vectors]:
    last = {recording: row for row, recording in enumerate(ids.tolist())}
    if len(last) == len(ids):
        return ids, changes, vectors
    rows = np.array(sorted(last.values()), np.int64)
    return ids[rows], changes[rows], vectors[rows]


def _directions(vectors: Vectors, dimensions: int) -> tuple[Vectors, npt.NDArray[np.bool_]]:
    """Unit vectors, and which of them are sound."""
    if vectors.shape[1:] != (dimensions,):
        return np.empty((len(vectors), dimensions), np.float32), np.zeros(len(vectors), np.bool_)
    wide = vectors.astype(np.float64)
    lengths = np.sqrt(np.einsum("ij,ij->i", wide, wide))
    sound = np.isfinite(lengths) & (lengths > 0)
    lengths[~sound] = 1
    with np.errstate(invalid="ignore"):
        return (wide / lengths[:, None]).astype(np.float32), sound
