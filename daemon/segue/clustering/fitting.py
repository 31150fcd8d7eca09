"""From a candidate to centres; every algorithm ends in centres, so that new music can join the nearest."""

import warnings
from dataclasses import dataclass

import numpy as np

from segue.clustering.backend import KMeans, SklearnKMeans, spread_out
from segue.clustering.candidates import Candidate, read
from segue.clustering.corpus import Matrix, Rows
from segue.clustering.dense import dense_groups
from segue.clustering.grouping import centres_of, nearest
from segue.clustering.parameters import Algorithm
from segue.clustering.prepared import Prepared

__all__ = ["FitError", "fit"]

_FIRST_ITERATIONS = 15
_NEXT_ITERATIONS = 8
_COVARIANCE_FLOOR = 1e-5


class FitError(Exception):
    """This candidate has no solution; the message says why."""


def fit(candidate: Candidate, prepared: Prepared, rung: int, *, kmeans: KMeans | None = None) -> Matrix:
    """Centres in the shared space, found on the samples of all rungs up to this one.

    Each rung begins where the last one ended, and the first rungs are so cheap that they are done again
    rather than sent from one worker to the next.
    """
    if candidate.start is not None:
        return read(candidate.start)
    fitting = _Fitting(candidate, prepared, kmeans or SklearnKMeans())
    centres = fitting.begin()
    for level in range(1, rung + 1):
        centres = fitting.improve(centres, level)
    if len(centres) < 2:
        raise FitError("All recordings fell into one group.")
    return centres


@dataclass(frozen=True, slots=True)
class _Fitting:
    candidate: Candidate
    prepared: Prepared
    kmeans: KMeans

    def begin(self) -> Matrix:
        points = self.prepared.sample(0)
        match self.candidate:
            case Candidate(continues=True):
                return self._continue(points)
            case Candidate(algorithm=Algorithm.SPECTRAL):
                return self._spectral()
            case Candidate(algorithm=Algorithm.DBSCAN):
                return self._dense()
        labels = self._grouped(self._columns(points), self.candidate.clusters)
        if self.candidate.algorithm is Algorithm.GMM:
            labels = _mixture(self._columns(points), labels)
        return centres_of(points, labels)

    def improve(self, centres: Matrix, rung: int) -> Matrix:
        points = self.prepared.sample(rung)
        match self.candidate.algorithm:
            case Algorithm.SPECTRAL | Algorithm.DBSCAN:
                return centres  # found on all landmarks already; further steps would make it k-means
            case Algorithm.GMM:
                return centres_of(points, _mixture(self._columns(points), nearest(points, centres)))
        start = self._columns(centres)
        return centres_of(points, self.kmeans.fit(self._columns(points), start, iterations=_NEXT_ITERATIONS))

    def _columns(self, points: Matrix) -> Matrix:
        return np.ascontiguousarray(points[:, : self.candidate.components])

    def _grouped(self, points: Matrix, clusters: int) -> Rows:
        """K-means from places drawn by the candidate's own seed."""
        start = spread_out(points, clusters, np.random.default_rng(self.candidate.seed))
        return self.kmeans.fit(points, start, iterations=_FIRST_ITERATIONS)

    def _continue(self, points: Matrix) -> Matrix:
        start = self.prepared.previous
        if start is None:
            raise FitError("There is no last clustering to continue.")
        labels = self.kmeans.fit(self._columns(points), self._columns(start), iterations=_NEXT_ITERATIONS)
        return centres_of(points, labels)

    def _spectral(self) -> Matrix:
        axes = self.prepared.spectral_axes[:, : self.candidate.clusters]
        lengths = np.linalg.norm(axes, axis=1, keepdims=True)
        directions = axes / np.maximum(lengths, 1e-12)
        labels = self._grouped(directions, self.candidate.clusters)
        return centres_of(self.prepared.landmarks, labels)

    def _dense(self) -> Matrix:
        landmarks, limits = self.prepared.landmarks, self.prepared.limits
        labels = dense_groups(
            self.prepared.graph, min_samples=self.candidate.min_samples, reach=self.candidate.reach
        )
        share = len(landmarks) / len(self.prepared.points)
        labels = _without_small(labels, max(2, round(limits.playlist_min * share)))
        if (labels >= 0).sum() == 0:
            raise FitError("DBSCAN found no dense place that is large enough for a playlist.")
        return self._split_large(landmarks, labels, len(landmarks) // limits.clusters_min)

    def _split_large(self, points: Matrix, labels: Rows, most: int) -> Matrix:
        """Density joins what flows into one another; a playlist has to end somewhere."""
        centres = []
        for label in np.unique(labels[labels >= 0]).tolist():
            members = points[labels == label]
            pieces = -(-len(members) // most)
            if pieces == 1:
                centres.append(members.mean(axis=0, keepdims=True, dtype=np.float64))
                continue
            centres.append(centres_of(members, self._grouped(members, pieces)))
        return np.concatenate(centres).astype(np.float32)


def _without_small(labels: Rows, least: int) -> Rows:
    sizes = np.bincount(labels[labels >= 0], minlength=1)
    return np.where((labels >= 0) & (sizes[labels] >= least), labels, -1)


def _mixture(points: Matrix, labels: Rows) -> Rows:
    """A few steps of a Gaussian mixture with diagonal covariances, begun at these groups."""
    from sklearn.mixture import GaussianMixture  # noqa: PLC0415

    sizes = np.bincount(labels)
    used = np.flatnonzero(sizes)
    means = centres_of(points, labels).astype(np.float64)
    squares = centres_of(points**2, labels).astype(np.float64)
    floor = _COVARIANCE_FLOOR + 0.05 * float(points.var(axis=0).mean())
    model = GaussianMixture(
        len(used),
        covariance_type="diag",
        reg_covar=floor,
        max_iter=_NEXT_ITERATIONS,
        weights_init=sizes[used] / sizes.sum(),
        means_init=means,
        precisions_init=1 / (np.maximum(squares - means**2, 0) + floor),
    )
    with warnings.catch_warnings():  # a few steps are all that is wanted
        warnings.simplefilter("ignore")
        found: Rows = model.fit_predict(points).astype(np.int64)
    return found
