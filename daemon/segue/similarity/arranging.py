"""In which order an answer is played; pure."""

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from typing import TypeVar

import numpy as np

from segue.index import Vectors

__all__ = ["spaced", "walked"]

Item = TypeVar("Item")


def spaced(items: Sequence[Item], owner: Callable[[Item], Hashable], gap: int) -> list[Item]:
    """Keep `gap` others between two of one owner where that can be; otherwise as they came."""
    waiting, placed = list(items), list[Item]()
    left = Counter(owner(item) for item in items if owner(item))
    while gap and waiting:
        recent = {owner(item) for item in placed[-gap:]}
        pressing = _pressing(left, gap, len(waiting)) - recent
        free = [at for at, item in enumerate(waiting) if not owner(item) or owner(item) not in recent]
        at = next((at for at in free if owner(waiting[at]) in pressing), free[0] if free else 0)
        placed.append(waiting.pop(at))
        left[owner(placed[-1])] -= 1
    return placed + waiting


def _pressing(left: Counter[Hashable], gap: int, places: int) -> set[Hashable]:
    """Who has so many left that there is no room for them all unless one comes now."""
    return {one for one, count in left.items() if (count - 1) * (gap + 1) + 1 >= places}


def walked(start: Vectors, units: Vectors) -> list[int]:
    """An order of the rows in which each is the nearest one left to the one before it."""
    left = list(range(len(units)))
    order: list[int] = []
    here = start
    while left:
        at = int(np.argmax(np.round(units[left] @ here, 6)))
        order.append(left.pop(at))
        here = units[order[-1]]
    return order
