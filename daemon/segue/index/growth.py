"""From one size of index to the next, beside the one that serves."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np

from segue.index.exact import ExactIndex
from segue.index.graph import Graph, GraphIndex, Parameters
from segue.index.neighbours import Neighbours
from segue.index.table import Table

__all__ = ["Kind", "Sizes", "Successor", "kind_of"]

_STEP = 200
_SHRINKS_BELOW = 0.8  # of a threshold, lest a library near it builds to and fro
_MOST_DEAD = 0.3
_MOST_DEAD_ROWS = 1000


class Kind(StrEnum):
    """How an index searches."""

    EXACT = "exact"
    GRAPH = "graph"
    QUANTISED = "quantised"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """Which kind serves how many recordings, for which the nearest are kept ready, and where files lie."""

    exact_below: int = 50_000
    quantise_above: int = 300_000
    ready_above: int = 10_000  # comparing so few takes no longer than reading what is ready
    ready_below: int = 0
    folder: Path | None = None

    def kind_for(self, recordings: int, *, now: Kind = Kind.EXACT) -> Kind:
        """The kind for so many; what serves stays while the number is near a threshold."""
        quantise = self.quantise_above * (_SHRINKS_BELOW if now is Kind.QUANTISED else 1)
        exact = self.exact_below * (1 if now is Kind.EXACT else _SHRINKS_BELOW)
        if recordings > max(quantise, exact):
            return Kind.QUANTISED
        return Kind.GRAPH if recordings > exact else Kind.EXACT

    def folder_for(self, kind: Kind) -> Path | None:
        """Large tables lie in a file, whose memory the system may take back."""
        return None if kind is Kind.EXACT else self.folder

    def are_ready_for(self, recordings: int, *, now: bool) -> bool:
        """Whether the nearest of so many are kept ready; they stay while the library shrinks."""
        return (0 if now else self.ready_above) < recordings <= self.ready_below

    def due(self, index: Neighbours) -> Kind | None:
        """The kind that should be built instead of this index, if any."""
        view, now = index.table.view, kind_of(index)
        kind = self.kind_for(view.live, now=now)
        decayed = view.dead > max(_MOST_DEAD_ROWS, _MOST_DEAD * len(view))
        return kind if kind is not now or decayed else None


class Successor:
    """An index being built from what another held at one moment, while that one serves on.

    `advance` in a thread until it says False, then `take_over` where changes are applied.
    """

    def __init__(self, index: Neighbours, kind: Kind, sizes: Sizes) -> None:
        self._of = index
        self._began = index.table.view
        self._dimensions = index.table.dimensions
        self._kind = kind
        self._folder = sizes.folder_for(kind)
        self._table: Table | None = None
        self._graph: Graph | None = None
        self._next = 0

    def advance(self) -> bool:
        """Build a little more; False when there is no more to build."""
        if self._table is None:
            self._table = Table.compacted(self._began, self._dimensions, folder=self._folder)
            if self._kind is Kind.EXACT:
                return False
            parameters = Parameters(quantised=self._kind is Kind.QUANTISED)
            self._graph = Graph(self._dimensions, parameters, rows=int(self._began.live * 1.1) + 1000)
            return True
        if self._graph is None or self._next >= self._began.live:
            return False
        rows = np.arange(self._next, min(self._next + _STEP, self._began.live))
        self._graph.add(rows, self._table.view.units[rows])
        self._next += len(rows)
        return self._next < self._began.live

    def take_over(self) -> Neighbours:
        """The finished index, with what has changed in the other one since."""
        assert self._table is not None
        successor: Neighbours = (
            ExactIndex(self._table) if self._graph is None else GraphIndex(self._table, self._graph)
        )
        now, start = self._of.table.view, len(self._began)
        new = start + np.flatnonzero(now.alive[start:])
        left = self._began.ids[self._began.alive & ~now.alive[:start]]
        gone = np.setdiff1d(left, now.ids[new]).tolist()
        successor.apply(now.ids[new], now.changes[new], now.units[new], gone, are_units=True)
        return successor


def kind_of(index: Neighbours) -> Kind:
    """How this index searches."""
    if not isinstance(index, GraphIndex):
        return Kind.EXACT
    return Kind.QUANTISED if index.graph.parameters.quantised else Kind.GRAPH
