"""Small steps to a better grouping: drop a group that has a near double, split a wide one, or both.

Fits know only distances; these steps keep what raises the score itself.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from segue.clustering.backend import KMeans, spread_out
from segue.clustering.corpus import Matrix
from segue.clustering.grouping import centres_of, nearest
from segue.clustering.metrics import Metrics, judge
from segue.clustering.prepared import Prepared
from segue.clustering.scoring import Baseline, score

__all__ = ["Refined", "better", "refine", "valued"]

_RUNG = 1
_STEP_ITERATIONS = 3
_LAST_ITERATIONS = 8
_SMALLEST_SPLIT = 4


@dataclass(frozen=True, slots=True)
class Refined:
    """Centres and what they are worth."""

    centres: Matrix
    metrics: Metrics
    score: float


def refine(
    centres: Matrix, data: Prepared, baseline: Baseline, *, tries: int, seed: int, kmeans: KMeans
) -> Refined:
    """The best of so many tries, each of which begins at the best so far."""
    rng = np.random.default_rng(seed)
    best = valued(centres, data, baseline)
    sample = data.sample(min(_RUNG, len(data.rungs) - 1))
    for _ in range(tries):
        changed = _step(best.centres, sample, data, rng)
        if changed is not None:
            moved = centres_of(sample, kmeans.fit(sample, changed, iterations=_STEP_ITERATIONS))
            best = better(best, valued(moved, data, baseline))
    settled = kmeans.fit(data.points, best.centres, iterations=_LAST_ITERATIONS)
    return better(best, valued(centres_of(data.points, settled), data, baseline))


def valued(centres: Matrix, data: Prepared, baseline: Baseline) -> Refined:
    """What these centres are worth."""
    metrics = judge(centres, data.judged, reach=data.reach)
    return Refined(centres, metrics, score(metrics, baseline, data.parameters, data.limits))


def better(one: Refined, two: Refined) -> Refined:
    """The first, unless the second is worth more."""
    return two if two.score > one.score else one


def _step(centres: Matrix, sample: Matrix, data: Prepared, rng: np.random.Generator) -> Matrix | None:
    """Changed centres, or None where this step cannot be made."""
    kind = rng.choice(("drop", "split", "move"))
    if kind == "drop" and len(centres) <= data.limits.clusters_min:
        return None
    if kind == "split" and len(centres) >= data.limits.clusters_max:
        return None
    if kind == "drop":
        return np.delete(centres, _near_double(centres, rng), axis=0)
    return _split(centres, sample, rng, drop=kind == "move")


def _split(centres: Matrix, sample: Matrix, rng: np.random.Generator, *, drop: bool) -> Matrix | None:
    labels = nearest(sample, centres)
    squares = ((sample - centres[labels]) ** 2).sum(axis=1, dtype=np.float64)
    spread = np.bincount(labels, squares, minlength=len(centres)).astype(np.float64)
    wide = _drawn(spread, rng)
    members = sample[labels == wide]
    if len(members) < _SMALLEST_SPLIT:
        return None
    leaving = {wide, _near_double(centres, rng)} if drop else {wide}
    kept = np.delete(centres, sorted(leaving), axis=0)
    return np.concatenate((kept, spread_out(members, 2, rng)))


def _near_double(centres: Matrix, rng: np.random.Generator) -> int:
    """A group, the likelier the nearer another one is."""
    squares = (centres**2).sum(axis=1)
    apart = squares[:, None] + squares - 2 * (centres @ centres.T)
    np.fill_diagonal(apart, np.inf)
    return _drawn(1 / np.maximum(apart.min(axis=1).astype(np.float64), 1e-9), rng)


def _drawn(weights: npt.NDArray[np.float64], rng: np.random.Generator) -> int:
    total = float(weights.sum())
    if total <= 0:
        return int(rng.integers(len(weights)))
    return int(rng.choice(len(weights), p=weights / total))
