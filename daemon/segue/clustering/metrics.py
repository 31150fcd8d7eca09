"""How good a grouping is, in figures that do not depend on how it was found.

Tags and moods are relative to the library (mean 0, spread 1), so chance is 0 for diversity and purity.
"""

from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from segue.clustering.corpus import Matrix, Rows
from segue.clustering.grouping import Grouped, form_playlists, group
from segue.clustering.prepared import Judged

__all__ = ["Metrics", "judge", "measure"]

_Floats = npt.NDArray[np.float64]
_DECIMALS = 6  # what differs by less differs by the machine that computed it


@dataclass(frozen=True, slots=True, kw_only=True)
class Metrics:
    """More is better in all of them.

    `diversity`: how different in all tags a playlist is from the one most like it, mean over playlists.
    `purity`: how much more the songs of a playlist agree than the library does, mean over all tags;
    1 is perfect. `other_…`: the same for the six moods. `silhouette`, `davies_bouldin` and
    `calinski_harabasz` are squeezed into 0..1. `coverage`: share of songs that some playlist could
    take. `evenness`: 1 when all groups are of one size. `playlists`: how many there are.
    """

    diversity: float
    purity: float
    other_diversity: float
    other_purity: float
    silhouette: float
    davies_bouldin: float
    calinski_harabasz: float
    coverage: float
    evenness: float
    playlists: int

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, given: dict[str, Any]) -> Self:
        """From `as_dict`, also after a way through JSON."""
        return cls(**given)


def judge(centres: Matrix, judged: Judged, *, reach: float) -> Metrics:
    """Every judged recording goes to its nearest centre; see what comes of it."""
    return measure(group(judged.points, centres), centres, judged, reach=reach)


def measure(grouped: Grouped, centres: Matrix, judged: Judged, *, reach: float) -> Metrics:
    """The figures of this grouping."""
    playlists = form_playlists(
        grouped.labels, grouped.distances, judged.artists, reach=reach, limits=judged.limits
    )
    rows = np.flatnonzero(playlists >= 0)
    rows = rows[np.argsort(playlists[rows], kind="stable")]
    starts = np.flatnonzero(np.r_[True, np.diff(playlists[rows]) != 0]) if len(rows) else rows
    sizes = np.diff(np.r_[starts, len(rows)])
    tags = _Profiles.of(judged.tags[rows], starts, sizes)
    moods = _Profiles.of(judged.moods[rows], starts, sizes)
    silhouette, davies_bouldin, calinski_harabasz = _separation(grouped, centres, judged.points)
    return Metrics(
        diversity=_rounded(tags.diversity()),
        purity=_rounded(tags.purity()),
        other_diversity=_rounded(moods.diversity()),
        other_purity=_rounded(moods.purity()),
        silhouette=_rounded(silhouette),
        davies_bouldin=_rounded(davies_bouldin),
        calinski_harabasz=_rounded(calinski_harabasz),
        coverage=_rounded(_coverage(grouped, judged, reach)),
        evenness=_rounded(_evenness(grouped.labels)),
        playlists=len(starts),
    )


@dataclass(frozen=True, slots=True)
class _Profiles:
    """What each playlist sounds like, and how much its songs differ in that (mean over all columns)."""

    means: _Floats
    variances: _Floats
    sizes: Rows

    @classmethod
    def of(cls, values: Matrix, starts: Rows, sizes: Rows) -> Self:
        """`values` ordered by playlist, each of which begins at one of `starts`."""
        if not len(starts):
            return cls(np.zeros((0, values.shape[1])), np.zeros(0), sizes)
        means = np.add.reduceat(values, starts, axis=0).astype(np.float64) / sizes[:, None]
        squares = np.add.reduceat(np.einsum("ij,ij->i", values, values), starts).astype(np.float64)
        within = (squares / sizes - (means**2).sum(axis=1)) / values.shape[1]
        return cls(means, np.maximum(within, 0) * sizes / np.maximum(sizes - 1, 1), sizes)

    def diversity(self) -> float:
        """Root of the mean distance to the most similar other playlist, beyond what chance would make."""
        if len(self.sizes) < 2:
            return 0.0
        squares = (self.means**2).mean(axis=1)
        apart = squares[:, None] + squares - 2 * (self.means @ self.means.T) / self.means.shape[1]
        chance = self.variances / self.sizes
        apart -= chance[:, None] + chance
        np.fill_diagonal(apart, np.inf)
        return float(np.sqrt(np.sqrt(np.maximum(apart.min(axis=1), 0)).mean()))

    def purity(self) -> float:
        """1 - variance within playlists / variance in the library, which is 1 by construction."""
        if not len(self.sizes):
            return 0.0
        return float(1 - (self.variances * self.sizes).sum() / self.sizes.sum())


def _coverage(grouped: Grouped, judged: Judged, reach: float) -> float:
    near = grouped.distances <= reach
    sizes = np.bincount(grouped.labels[near], minlength=int(grouped.labels.max(initial=-1)) + 1)
    return float(sizes[sizes >= judged.limits.playlist_min].sum() / max(len(near), 1))


def _evenness(labels: Rows) -> float:
    sizes = np.bincount(labels)
    shares = sizes[sizes > 0] / max(len(labels), 1)
    if len(shares) < 2:
        return 0.0
    return float(-(shares * np.log(shares)).sum() / np.log(len(shares)))


def _separation(grouped: Grouped, centres: Matrix, points: Matrix) -> tuple[float, float, float]:
    """Silhouette by distances to centres, Davies-Bouldin, Calinski-Harabasz; each within 0..1."""
    if len(centres) < 2:
        return 0.0, 0.0, 0.0
    own, other = grouped.distances.astype(np.float64), grouped.others.astype(np.float64)
    silhouette = float(np.mean((other - own) / np.maximum(np.maximum(own, other), 1e-12)))
    sizes = np.bincount(grouped.labels, minlength=len(centres))
    spread = np.bincount(grouped.labels, own, minlength=len(centres)) / np.maximum(sizes, 1)
    davies_bouldin = _davies_bouldin(centres.astype(np.float64), spread)
    within = float((own**2).sum())
    total = float(((points - points.mean(axis=0)) ** 2).sum(dtype=np.float64))
    between, free = max(total - within, 0), max(len(points) - len(centres), 1)
    calinski_harabasz = between / (len(centres) - 1) / max(within / free, 1e-12)
    return (silhouette + 1) / 2, 1 / (1 + davies_bouldin), 1 - float(np.exp(-calinski_harabasz / 500))


def _davies_bouldin(centres: _Floats, spread: _Floats) -> float:
    squares = (centres**2).sum(axis=1)
    apart = np.sqrt(np.maximum(squares[:, None] + squares - 2 * centres @ centres.T, 1e-12))
    np.fill_diagonal(apart, np.inf)
    return float(((spread[:, None] + spread) / apart).max(axis=1).mean())


def _rounded(value: float) -> float:
    return round(value, _DECIMALS)
