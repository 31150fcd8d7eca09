"""Every index behind the same few calls."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from indexing.vectors import DIMENSIONS, Vectors
from segue.index import (
    ExactIndex,
    GraphIndex,
    Kind,
    NearestLists,
    Neighbours,
    Parameters,
    Sizes,
    Successor,
    Table,
    lists_file,
)
from segue.index.snapshot import adopt, load, save

__all__ = ["OURS", "RIVALS", "Rival", "make"]

Ids = npt.NDArray[np.int64]
OURS = ("exact", "graph", "graph, 8 bit", "lists")
RIVALS = {
    "numpy": "numpy", "voyager M=64 ef=1024": "voyager", "hnswlib": "hnswlib", "usearch": "usearch",
    "faiss flat": "faiss", "faiss hnsw": "faiss",
}  # fmt: skip
_FOLDER = Path(tempfile.gettempdir())
_BLOCK = 4096


class Rival(Protocol):
    def build(self, vectors: Vectors) -> None: ...

    def ask(self, vector: Vectors, count: int) -> Ids: ...

    def add(self, number: int, vector: Vectors) -> None: ...


class Ours:
    """With `keep`, a graph once built stays in that folder, so that later runs measure without building."""

    def __init__(self, kind: Kind, keep: Path | None = None) -> None:
        self.kind = kind
        self.keep = keep / kind.value if keep and kind is not Kind.EXACT else None
        self.index: Neighbours = ExactIndex(Table(DIMENSIONS))

    def build(self, vectors: Vectors) -> None:
        if self.keep and (self.keep / "graph.json").exists():
            self.index = self._started(self.keep, vectors)
            return
        self.index = ExactIndex(Table(DIMENSIONS, folder=None if self.kind is Kind.EXACT else _FOLDER))
        _fill(self.index, vectors)
        if self.kind is not Kind.EXACT:
            successor = Successor(self.index, self.kind, Sizes(folder=_FOLDER))
            while successor.advance():
                pass
            self.index = successor.take_over()
        if self.keep and isinstance(self.index, GraphIndex):
            save(self.index, self.keep, of="bench")

    def ask(self, vector: Vectors, count: int) -> Ids:
        return self.index.nearest(vector, count).ids

    def add(self, number: int, vector: Vectors) -> None:
        self.index.apply(np.array([number]), np.array([number]), vector[None], ())

    def start(self, vectors: Vectors) -> Callable[[], None]:
        """What a start does with the graph on disk; the vectors come in blocks as from the database."""
        folder = Path(tempfile.mkdtemp(prefix="segue-bench-"))
        if isinstance(self.index, GraphIndex):
            save(self.index, folder, of="bench")

        def again() -> None:
            self._started(folder, vectors)

        return again

    def _started(self, folder: Path, vectors: Vectors) -> Neighbours:
        if self.kind is Kind.EXACT:
            index = ExactIndex(Table(DIMENSIONS))
            _fill(index, vectors)
            return index
        parameters = Parameters(quantised=self.kind is Kind.QUANTISED)
        kept = load(folder, of="bench", dimensions=DIMENSIONS, parameters=parameters)
        assert kept is not None
        table = Table.arranged(kept.ids, kept.changes, DIMENSIONS, folder=folder)
        _fill(table, vectors)
        return adopt(table, kept)


def _fill(into: Table | Neighbours, vectors: Vectors) -> None:
    numbers = np.arange(len(vectors))
    for start in range(0, len(vectors), _BLOCK):
        part = slice(start, start + _BLOCK)
        into.apply(numbers[part], numbers[part], vectors[part], ())


class Numpy:
    def build(self, vectors: Vectors) -> None:
        self.vectors = vectors

    def ask(self, vector: Vectors, count: int) -> Ids:
        cosines = self.vectors @ vector
        best = np.argpartition(cosines, -count)[-count:]
        return best[np.argsort(-cosines[best])]

    def add(self, number: int, vector: Vectors) -> None:
        self.vectors = np.concatenate([self.vectors, vector[None]])


class BareVoyager:
    """With the parameters of a well-known application."""

    def build(self, vectors: Vectors) -> None:
        import voyager

        self.index = voyager.Index(voyager.Space.Cosine, DIMENSIONS, M=64, ef_construction=1024)
        self.index.add_items(vectors, np.arange(len(vectors)), num_threads=1)

    def ask(self, vector: Vectors, count: int) -> Ids:
        return np.asarray(self.index.query(vector, k=count, query_ef=1024)[0], np.int64)

    def add(self, number: int, vector: Vectors) -> None:
        self.index.add_item(vector, number)


class Hnswlib:
    def build(self, vectors: Vectors) -> None:
        import hnswlib

        self.index = hnswlib.Index("cosine", DIMENSIONS)
        self.index.init_index(len(vectors) + 10_000, M=16, ef_construction=200)
        self.index.set_num_threads(1)
        self.index.add_items(vectors, np.arange(len(vectors)))
        self.index.set_ef(128)

    def ask(self, vector: Vectors, count: int) -> Ids:
        return self.index.knn_query(vector, count)[0][0].astype(np.int64)

    def add(self, number: int, vector: Vectors) -> None:
        self.index.add_items(vector[None], [number])


class Usearch:
    def build(self, vectors: Vectors) -> None:
        from usearch.index import Index

        self.index = Index(
            ndim=DIMENSIONS,
            metric="cos",
            dtype="f32",
            connectivity=16,
            expansion_add=200,
            expansion_search=128,
        )
        self.index.add(np.arange(len(vectors)), vectors, threads=1)

    def ask(self, vector: Vectors, count: int) -> Ids:
        return self.index.search(vector, count, threads=1).keys.astype(np.int64)

    def add(self, number: int, vector: Vectors) -> None:
        self.index.add(number, vector)


class Faiss:
    def __init__(self, graph: bool) -> None:
        self.graph = graph

    def build(self, vectors: Vectors) -> None:
        import faiss

        faiss.omp_set_num_threads(1)
        if self.graph:
            self.index = faiss.IndexHNSWFlat(DIMENSIONS, 16, faiss.METRIC_INNER_PRODUCT)
            self.index.hnsw.efConstruction, self.index.hnsw.efSearch = 200, 128
        else:
            self.index = faiss.IndexFlatIP(DIMENSIONS)
        self.index.add(vectors)

    def ask(self, vector: Vectors, count: int) -> Ids:
        return self.index.search(vector[None], count)[1][0]

    def add(self, number: int, vector: Vectors) -> None:
        self.index.add(vector[None])


class Lists(Ours):
    """The nearest of each kept ready, beside the exact index; a recording is told by its first number."""

    def __init__(self) -> None:
        super().__init__(Kind.EXACT)

    def build(self, vectors: Vectors) -> None:
        super().build(vectors)
        self.numbers = np.argsort(vectors[:, 0])
        self.firsts = vectors[self.numbers, 0]
        self.lists = NearestLists(self.index.table)
        self._advance()

    def ask(self, vector: Vectors, count: int) -> Ids:
        at = min(int(np.searchsorted(self.firsts, vector[0])), len(self.firsts) - 1)
        found = None
        if self.firsts[at] == vector[0]:
            found = self.lists.nearest(int(self.numbers[at]), count)
        return super().ask(vector, count) if found is None else found.ids

    def add(self, number: int, vector: Vectors) -> None:
        super().add(number, vector)
        self._advance()

    def start(self, vectors: Vectors) -> Callable[[], None]:
        folder = Path(tempfile.mkdtemp(prefix="segue-bench-"))
        lists_file.save(self.lists.kept(), folder, of="bench")

        def again() -> None:
            index, stored = self._started(folder, vectors), lists_file.load(folder, of="bench")
            assert stored is not None
            NearestLists(index.table, stored)

        return again

    def _advance(self) -> None:
        while self.lists.is_due:
            self.lists.advance()


def make(method: str, keep: Path | None = None) -> Rival:
    made: dict[str, Callable[[], Rival]] = {
        "exact": lambda: Ours(Kind.EXACT),
        "graph": lambda: Ours(Kind.GRAPH, keep),
        "graph, 8 bit": lambda: Ours(Kind.QUANTISED, keep),
        "lists": Lists,
        "numpy": Numpy,
        "voyager M=64 ef=1024": BareVoyager,
        "hnswlib": Hnswlib,
        "usearch": Usearch,
        "faiss flat": lambda: Faiss(graph=False),
        "faiss hnsw": lambda: Faiss(graph=True),
    }
    return made[method]()
