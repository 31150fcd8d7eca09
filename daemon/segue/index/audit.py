"""How much an index finds of what is there."""

import numpy as np

from segue.index.exact import scan
from segue.index.neighbours import Neighbours

__all__ = ["recall"]


def recall(index: Neighbours, *, count: int, sample: int, seed: int) -> float:
    """The share of the true `count` nearest that it finds, over some recordings; 1 for an empty index.

    A recording as far away as the last true one counts as found.
    """
    view = index.table.view
    living = np.flatnonzero(view.alive)
    if not len(living):
        return 1.0
    rows = np.random.default_rng(seed).choice(living, min(sample, len(living)), replace=False)
    shares = []
    for query in view.units[rows]:
        truth = scan(view, query, count)
        found = index.nearest(query, count)
        shares.append(np.count_nonzero(found.distances <= truth.distances[-1]) / len(truth))
    return float(np.mean(shares))
