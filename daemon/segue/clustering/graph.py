"""Who is nearest to whom among the landmarks, and the slow waves of that graph."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from segue.clustering.corpus import Matrix

if TYPE_CHECKING:
    from scipy.sparse import csr_array

__all__ = ["Graph", "nearest_graph", "spectral_axes"]

_CHUNK = 1024
_DENSE_BELOW = 800  # so small a matrix is solved faster, and without iterating, as a whole
_TOLERANCE = 1e-4

_Wide = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Graph:
    """For each point its nearest others, nearest first."""

    neighbours: npt.NDArray[np.int32]
    distances: Matrix

    def first(self, count: int) -> "Graph":
        """Only the `count` nearest."""
        return Graph(self.neighbours[:, :count], self.distances[:, :count])


def nearest_graph(points: Matrix, count: int) -> Graph:
    """Exact, by one matrix product per chunk."""
    count = min(count, len(points) - 1)
    neighbours = np.empty((len(points), count), np.int32)
    distances = np.empty((len(points), count), np.float32)
    squares = np.einsum("ij,ij->i", points, points)
    for start in range(0, len(points), _CHUNK):
        part = slice(start, min(start + _CHUNK, len(points)))
        apart = squares[part, None] + squares - 2 * (points[part] @ points.T)
        apart[np.arange(part.stop - start), np.arange(start, part.stop)] = np.inf
        near = np.argpartition(apart, count - 1, axis=1)[:, :count]
        near.sort(axis=1)
        lengths = np.take_along_axis(apart, near, axis=1)
        order = np.argsort(lengths, axis=1, kind="stable")
        neighbours[part] = np.take_along_axis(near, order, axis=1)
        distances[part] = np.sqrt(np.maximum(np.take_along_axis(lengths, order, axis=1), 0))
    return Graph(neighbours, distances)


def spectral_axes(graph: Graph, count: int, *, seed: int) -> Matrix:
    """The `count` slowest eigenvectors of the random walk on the graph, slowest first."""
    from scipy.sparse import csr_array, diags_array  # noqa: PLC0415

    points, each = graph.neighbours.shape
    rows = np.repeat(np.arange(points), each)
    ones = np.ones(len(rows), np.float64)
    links = csr_array((ones, (rows, graph.neighbours.ravel())), shape=(points, points))
    links = (links + links.T) * 0.5
    root = 1 / np.sqrt(links.sum(axis=0))
    values, axes = _largest(
        csr_array(diags_array(root) @ links @ diags_array(root)), min(count, points), seed=seed
    )
    axes = axes[:, np.argsort(-values, kind="stable")] * root[:, None]
    axes /= np.sqrt(np.mean(axes**2, axis=0))
    signs = np.where(axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])] < 0, -1, 1)
    oriented: Matrix = (axes * signs).astype(np.float32)
    return oriented


def _largest(matrix: "csr_array", count: int, *, seed: int) -> tuple[_Wide, _Wide]:
    from scipy.sparse.linalg import eigsh  # noqa: PLC0415

    size: int = matrix.shape[0]
    if size < max(_DENSE_BELOW, 3 * count):
        values, axes = np.linalg.eigh(matrix.toarray())
        return values[-count:], axes[:, -count:]
    start = np.random.default_rng([seed, 3]).standard_normal(size)
    values, axes = eigsh(matrix, count, which="LA", v0=start, tol=_TOLERANCE)
    return values, axes
