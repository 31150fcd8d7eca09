"""In which order recordings are drawn, so that every prefix of the order is a fair sample."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from segue.clustering.corpus import Rows
from segue.clustering.parameters import ClusteringParameters

__all__ = ["RUNGS", "drawing_order", "rung_sizes"]

RUNGS = (1500, 4000, 12000)
"""Sizes of the samples on which candidates compete; the last rung is the whole library."""


def rung_sizes(count: int) -> tuple[int, ...]:
    """The sizes that make sense for a library of `count`, the last of them `count`."""
    return (*(size for size in RUNGS if size < 0.7 * count), count)


def drawing_order(styles: Sequence[str], parameters: ClusteringParameters, rng: np.random.Generator) -> Rows:
    """All rows, each once; up to its target each style comes as often as any other."""
    shuffled = rng.permutation(len(styles))
    if not parameters.stratified or not len(styles):
        return shuffled
    _, codes = np.unique(np.asarray(styles), return_inverse=True)
    codes = codes.astype(np.int64)[shuffled]
    places = _place_within(codes)
    counts = np.bincount(codes)
    target = max(
        parameters.min_songs_per_genre,
        int(np.percentile(counts, parameters.stratified_sampling_target_percentile)),
    )
    return shuffled[np.argsort(np.minimum(places, target), kind="stable")]


def _place_within(codes: Rows) -> npt.NDArray[np.int64]:
    """For each row the number of earlier rows of the same code."""
    order = np.argsort(codes, kind="stable")
    ordered = codes[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    lengths = np.diff(np.r_[starts, len(ordered)])
    places = np.empty(len(codes), np.int64)
    places[order] = np.arange(len(codes)) - np.repeat(starts, lengths)
    return places
