"""Approximate search in a Voyager graph; every answer is ranked by the exact vectors."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import voyager

from segue.index.exact import scan
from segue.index.neighbours import Found, Ids, ranked, unit
from segue.index.table import Rows, Table, Vectors, View

__all__ = ["Graph", "GraphIndex", "Parameters"]

_EF_PER_RESULT = 3  # finds 0.965 of the true 50 nearest of 100,000; with 4, 0.975 in half as much time again
_EF = 200
_EF_QUANTISED = 320  # finds 0.97 of the true 10 nearest of a million; 480 finds 0.98, in a third more time
_ADDED_AT_ONCE = 200  # Python may do something else in between
_SCANNED_ABOVE = 0.1  # of all recordings: asking a graph for so many costs more than comparing all


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """How a graph is built; `quantised` stores 8 bits per number, so that more are fetched.

    With 24 `neighbours` it finds more of a million than with 16 in the same time, for 60 bytes more each.
    """

    quantised: bool = False
    neighbours: int = 24
    ef_construction: int = 200


class Graph:
    """A Voyager index whose labels are a table's rows; it only proposes rows, and may be wrong."""

    def __init__(self, dimensions: int, parameters: Parameters, *, rows: int = 1024) -> None:
        self.parameters = parameters
        self.voyager = voyager.Index(
            voyager.Space.Cosine,
            num_dimensions=dimensions,
            M=parameters.neighbours,
            ef_construction=parameters.ef_construction,
            random_seed=1,
            max_elements=rows,
            storage_data_type=(
                voyager.StorageDataType.E4M3 if parameters.quantised else voyager.StorageDataType.Float32
            ),
        )

    def add(self, rows: Rows, units: Vectors) -> None:
        """Make rows findable; the GIL is free meanwhile, so call it in a thread."""
        self.make_room(len(rows))
        for start in range(0, len(rows), _ADDED_AT_ONCE):
            part = slice(start, start + _ADDED_AT_ONCE)
            self.voyager.add_items(units[part], rows[part].tolist(), num_threads=1)

    def make_room(self, rows: int) -> None:
        """Without room of its own every single addition would move the whole graph."""
        needed = self.voyager.num_elements + rows
        if needed > self.voyager.max_elements:
            self.voyager.resize(int(needed * 1.1) + 1000)

    def forget(self, rows: Rows) -> None:
        """Propose these no more; each must be there, and not forgotten before."""
        for row in rows.tolist():
            self.voyager.mark_deleted(row)

    def propose(self, query: Vectors, count: int, *, live: int) -> Rows | None:
        """About `count` of the living rows, probably the nearest; None when it does not find so many."""
        fetched = max(2 * count, count + 50) if self.parameters.quantised else count + 16
        fetched = min(fetched, live)
        least = _EF_QUANTISED if self.parameters.quantised else _EF
        try:
            labels, _ = self.voyager.query(
                query, k=fetched, query_ef=max(least, _EF_PER_RESULT * count, fetched)
            )
        except voyager.RecallError:
            return None
        return np.asarray(labels, np.int64)


class GraphIndex:
    """The index for large libraries: the graph proposes, the table decides."""

    def __init__(self, table: Table, graph: Graph) -> None:
        self._table = table
        self.graph = graph

    @property
    def table(self) -> Table:
        """The vectors themselves."""
        return self._table

    def apply(
        self, ids: Ids, changes: Ids, vectors: Vectors, gone: Sequence[int], *, are_units: bool = False
    ) -> Ids:
        """Add or replace, and remove; returns whose vectors were refused as without direction."""
        staged = self._table.stage(ids, changes, vectors, gone, are_units=are_units)
        self.graph.add(staged.rows, staged.units)  # before it is shown: a reader drops rows it can't see
        self._table.publish(staged)
        self.graph.forget(staged.dying)
        return staged.refused

    def is_quick(self, count: int, *, among: Ids | None = None) -> bool:
        """Whether an answer takes less than a thread's detour."""
        return among is None and not self._is_scanned(self._table.view, count)

    def nearest(self, vector: Vectors, count: int, *, among: Ids | None = None) -> Found:
        """The `count` nearest recordings, if given only `among` these; fewer when there are fewer."""
        query = unit(vector)
        if among is not None:
            view, rows = self._table.find(among.tolist())
            return scan(view, query, count, rows=rows[rows >= 0])
        view = self._table.view
        if count <= 0 or self._is_scanned(view, count):
            return scan(view, query, count)
        rows = self._proposed(view, query, count)
        if len(rows) < min(count, view.live):
            return scan(view, query, count)
        return ranked(view, rows, query, count)

    def _proposed(self, view: View, query: Vectors, count: int) -> Rows:
        rows = self.graph.propose(query, count, live=view.live)
        if rows is None:
            return np.zeros(0, np.int64)
        rows = rows[rows < len(view)]
        return rows[view.alive[rows]]

    @staticmethod
    def _is_scanned(view: View, count: int) -> bool:
        return count > _SCANNED_ABOVE * view.live
