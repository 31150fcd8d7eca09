"""What every candidate of one search shares, computed once per process."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from segue.clustering.backend import SklearnKMeans, single_threaded, spread_out
from segue.clustering.corpus import Corpus, Matrix, Rows, known, log_odds
from segue.clustering.geometry import Geometry
from segue.clustering.graph import Graph, nearest_graph, spectral_axes
from segue.clustering.grouping import centres_of, group
from segue.clustering.limits import Limits
from segue.clustering.parameters import ClusteringParameters, Source
from segue.clustering.sampling import drawing_order, rung_sizes

__all__ = ["Judged", "Prepared", "artist_codes", "material", "prepare", "relative"]

_MOST_JUDGED = 6000
_ODD = 99  # percentile; what lies farther from the middle says nothing about the library
_KEPT_BLINDLY = 0.8
_BLIND_ITERATIONS = 10
_CLIP = 3.0  # standard deviations; one odd recording must not make a playlist's character


@dataclass(frozen=True, slots=True)
class Judged:
    """The recordings by which candidates are compared; `tags` and `moods` relative to the library."""

    points: Matrix
    tags: Matrix
    moods: Matrix
    artists: Rows
    limits: Limits


class Prepared:
    """A library made ready: its points, its order of drawing, and by what candidates are judged."""

    def __init__(
        self, corpus: Corpus, parameters: ClusteringParameters, *, seed: int, previous: Matrix | None
    ) -> None:
        self.corpus = corpus
        self.parameters = parameters
        self.seed = seed
        vectors = material(corpus, parameters.source)
        self.limits = Limits.of(parameters, len(corpus))
        self.geometry = Geometry.fit(vectors, standardize=parameters.source is Source.FEATURES)
        self.points = self.geometry.project(vectors)
        self.previous = None if previous is None else self.geometry.project(previous)
        self.order = drawing_order(corpus.styles(), parameters, np.random.default_rng(1))
        self.rungs = rung_sizes(len(corpus))

    def sample(self, rung: int) -> Matrix:
        """The points on which candidates are fitted at this rung; each rung holds the last one first."""
        return self.points[self.order[: self.rungs[rung]]]

    @cached_property
    def reach(self) -> float:
        """How far a song may lie from the centre of its playlist.

        What people set is a share of the library's own reach, but a small or motley library must not
        lose most of its songs to it: a blind grouping keeps at least so many.
        """
        sample = self.sample(0)
        clusters = round(float(np.sqrt(self.limits.clusters_min * self.limits.clusters_max)))
        start = spread_out(sample, clusters, np.random.default_rng(7))
        with single_threaded():
            centres = centres_of(sample, SklearnKMeans().fit(sample, start, iterations=_BLIND_ITERATIONS))
        blind = group(self.judged.points, centres).distances
        far = float(np.percentile(np.linalg.norm(self.judged.points, axis=1), _ODD))
        return max(self.parameters.max_distance * far, float(np.quantile(blind, _KEPT_BLINDLY)))

    @cached_property
    def whole(self) -> Judged:
        """Every recording."""
        return Judged(
            points=self.points,
            tags=relative(log_odds(self.corpus.tags)),
            moods=relative(self.corpus.moods),
            artists=artist_codes(self.corpus.artists),
            limits=self.limits,
        )

    @cached_property
    def judged(self) -> Judged:
        """A plain random sample: it must look like the library."""
        count = len(self.corpus)
        if count <= _MOST_JUDGED:
            return self.whole
        drawn = np.sort(np.random.default_rng(2).choice(count, _MOST_JUDGED, replace=False))
        return Judged(
            points=self.points[drawn],
            tags=self.whole.tags[drawn],
            moods=self.whole.moods[drawn],
            artists=self.whole.artists[drawn],
            limits=self.limits.for_share(_MOST_JUDGED / count),
        )

    @cached_property
    def landmarks(self) -> Matrix:
        """The points on which neighbour graphs are built, in the order of drawing."""
        return self.points[self.order[: self.parameters.landmarks]]

    @cached_property
    def graph(self) -> Graph:
        """The nearest neighbours of each landmark."""
        wanted = max(self.parameters.spectral_neighbors, self.parameters.dbscan_min_samples_max)
        return nearest_graph(self.landmarks, wanted + 10)

    @cached_property
    def spectral_axes(self) -> Matrix:
        """Landmarks by the slowest waves of their graph, as many as there may be clusters."""
        graph = self.graph.first(self.parameters.spectral_neighbors)
        return spectral_axes(graph, self.limits.clusters_max, seed=self.seed)


def prepare(
    corpus: Corpus,
    parameters: ClusteringParameters,
    *,
    seed: int,
    previous: Matrix | None = None,
) -> Prepared:
    """The same for the same arguments; `previous` are the centres of the last clustering, as vectors."""
    return Prepared(corpus, parameters, seed=seed, previous=previous)


def material(corpus: Corpus, source: Source) -> Matrix:
    """What is grouped."""
    return corpus.features() if source is Source.FEATURES else corpus.vectors


def relative(values: Matrix) -> Matrix:
    """How many standard deviations above the library's mean; the unknown is at the mean."""
    filled = known(values)
    spread = filled.std(axis=0, dtype=np.float64)
    with np.errstate(divide="ignore"):
        scale: npt.NDArray[np.float64] = np.where(spread > 1e-6, 1 / spread, 0)
    relative = (filled - filled.mean(axis=0, dtype=np.float64)) * scale
    clipped: Matrix = np.clip(relative, -_CLIP, _CLIP).astype(np.float32)
    return clipped


def artist_codes(names: Sequence[str]) -> Rows:
    """A number for each name, -1 for the unknown."""
    if not len(names):
        return np.zeros(0, np.int64)
    folded = np.asarray([name.casefold() for name in names])
    _, codes = np.unique(folded, return_inverse=True)
    return np.where(folded == "", -1, codes).astype(np.int64)
