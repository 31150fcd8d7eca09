"""In which order an answer is played; pure."""

from collections.abc import Callable, Hashable, Sequence
from typing import TypeVar

import numpy as np

from segue.index import Vectors

__all__ = ["spaced", "walked"]

Item = TypeVar("Item")


def spaced(items: Sequence[Item], owner: Callable[[Item], Hashable], gap: int) -> list[Item]:
    """Keep `gap` others between two of one owner where that can be; otherwise as they came."""
    waiting, placed = list(items), list[Item]()
    while waiting:
        recent = {owner(item) for item in placed[-gap:]} if gap else set()
        at = next((i for i, item in enumerate(waiting) if not owner(item) or owner(item) not in recent), 0)
        placed.append(waiting.pop(at))
    return placed


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
