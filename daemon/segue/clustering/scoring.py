"""One number for a grouping, on a scale that this library sets itself.

Each metric is 0 where groups are no better than chance in this very library, and 1 where they are as
good as a grouping that nobody looked for. So weights mean the same for 200 recordings and a million.
"""

from dataclasses import asdict, dataclass, replace
from typing import Any, Self

import numpy as np

from segue.clustering.backend import KMeans
from segue.clustering.candidates import Scope
from segue.clustering.corpus import Rows
from segue.clustering.fitting import fit
from segue.clustering.grouping import group, group_as
from segue.clustering.limits import Limits
from segue.clustering.metrics import Metrics, measure
from segue.clustering.parameters import Algorithm, ClusteringParameters
from segue.clustering.prepared import Judged, Prepared

__all__ = ["Baseline", "measure_baseline", "score"]

_BLIND_FITS = 7
_SEPARATION = ("silhouette", "davies_bouldin", "calinski_harabasz")
_TELLING = 3.0  # spreads of chance by which a metric must differ to say anything
_UNEVEN = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """By metric: what chance reaches, how much more a blind fit does, and what the metric weighs.

    `by_distance`: nothing that people weigh tells groups from chance, so the silhouette is all there is.
    """

    chance: dict[str, float]
    step: dict[str, float]
    weight: dict[str, float]
    by_distance: bool

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, given: dict[str, Any]) -> Self:
        """From `as_dict`."""
        return cls(**given)


def score(metrics: Metrics, baseline: Baseline, parameters: ClusteringParameters, limits: Limits) -> float:
    """The weighted metrics for the share of songs that playlists can take, less what else is missing.

    A metric in which this library's groups do not differ from chance weighs nothing. Sizes that are
    very uneven, or fewer playlists than wanted, cost a part of what a blind fit is worth.
    """
    found = metrics.as_dict()
    reached = sum(
        (
            weight * (found[name] - baseline.chance[name]) / baseline.step[name]
            for name, weight in baseline.weight.items()
        ),
        start=0.0,
    )
    if reached > 0:
        reached *= metrics.coverage
    missing = _UNEVEN * (1 - metrics.evenness) + max(0.0, 1 - metrics.playlists / limits.playlists)
    return round(reached - sum(parameters.weights.values()) * missing, 6)


def measure_baseline(prepared: Prepared, kmeans: KMeans) -> Baseline:
    """Fit blindly a few times, and see what the same groups are worth with the recordings mixed up."""
    rng = np.random.default_rng(4)  # a library is measured by the same yardstick whatever the seed
    fits, mixed = [], []
    for metrics, chance in (_blind(prepared, kmeans, number, rng) for number in range(_BLIND_FITS)):
        fits.append(metrics)
        mixed.append(chance)
    names = list(prepared.parameters.weights)
    chance = {name: float(np.median([one[name] for one in mixed])) for name in names}
    noise = {name: float(np.std([one[name] for one in mixed])) for name in names}
    step = {name: float(np.median([one[name] for one in fits])) - chance[name] for name in names}
    telling = {name: step[name] > max(_TELLING * noise[name], 1e-4) for name in names}
    weights = prepared.parameters.weights
    weight = {name: weights[name] for name in names if weights[name] and telling[name]}
    return Baseline(
        chance={name: round(chance[name], 6) for name in names},
        step={name: round(step[name], 6) if telling[name] else 1.0 for name in names},
        weight=weight or {"silhouette": sum(weights.values())},
        by_distance=not weight,
    )


def _blind(
    prepared: Prepared, kmeans: KMeans, number: int, rng: np.random.Generator
) -> tuple[dict[str, float], dict[str, float]]:
    scope = Scope.of(prepared.parameters, prepared.limits, width=prepared.geometry.width)
    candidate = _as_kmeans(scope).draw(number, rng)
    centres, judged = fit(candidate, prepared, 0, kmeans=kmeans), prepared.judged
    grouped = group(judged.points, centres)
    order = rng.permutation(len(judged.points))
    mixed = measure(grouped, centres, _mixed(judged, order), reach=prepared.reach).as_dict()
    heedless, middles = group_as(judged.points, grouped.labels[order])
    separation = measure(heedless, middles, judged, reach=prepared.reach).as_dict()
    found = measure(grouped, centres, judged, reach=prepared.reach).as_dict()
    return found, {**mixed, **{name: separation[name] for name in _SEPARATION}}


def _as_kmeans(scope: Scope) -> Scope:
    return replace(scope, algorithm=Algorithm.KMEANS)


def _mixed(judged: Judged, order: Rows) -> Judged:
    """The same places, but what is heard there belongs to others."""
    return replace(judged, tags=judged.tags[order], moods=judged.moods[order])
