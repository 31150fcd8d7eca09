"""What many good groupings agree on: by which recordings they put together, not by any one's score.

In a small or motley library many groupings are about equally good, and which of them a search ends at is
chance. Recordings that most of them put together are put together here (evidence accumulation, Fred and
Jain 2005); what is left is moved a little, as far as the score gains by it.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from segue.clustering.backend import KMeans
from segue.clustering.corpus import Matrix, Rows
from segue.clustering.grouping import centres_of, nearest
from segue.clustering.prepared import Prepared
from segue.clustering.refining import Refined, better, valued
from segue.clustering.scoring import Baseline

__all__ = ["agree"]

_MOST_POINTS = 1500
_ITERATIONS = (2, 20)
_LARGE = 0.6  # of a playlist: what is smaller than that is no group
_MORE_CUTS = 12
_STEP = 0.5  # of a group's spread
_STRIDES = (1.0, 2.0, 4.0)
_PULL = 0.05


def agree(
    voices: Sequence[Matrix], data: Prepared, baseline: Baseline, *, tries: int, seed: int, kmeans: KMeans
) -> Refined:
    """The best grouping that these, each given by its centres, agree on, after so many small moves."""
    points = data.points[data.order[:_MOST_POINTS]]
    labels = [nearest(points, voice) for voice in voices]
    usual = int(np.median([len(voice) for voice in voices]))
    found = None
    for centres in _cuts(points, labels, usual, data, kmeans):
        one = valued(centres, data, baseline)
        found = one if found is None else better(found, one)
    assert found is not None
    return _nudged(found, data, baseline, tries=tries, rng=np.random.default_rng(seed))


def _cuts(
    points: Matrix, labels: Sequence[Rows], usual: int, data: Prepared, kmeans: KMeans
) -> Iterator[Matrix]:
    """With about as many groups as usual; as they were agreed on, and settled by some k-means steps."""
    from scipy.cluster.hierarchy import linkage  # noqa: PLC0415
    from scipy.spatial.distance import squareform  # noqa: PLC0415

    tree = linkage(squareform(_apart(labels), checks=False), "ward")
    share = len(points) / len(data.points)
    least = max(2.0, _LARGE * data.limits.playlist_min * share)
    for wanted in range(max(2, usual - 1), usual + 2):
        centres = centres_of(points, _cut(tree, wanted, least))
        if len(centres) < 2:
            continue
        yield centres
        for iterations in _ITERATIONS:
            yield centres_of(points, kmeans.fit(points, centres, iterations=iterations))


def _apart(labels: Sequence[Rows]) -> npt.NDArray[np.float64]:
    """For each pair of points the share of groupings that part them."""
    apart = np.zeros((len(labels[0]), len(labels[0])))
    for one in labels:
        apart += one[:, None] != one
    return apart / len(labels)


def _cut(tree: npt.NDArray[np.float64], wanted: int, least: float) -> Rows:
    """So many groups of some size; -1 are those left over."""
    from scipy.cluster.hierarchy import fcluster  # noqa: PLC0415

    for count in range(wanted, wanted + _MORE_CUTS):
        labels = fcluster(tree, count, "maxclust").astype(np.int64) - 1
        sizes = np.bincount(labels)
        if (sizes >= least).sum() >= wanted:
            break
    kept = np.argsort(-sizes, kind="stable")[:wanted]
    renamed = np.full(len(sizes), -1, np.int64)
    renamed[kept] = np.arange(len(kept))
    found: Rows = renamed[labels]
    return found


def _nudged(
    found: Refined, data: Prepared, baseline: Baseline, *, tries: int, rng: np.random.Generator
) -> Refined:
    """Single centres move a little: anywhere, or towards a recording or away from it."""
    points = data.judged.points
    apart = points - found.centres[nearest(points, found.centres)]
    spread = float(np.sqrt(np.einsum("ij,ij->i", apart, apart).mean(dtype=np.float64)))
    for number in range(tries):
        centres = found.centres.copy()
        one, width = int(rng.integers(len(centres))), centres.shape[1]
        stride = float(rng.choice(_STRIDES))
        if number % 2:
            other = points[int(rng.integers(len(points)))]
            step = (other - centres[one]) * (_PULL * stride * rng.choice((-1.0, 1.0)))
        else:
            step = rng.standard_normal(width) * (_STEP * stride * spread / np.sqrt(width))
        centres[one] += step.astype(np.float32)
        found = better(found, valued(centres, data, baseline))
    return found
