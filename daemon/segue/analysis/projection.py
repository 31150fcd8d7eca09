"""From pooled features to the vector that serves: standardise, principal components, soft whitening.

Only numpy is needed. The raw embedding answers for what the network was trained to say; the pooled
features behind it tell more about the sound, once the directions in which all music differs most no
longer drown the others.
"""

import json
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files

import numpy as np
import numpy.typing as npt

__all__ = ["DIMENSIONS", "Projection", "ProjectionFit", "cold_start_projection"]

DIMENSIONS = 200

Features = npt.NDArray[np.float16]
Array = npt.NDArray[np.float64]

_MAGIC = b"segue projection 1\n"
_LEAST_SPREAD = 1e-3  # of the mean spread: a feature that hardly varies must not become noise
_WHITENING = -0.25  # 0 would keep the components' own sizes, -1 make them equal
_LEAST_VARIANCE = 1e-6  # of the largest component's


@dataclass(frozen=True)
class Projection:
    """`(features - centre) @ weights`, for the means and spreads of pooled features side by side."""

    centre: npt.NDArray[np.float32]
    weights: npt.NDArray[np.float32]

    @property
    def dimensions(self) -> int:
        return int(self.weights.shape[1])

    def apply(self, mean: Features, std: Features) -> npt.NDArray[np.float32]:
        """A vector for each row, of length 1 unless it is 0."""
        vectors = (_joined(mean, std) - self._wide_centre) @ self._wide_weights
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        unit: npt.NDArray[np.float32] = (vectors / np.where(lengths > 0, lengths, 1)).astype(np.float32)
        return unit

    def to_bytes(self, kind: str = "<f4") -> bytes:
        """For keeping; `<f2` halves the size and is as good for a beginning."""
        head = json.dumps({"kind": kind, "features": len(self.centre), "dimensions": self.dimensions})
        return b"".join(
            [
                _MAGIC,
                head.encode(),
                b"\n",
                self.centre.astype("<f4").tobytes(),
                self.weights.astype(kind).tobytes(),
            ]
        )

    @classmethod
    def from_bytes(cls, kept: bytes) -> "Projection":
        """ValueError when it is something else."""
        if not kept.startswith(_MAGIC):
            raise ValueError("This is not a projection.")
        head, _, body = kept.removeprefix(_MAGIC).partition(b"\n")
        shape = json.loads(head)
        centre = np.frombuffer(body, "<f4", shape["features"])
        weights = np.frombuffer(body, shape["kind"], offset=centre.nbytes)
        return cls(centre, weights.reshape(-1, shape["dimensions"]).astype(np.float32))

    @cached_property
    def _wide_centre(self) -> Array:
        return self.centre.astype(np.float64)

    @cached_property
    def _wide_weights(self) -> Array:
        return self.weights.astype(np.float64)


class ProjectionFit:
    """Fits a projection to a library that is shown page by page, in memory that does not grow."""

    def __init__(self, dimensions: int = DIMENSIONS) -> None:
        self._dimensions = dimensions
        self._count = 0
        self._origin: Array = np.zeros(0)
        self._sum: Array = np.zeros(0)
        self._products: Array = np.zeros((0, 0))

    def add(self, mean: Features, std: Features) -> None:
        """Show it some recordings."""
        rows = _joined(mean, std)
        if not self._count:
            self._origin = rows.mean(axis=0)
            self._sum = np.zeros(rows.shape[1])
            self._products = np.zeros((rows.shape[1], rows.shape[1]))
        rows = rows - self._origin  # near 0, else the squares lose what the differences need
        self._count += len(rows)
        self._sum += rows.sum(axis=0)
        self._products += rows.T @ rows

    def result(self) -> Projection:
        """The projection fitted to all that was shown."""
        shift = self._sum / self._count
        covariance = self._products / self._count - np.outer(shift, shift)
        spread = np.sqrt(np.maximum(np.diag(covariance), 0))
        scale = spread + (_LEAST_SPREAD * spread.mean() or 1.0)
        variances, axes = np.linalg.eigh(covariance / np.outer(scale, scale))
        order = np.argsort(-variances, kind="stable")[: self._dimensions]
        variances, axes = variances[order], _upright(axes[:, order])
        real = variances > max(_LEAST_VARIANCE * variances[0], 0)
        gains = np.where(real, np.sqrt(np.where(real, variances, 1)) ** _WHITENING, 0)
        return Projection(
            centre=(self._origin + shift).astype(np.float32),
            weights=(axes * gains / scale[:, None]).astype(np.float32),
        )


def cold_start_projection() -> Projection:
    """What serves until a library is large enough for its own: fitted on free music."""
    return Projection.from_bytes((files("segue.analysis") / "models" / "cold_start.projection").read_bytes())


def _joined(mean: Features, std: Features) -> Array:
    return np.concatenate([mean, std], axis=1).astype(np.float64)


def _upright(axes: Array) -> Array:
    """An axis has no sign of its own; let its largest part be positive."""
    largest = np.take_along_axis(axes, np.abs(axes).argmax(axis=0)[None], axis=0)
    return axes * np.where(largest < 0, -1, 1)
