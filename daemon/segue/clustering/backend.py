"""Which library fits: cuML where a GPU is wanted and works, else scikit-learn; for children only.

Only k-means runs on the GPU: it is what nearly all the time goes into. cuML has no Gaussian mixtures.
"""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

import numpy as np

from segue.clustering.corpus import Matrix, Rows

__all__ = ["KMeans", "SklearnKMeans", "open_kmeans", "single_threaded", "spread_out"]

_GPU_FAULTS = (ImportError, OSError, RuntimeError, MemoryError)


def spread_out(points: Matrix, clusters: int, rng: np.random.Generator) -> Matrix:
    """Points to begin at, each drawn by how far it lies from those before it (k-means++)."""
    chosen = np.empty(min(clusters, len(points)), np.int64)
    squares = np.einsum("ij,ij->i", points, points)
    apart = np.full(len(points), np.inf, np.float32)
    chosen[0] = rng.integers(len(points))
    for place in range(1, len(chosen)):
        last = chosen[place - 1]
        np.minimum(apart, squares + squares[last] - 2 * (points @ points[last]), out=apart)
        np.maximum(apart, 0, out=apart)
        apart[last] = 0
        total = np.cumsum(apart, dtype=np.float64)
        if total[-1] <= 0:
            return points[chosen[:place]]
        chosen[place] = min(np.searchsorted(total, rng.random() * total[-1], "right"), len(points) - 1)
    return points[chosen]


class KMeans(Protocol):
    """Groups points around centres; `name` says which library does it."""

    @property
    def name(self) -> str: ...

    def fit(self, points: Matrix, start: Matrix, *, iterations: int) -> Rows:
        """A label for each point; begins at these centres."""
        ...


def open_kmeans(*, gpu: bool, fell_back: Callable[[str], None]) -> KMeans:
    """Never fails: without a GPU that works `fell_back` hears why in a sentence, and the CPU does it."""
    return _Falling(fell_back) if gpu else SklearnKMeans()


@contextmanager
def single_threaded() -> Iterator[None]:
    """One process, one core: spinning threads cost others their time and change the order of sums."""
    from threadpoolctl import threadpool_limits  # noqa: PLC0415

    with threadpool_limits(1):
        yield


class SklearnKMeans:
    """On the CPU."""

    name = "scikit-learn"

    def fit(self, points: Matrix, start: Matrix, *, iterations: int) -> Rows:
        """A label for each point."""
        from sklearn import cluster  # noqa: PLC0415

        model = cluster.KMeans(len(start), init=start, n_init=1, max_iter=iterations, random_state=0)
        with warnings.catch_warnings():  # fewer distinct points than clusters: the empty ones drop out
            warnings.simplefilter("ignore")
            labels: Rows = model.fit(np.ascontiguousarray(points)).labels_.astype(np.int64)
        return labels


class _CumlKMeans:
    """On a GPU."""

    name = "cuml"

    def fit(self, points: Matrix, start: Matrix, *, iterations: int) -> Rows:
        import cuml  # noqa: PLC0415

        model = cuml.KMeans(
            n_clusters=len(start), init=start, n_init=1, max_iter=iterations, output_type="numpy"
        )
        labels: Rows = np.asarray(model.fit(np.ascontiguousarray(points)).labels_, np.int64)
        return labels


class _Falling:
    """The GPU until it fails for the first time, from then on the CPU."""

    def __init__(self, fell_back: Callable[[str], None]) -> None:
        self._tell = fell_back
        self._active: KMeans = _CumlKMeans()

    @property
    def name(self) -> str:
        return self._active.name

    def fit(self, points: Matrix, start: Matrix, *, iterations: int) -> Rows:
        try:
            return self._active.fit(points, start, iterations=iterations)
        except _GPU_FAULTS as error:
            if isinstance(self._active, SklearnKMeans):
                raise
            self._active = SklearnKMeans()
            self._tell(f"cuML failed ({type(error).__name__}: {error}); clustering goes on with the CPU.")
            return self.fit(points, start, iterations=iterations)
