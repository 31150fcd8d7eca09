"""How much an index finds of what is there, and whether lists of the nearest are right."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from segue.index.exact import scan
from segue.index.lists import NearestLists
from segue.index.neighbours import Found, Neighbours
from segue.index.table import Table, View

__all__ = ["Compared", "are_right", "compared", "recall", "shares"]

_ROUNDED = 1e-5  # products in float32 do not tell what is nearer than that


class Compared(NamedTuple):
    """A row of a view, and what is truly nearest to it."""

    view: View
    row: int
    truth: Found


def recall(index: Neighbours, *, count: int, sample: int, seed: int) -> float:
    """The share of the true `count` nearest that it finds, over some recordings; 1 for an empty index."""
    found = (compared(index.table, count=count, seed=number) for number in range(seed, seed + sample))
    return float(np.mean([1.0 if one is None else shares(index, one, [count])[0] for one in found]))


def compared(table: Table, *, count: int, seed: int) -> Compared | None:
    """Some recording compared with all others once; None where there is none."""
    view = table.view
    living = np.flatnonzero(view.alive)
    if not len(living):
        return None
    row = int(np.random.default_rng(seed).choice(living))
    return Compared(view, row, scan(view, view.units[row], count))


def shares(index: Neighbours, one: Compared, counts: Sequence[int]) -> list[float]:
    """What share of the truth the index finds, at each count.

    A recording as far away as the last true one counts as found.
    """
    found_of_each: list[float] = []
    for count in counts:
        nearest = one.truth.distances[:count]
        found = index.nearest(one.view.units[one.row], count)
        found_of_each.append(np.count_nonzero(found.distances <= nearest[-1]) / len(nearest))
    return found_of_each


def are_right(lists: NearestLists, one: Compared, *, count: int) -> bool:
    """Whether they tell the true nearest, or nothing; also where changes came between."""
    found = lists.nearest(int(one.view.ids[one.row]), count)
    if found is None or lists.table.view is not one.view:
        return True
    return np.allclose(found.distances, one.truth.distances[:count], rtol=0, atol=_ROUNDED)
