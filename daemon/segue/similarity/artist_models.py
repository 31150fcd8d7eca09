"""What an artist sounds like, as a few Gaussians, and how far two artists are from each other; pure.

An artist is a mixture of Gaussians with diagonal covariances over the directions of their tracks (Logan
and Salomon, A music similarity function based on signal analysis, 2001, compared songs in this way). Two
mixtures are compared by moving one's weight onto the other's at the cost of the squared Wasserstein
distance between components (Delon and Desolneux, A Wasserstein-type distance in the space of Gaussian
mixture models, 2020), solved softly (Cuturi, Sinkhorn distances, 2013). Half of that is 1 - cosine for
artists of one track, so distances of artists and of tracks have one measure.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["VERSION", "ArtistModel", "costs", "fit", "least", "transport"]

VERSION = 1
"""Models of another version are fitted anew."""

_MOST_COMPONENTS = 8
_TRACKS_A_COMPONENT = 6  # by count: each dimension has a variance, and BIC would nearly always say one
_ROUNDS = 30
_SPREAD = 0.4  # of one artist's directions around their middle, where too few tracks tell it
_SPREAD_COUNTS = 5.0  # like so many tracks
_SOFTNESS = 0.01
_SINKHORN_ROUNDS = 60

Array = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ArtistModel:
    """Components, the heaviest first: a row is the mean, then the deviations, of one."""

    weights: Array
    points: Array

    def to_bytes(self) -> bytes:
        """As it is stored."""
        head = np.array(self.points.shape, "<u4").tobytes()
        return head + self.weights.astype("<f4").tobytes() + self.points.astype("<f4").tobytes()

    @classmethod
    def from_bytes(cls, stored: bytes) -> "ArtistModel":
        """What `to_bytes` made."""
        count, width = np.frombuffer(stored, "<u4", 2).tolist()
        numbers = np.frombuffer(stored, "<f4", offset=8)
        return cls(weights=numbers[:count], points=numbers[count:].reshape(count, width))

    @property
    def means(self) -> Array:
        return self.points[:, : self.points.shape[1] // 2]


def fit(vectors: Array) -> ArtistModel | None:
    """The model of these tracks, the same whenever it is fitted; None when none has a direction."""
    lengths = np.linalg.norm(vectors.astype(np.float64), axis=1)
    units = (vectors[lengths > 0] / lengths[lengths > 0, None]).astype(np.float64)
    if not len(units):
        return None
    count = min(_MOST_COMPONENTS, max(1, round(len(units) / _TRACKS_A_COMPONENT)))
    shares = _shares_of_nearest(units, units[_far_apart(units, count)])
    for _ in range(_ROUNDS if count > 1 else 1):
        weights, means, variances = _components(units, shares)
        shares = _shares(units, weights, means, variances)
    order = np.argsort(-weights, kind="stable")
    points = np.hstack([means, np.sqrt(variances)])[order]
    return ArtistModel(weights=weights[order].astype(np.float32), points=points.astype(np.float32))


def costs(ours: Array, theirs: Array) -> Doubles:
    """Half the squared Wasserstein distance between components, ours in rows."""
    square = (ours.astype(np.float64) ** 2).sum(axis=1)[:, None] + (theirs**2).sum(axis=1, dtype=np.float64)
    found: Doubles = np.maximum(square / 2 - (ours @ theirs.T), 0)
    return found


def least(cost: Doubles, weights: Array, theirs: Array, starts: npt.NDArray[np.int64]) -> Doubles:
    """What moving the weight onto each of many artists costs at least; theirs lie one after another."""
    nearest_theirs = np.minimum.reduceat(cost, starts, axis=1)
    onto = weights.astype(np.float64) @ nearest_theirs
    back = np.add.reduceat(cost.min(axis=0) * theirs, starts)
    found: Doubles = np.maximum(onto, back)
    return found


def transport(cost: Doubles, weights: Array, theirs: Array) -> tuple[float, Doubles]:
    """The cost of moving all weight, and how much goes from where to where."""
    ours, others = np.log(weights.astype(np.float64)), np.log(theirs.astype(np.float64))
    kernel = -cost / _SOFTNESS
    up, down = np.zeros(len(ours)), np.zeros(len(others))
    for _ in range(_SINKHORN_ROUNDS):
        up = ours - _log_sum(kernel + down[None, :], axis=1)
        down = others - _log_sum(kernel + up[:, None], axis=0)
    plan: Doubles = np.exp(kernel + up[:, None] + down[None, :])
    return float((plan * cost).sum()), plan


def _far_apart(units: Doubles, count: int) -> Sequence[int]:
    """Rows to begin with: the one nearest to the middle, then each time the one furthest from all."""
    chosen = [int(np.argmax(units @ units.mean(axis=0)))]
    nearest = units @ units[chosen[0]]
    while len(chosen) < count:
        chosen.append(int(np.argmin(nearest)))
        nearest = np.maximum(nearest, units @ units[chosen[-1]])
    return chosen


def _shares_of_nearest(units: Doubles, centres: Doubles) -> Doubles:
    found: Doubles = np.eye(len(centres))[np.argmax(units @ centres.T, axis=1)]
    return found


def _components(units: Doubles, shares: Doubles) -> tuple[Doubles, Doubles, Doubles]:
    """Weights, means and variances; those of few tracks are drawn to what is usual."""
    counts = np.maximum(shares.sum(axis=0), 1e-9)
    means = shares.T @ units / counts[:, None]
    squares = np.maximum(shares.T @ units**2 - counts[:, None] * means**2, 0)
    usual = _SPREAD / units.shape[1]
    variances = (squares + _SPREAD_COUNTS * usual) / (counts[:, None] + _SPREAD_COUNTS)
    return counts / counts.sum(), means, variances


def _shares(units: Doubles, weights: Doubles, means: Doubles, variances: Doubles) -> Doubles:
    apart = (
        units**2 @ (1 / variances).T - 2 * units @ (means / variances).T + (means**2 / variances).sum(axis=1)
    )
    logs = np.log(weights) - (apart + np.log(variances).sum(axis=1)) / 2
    found: Doubles = np.exp(logs - _log_sum(logs, axis=1)[:, None])
    return found


def _log_sum(logs: Doubles, *, axis: int) -> Doubles:
    most = logs.max(axis=axis, keepdims=True)
    found: Doubles = np.squeeze(most, axis) + np.log(np.exp(logs - most).sum(axis=axis))
    return found
