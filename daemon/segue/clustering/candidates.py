"""The small sets of numbers that compete: drawn blindly, varied, crossed from good ones, or refined."""

import base64
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any, Self

import numpy as np

from segue.clustering.corpus import Matrix
from segue.clustering.limits import Limits
from segue.clustering.parameters import Algorithm, ClusteringParameters

__all__ = ["Candidate", "Origin", "Scope", "read", "written"]

_FIXED = (Algorithm.KMEANS, Algorithm.GMM, Algorithm.SPECTRAL, Algorithm.DBSCAN)
_SHARES = (0.4, 0.3, 0.2, 0.1)  # of blind draws when all algorithms compete
_STEP = 3
_REACH_STEP = 0.05
_CROSSED = 0.2
_REACH = (0.1, 0.9)


class Origin(StrEnum):
    """Where a candidate came from; `KEPT` is the last clustering, `PREVIOUS` begins at its centres."""

    DRAWN = "drawn"
    VARIED = "varied"
    CROSSED = "crossed"
    KEPT = "kept"
    PREVIOUS = "previous"
    REFINED = "refined"
    AGREED = "agreed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One way to group the library; JSON in a row, evaluated by any worker.

    `clusters` is unused by DBSCAN, which has `min_samples` and `reach`: the quantile of the
    k-distance curve at which its eps lies. A refined one begins at the centres in `start`, if it has
    any yet, and makes so many `tries` to improve them. `continues` is true for what descends from the
    last clustering. `voices` are the centres of groupings of which it is what they agree on.
    """

    number: int
    algorithm: Algorithm
    origin: Origin
    seed: int
    clusters: int
    components: int
    min_samples: int
    reach: float
    continues: bool = False
    tries: int = 0
    start: str | None = None
    voices: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, given: dict[str, Any]) -> Self:
        """From `as_dict`, also after a way through JSON."""
        kinds = {"algorithm": Algorithm(given["algorithm"]), "origin": Origin(given["origin"])}
        return cls(**{**given, **kinds, "voices": tuple(given.get("voices", ()))})


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """The bounds within which candidates are made."""

    algorithm: Algorithm
    clusters: tuple[int, int]
    components: tuple[int, int]
    min_samples: tuple[int, int]

    @classmethod
    def of(cls, parameters: ClusteringParameters, limits: Limits, *, width: int) -> Self:
        """What the parameters allow in a library with these limits and so many components."""
        return cls(
            algorithm=parameters.algorithm,
            clusters=(limits.clusters_min, limits.clusters_max),
            components=(min(parameters.pca_components_min, width), min(parameters.pca_components_max, width)),
            min_samples=(parameters.dbscan_min_samples_min, parameters.dbscan_min_samples_max),
        )

    def draw(self, number: int, rng: np.random.Generator) -> Candidate:
        """A blind one."""
        algorithm = self.algorithm
        if algorithm is Algorithm.ALL:
            algorithm = _FIXED[int(rng.choice(len(_FIXED), p=_SHARES))]
        return Candidate(
            number=number,
            algorithm=algorithm,
            origin=Origin.DRAWN,
            seed=_seed(rng),
            clusters=_within(self.clusters, rng),
            components=_within(self.components, rng),
            min_samples=_within(self.min_samples, rng),
            reach=round(float(rng.uniform(*_REACH)), 4),
        )

    def previous(self, number: int, clusters: int) -> Candidate:
        """The one that continues the last clustering."""
        return Candidate(
            number=number,
            algorithm=Algorithm.KMEANS,
            origin=Origin.PREVIOUS,
            seed=0,
            clusters=clusters,
            components=self.components[1],
            min_samples=self.min_samples[0],
            reach=_REACH[0],
            continues=True,
        )

    def kept(self, number: int, centres: Matrix) -> Candidate:
        """The last clustering as it is."""
        one = self.previous(number, len(centres))
        return replace(one, origin=Origin.KEPT, start=written(centres))

    def descend(self, number: int, elites: Sequence[Candidate], rng: np.random.Generator) -> Candidate:
        """A child of one good candidate, or of two."""
        parent = elites[int(rng.integers(len(elites)))]
        fitting = [elite for elite in elites if elite.algorithm is parent.algorithm and elite is not parent]
        if fitting and rng.random() < _CROSSED:
            return self._cross(number, parent, fitting[int(rng.integers(len(fitting)))], rng)
        return self._vary(number, parent, rng)

    def _vary(self, number: int, parent: Candidate, rng: np.random.Generator) -> Candidate:
        reach = parent.reach + rng.uniform(-_REACH_STEP, _REACH_STEP)
        return replace(
            parent,
            number=number,
            origin=Origin.VARIED,
            seed=_seed(rng),
            clusters=_moved(parent.clusters, self.clusters, rng),
            components=_moved(parent.components, self.components, rng),
            min_samples=_moved(parent.min_samples, self.min_samples, rng),
            reach=round(float(np.clip(reach, *_REACH)), 4),
        )

    def _cross(self, number: int, one: Candidate, two: Candidate, rng: np.random.Generator) -> Candidate:
        return replace(
            one,
            number=number,
            origin=Origin.CROSSED,
            seed=_seed(rng),
            components=two.components,
            min_samples=two.min_samples,
        )


def written(centres: Matrix) -> str:
    """Centres as text, exactly."""
    packed = np.ascontiguousarray(centres, "<f4")
    return f"{packed.shape[1]}:{base64.b64encode(packed.tobytes()).decode()}"


def read(text: str) -> Matrix:
    """What `written` wrote."""
    width, _, packed = text.partition(":")
    return np.frombuffer(base64.b64decode(packed), "<f4").reshape(-1, int(width)).astype(np.float32)


def _seed(rng: np.random.Generator) -> int:
    return int(rng.integers(2**31 - 1))


def _within(bounds: tuple[int, int], rng: np.random.Generator) -> int:
    return int(rng.integers(bounds[0], bounds[1] + 1))


def _moved(value: int, bounds: tuple[int, int], rng: np.random.Generator) -> int:
    return int(np.clip(value + rng.integers(-_STEP, _STEP + 1), *bounds))
