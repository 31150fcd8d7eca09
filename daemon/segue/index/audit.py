"""How much an index finds of what is there."""

from collections.abc import Sequence

import numpy as np

from segue.index.exact import scan
from segue.index.neighbours import Found, Neighbours
from segue.index.table import Vectors

__all__ = ["recall", "recalls"]


def recall(index: Neighbours, *, count: int, sample: int, seed: int) -> float:
    """The share of the true `count` nearest that it finds, over some recordings; 1 for an empty index.

    A recording as far away as the last true one counts as found.
    """
    return recalls(index, counts=[count], sample=sample, seed=seed)[0]


def recalls(index: Neighbours, *, counts: Sequence[int], sample: int, seed: int) -> list[float]:
    """The recall at each count; each recording is compared with all others once."""
    view = index.table.view
    living = np.flatnonzero(view.alive)
    if not len(living):
        return [1.0 for _ in counts]
    rows = np.random.default_rng(seed).choice(living, min(sample, len(living)), replace=False)
    shares = [
        _shares(index, view.units[row], scan(view, view.units[row], max(counts)), counts) for row in rows
    ]
    return [float(share) for share in np.mean(shares, axis=0)]


def _shares(index: Neighbours, query: Vectors, truth: Found, counts: Sequence[int]) -> list[float]:
    shares: list[float] = []
    for count in counts:
        nearest = truth.distances[:count]
        found = index.nearest(query, count)
        shares.append(np.count_nonzero(found.distances <= nearest[-1]) / len(nearest))
    return shares
