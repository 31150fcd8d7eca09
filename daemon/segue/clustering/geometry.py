"""The one space in which groupings are found and judged: centred, rotated, 64 wide.

Vectors of a network keep their own proportions: giving every column the same spread was measured to
gain nothing on raw embeddings and to ruin whitened ones. Features of different units are standardised.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from segue.clustering.corpus import Matrix

__all__ = ["WIDTH", "Geometry"]

WIDTH = 64
"""Components by which every grouping is judged, however many it was found in."""

_CHUNK = 8192
_Wide = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Geometry:
    """`project` turns vectors into points, for the library it was fitted on and for new music alike."""

    mean: Matrix
    scale: Matrix
    components: Matrix

    @classmethod
    def fit(cls, vectors: Matrix, *, standardize: bool) -> Self:
        """Principal components by falling variance, scaled so that points have a mean square of 1."""
        mean = vectors.mean(axis=0, dtype=np.float64)
        covariance = _covariance(vectors, mean)
        spread = np.sqrt(np.diag(covariance)) if standardize else np.ones(len(mean))
        spread[spread < 1e-6 * max(float(spread.max(initial=0)), 1e-30)] = np.inf
        values, axes = np.linalg.eigh(covariance / np.outer(spread, spread))
        kept = _sound(values[::-1], rows=len(vectors))
        axes = axes[:, ::-1][:, :kept]
        axes *= np.where(axes[np.abs(axes).argmax(axis=0), np.arange(kept)] < 0, -1, 1)
        overall = np.sqrt(max(float(values[::-1][:kept].sum()), 1e-30))
        return cls(
            mean=mean.astype(np.float32),
            scale=(1 / spread).astype(np.float32),
            components=(axes / overall).astype(np.float32),
        )

    @property
    def width(self) -> int:
        """How many components there are: at most `WIDTH`, none where all vectors are equal."""
        return int(self.components.shape[1])

    def project(self, vectors: Matrix) -> Matrix:
        """Points of these vectors."""
        points = np.empty((len(vectors), self.width), np.float32)
        for start in range(0, len(vectors), _CHUNK):
            part = vectors[start : start + _CHUNK]
            points[start : start + len(part)] = ((part - self.mean) * self.scale) @ self.components
        return points

    def lift(self, points: Matrix) -> Matrix:
        """Vectors with these points: `project` of them gives the points back."""
        squares = np.einsum("ij,ij->j", self.components, self.components)
        steps = np.where(self.scale > 0, 1 / np.where(self.scale > 0, self.scale, 1), 0)
        vectors: Matrix = points @ (self.components / squares).T * steps + self.mean
        return vectors.astype(np.float32)


def _covariance(vectors: Matrix, mean: _Wide) -> _Wide:
    total: _Wide = np.zeros((len(mean), len(mean)))
    for start in range(0, len(vectors), _CHUNK):
        part = vectors[start : start + _CHUNK] - mean
        total += part.T @ part
    return total / max(len(vectors), 1)


def _sound(values: _Wide, *, rows: int) -> int:
    """How many components carry more than rounding."""
    if not len(values) or values[0] <= 1e-20:
        return 0
    carrying = int(np.count_nonzero(values > 1e-7 * values[0]))
    return min(carrying, WIDTH, max(rows - 1, 0))
