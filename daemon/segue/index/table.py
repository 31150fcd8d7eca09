"""Unit vectors in rows that are only ever appended, so that readers need no lock."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from segue.index.places import NOWHERE, Places
from segue.index.storage import storage_in

__all__ = ["Ids", "Rows", "Staged", "Table", "Vectors", "View"]

Vectors = npt.NDArray[np.float32]
Ids = npt.NDArray[np.int64]
Rows = npt.NDArray[np.int64]

_FIRST_CAPACITY = 1024
_COPIED_AT_ONCE = 8192


@dataclass(frozen=True, slots=True)
class View:
    """One moment of a table; it stays as it is while the table goes on."""

    units: Vectors
    ids: Ids
    changes: Ids
    alive: npt.NDArray[np.bool_]
    live: int
    rows: Places  # of this moment or a little later: may point beyond this view's end

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def dead(self) -> int:
        """Rows that nothing points to any more."""
        return len(self) - self.live


@dataclass(frozen=True, slots=True)
class Staged:
    """Changes that are written but not yet seen by readers."""

    ids: Ids
    rows: Rows
    units: Vectors
    leaving: list[int]
    dying: Rows
    refused: Ids
    end: int


class Table:
    """Vectors by recording: one writer, any number of readers.

    A replaced vector gets a new row and its old row dies; `compacted` makes a table without dead rows.
    A reader takes `view` once and works on it.
    """

    def __init__(self, dimensions: int, *, folder: Path | None = None) -> None:
        self.dimensions = dimensions
        self.folder = folder
        self._storage = storage_in(folder, dimensions)
        self._units = self._storage.grow(_FIRST_CAPACITY, keep=0)
        self._ids = np.empty(_FIRST_CAPACITY, np.int64)
        self._changes = np.empty(_FIRST_CAPACITY, np.int64)
        self._reserved: dict[int, int] = {}
        self._view = View(
            self._units[:0], self._ids[:0], self._changes[:0], np.zeros(0, np.bool_), 0, Places()
        )

    @classmethod
    def arranged(cls, ids: Ids, changes: Ids, dimensions: int, *, folder: Path | None = None) -> "Table":
        """A table whose first rows are kept for these changes of these recordings, dead until they come.

        To be filled before anyone reads it.
        """
        table = cls(dimensions, folder=folder)
        table._grow(len(ids))
        table._ids[: len(ids)], table._changes[: len(ids)] = ids, changes
        table._reserved = dict(zip(ids.tolist(), range(len(ids)), strict=True))
        table._show(len(ids), np.zeros(len(ids), np.bool_), Places())
        return table

    @property
    def view(self) -> View:
        """The table as it is now."""
        return self._view

    def __len__(self) -> int:
        return self._view.live

    def apply(
        self, ids: Ids, changes: Ids, vectors: Vectors, gone: Sequence[int], *, are_units: bool = False
    ) -> Ids:
        """Add or replace, and remove; returns whose vectors were refused as without direction."""
        staged = self.stage(ids, changes, vectors, gone, are_units=are_units)
        self.publish(staged)
        return staged.refused

    def stage(
        self, ids: Ids, changes: Ids, vectors: Vectors, gone: Sequence[int], *, are_units: bool = False
    ) -> Staged:
        """Write rows that no reader sees yet; the next call must publish them.

        What is already here under the same change number stays untouched. Of equal ids the last counts.
        """
        view = self._view
        ids, changes, vectors = _last_of_each(ids, changes, vectors)
        new = self._changes_here(ids) != changes
        fresh, numbers = ids[new], changes[new]
        units, sound = (
            (vectors[new], np.ones(len(fresh), np.bool_))
            if are_units
            else _directions(vectors[new], self.dimensions)
        )
        leaving = [*gone, *fresh.tolist()]
        refused = fresh[~sound]
        fresh, numbers, units = fresh[sound], numbers[sound], units[sound]
        rows, end = self._places(fresh, numbers)
        if end > len(self._ids):
            self._grow(end)
        self._units[rows], self._ids[rows], self._changes[rows] = units, fresh, numbers
        dying = view.rows.of(np.array(leaving, np.int64)).astype(np.int64)
        dying = np.unique(dying[dying != NOWHERE])
        return Staged(fresh, rows, units, leaving, dying, refused, end)

    def publish(self, staged: Staged) -> None:
        """Show what was staged."""
        if not len(staged.rows) and not len(staged.dying):
            return
        alive = np.zeros(staged.end, np.bool_)
        alive[: len(self._view)] = self._view.alive
        alive[staged.rows] = True
        alive[staged.dying] = False
        rows = self._view.rows
        self._show(staged.end, alive, rows)
        rows.put(np.setdiff1d(np.array(staged.leaving, np.int64), staged.ids), np.array(NOWHERE))
        rows.put(staged.ids, staged.rows)

    def find(self, ids: Sequence[int]) -> tuple[View, Rows]:
        """A view, and in it the row of each id: -1 where there is none."""
        while True:
            view = self._view
            rows = view.rows.of(np.array(ids, np.int64)).astype(np.int64)
            if not len(rows) or rows.max() < len(view):  # rows are told only after their view is published
                return view, rows

    @classmethod
    def compacted(cls, view: View, dimensions: int, *, folder: Path | None = None) -> "Table":
        """A new table of a view's living rows, in their order."""
        table = cls(dimensions, folder=folder)
        table._grow(max(_FIRST_CAPACITY, view.live * 5 // 4))
        living = np.flatnonzero(view.alive)
        for start in range(0, len(living), _COPIED_AT_ONCE):
            part = living[start : start + _COPIED_AT_ONCE]
            table._units[start : start + len(part)] = view.units[part]
        table._ids[: len(living)] = view.ids[living]
        table._changes[: len(living)] = view.changes[living]
        rows = Places()
        rows.put(view.ids[living], np.arange(len(living)))
        table._show(len(living), np.ones(len(living), np.bool_), rows)
        return table

    def _changes_here(self, ids: Ids) -> Ids:
        view = self._view
        rows = view.rows.of(ids)
        here: Ids = np.where(rows == NOWHERE, -1, view.changes[rows] if len(view) else -1)
        return here

    def _places(self, ids: Ids, changes: Ids) -> tuple[Rows, int]:
        """A row for each: the one kept for it, or the next free one."""
        start = len(self._view)
        if not self._reserved:
            return np.arange(start, start + len(ids)), start + len(ids)
        rows, end = [], start
        for recording, change in zip(ids.tolist(), changes.tolist(), strict=True):
            row = self._reserved.pop(recording, -1)
            if row < 0 or self._changes[row] != change:
                row, end = end, end + 1
            rows.append(row)
        return np.array(rows, np.int64), end

    def _grow(self, rows: int) -> None:
        capacity = max(len(self._ids) * 3 // 2, rows)
        kept = len(self._view)
        self._units = self._storage.grow(capacity, keep=kept)
        for name in ("_ids", "_changes"):
            old: Ids = getattr(self, name)
            grown = np.empty(capacity, np.int64)
            grown[:kept] = old[:kept]
            setattr(self, name, grown)

    def _show(self, end: int, alive: npt.NDArray[np.bool_], rows: Places) -> None:
        self._view = View(
            self._units[:end], self._ids[:end], self._changes[:end], alive, int(np.count_nonzero(alive)), rows
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
