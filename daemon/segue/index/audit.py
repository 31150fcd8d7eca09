"""How much an index finds of what is there, and whether lists of the nearest are right."""

from collections.abc import Sequence

import numpy as np

from segue.index.exact import scan
from segue.index.lists import NearestLists
from segue.index.neighbours import Found, Neighbours
from segue.index.table import Vectors

__all__ = ["are_right", "recall", "recalls"]

_ROUNDED = 1e-5  # products in float32 do not tell what is nearer than that


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


def are_right(lists: NearestLists, *, count: int, seed: int) -> bool:
    """Whether they tell the true nearest of a recording, or nothing; also where changes came between."""
    view = lists.table.view
    living = np.flatnonzero(view.alive)
    if not len(living):
        return True
    row = np.random.default_rng(seed).choice(living)
    found = lists.nearest(int(view.ids[row]), count)
    if found is None or lists.table.view is not view:
        return True
    truth = scan(view, view.units[row], count)
    return np.allclose(found.distances, truth.distances, rtol=0, atol=_ROUNDED)


def _shares(index: Neighbours, query: Vectors, truth: Found, counts: Sequence[int]) -> list[float]:
    shares: list[float] = []
    for count in counts:
        nearest = truth.distances[:count]
        found = index.nearest(query, count)
        shares.append(np.count_nonzero(found.distances <= nearest[-1]) / len(nearest))
    return shares
