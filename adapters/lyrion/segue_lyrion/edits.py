"""The smallest list of edits that turns one playlist into another, where each song stands once; pure."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

__all__ = ["Add", "Delete", "Edit", "Move", "applied", "edits"]


@dataclass(frozen=True, slots=True)
class Delete:
    """Take out what stands at this index."""

    index: int


@dataclass(frozen=True, slots=True)
class Add:
    """Put behind all others."""

    url: str


@dataclass(frozen=True, slots=True)
class Move:
    """Take from one index and put at another, counted after it was taken."""

    index: int
    to: int


Edit = Delete | Add | Move


def edits(present: Sequence[str], wanted: Sequence[str]) -> list[Edit]:
    """What goes is deleted from the end, what is new is added, what stands wrong is moved.

    `wanted` holds each song once; of repeats in `present` the first stays.
    """
    if len(set(wanted)) != len(wanted):
        raise ValueError("a playlist here holds each song once")
    doomed = _doomed(present, frozenset(wanted))
    steps: list[Edit] = [Delete(index) for index in reversed(doomed)]
    kept = _without(present, doomed)
    there = frozenset(kept)
    fresh = [one for one in wanted if one not in there]
    steps += [Add(one) for one in fresh]
    return [*steps, *_moves([*kept, *fresh], wanted)]


def applied(present: Sequence[str], steps: Iterable[Edit]) -> list[str]:
    """What a playlist is after these edits."""
    held = list(present)
    for step in steps:
        match step:
            case Delete(index):
                del held[index]
            case Add(url):
                held.append(url)
            case Move(index, to):
                held.insert(to, held.pop(index))
    return held


def _doomed(present: Sequence[str], wanted: frozenset[str]) -> list[int]:
    seen: set[str] = set()
    doomed: list[int] = []
    for index, one in enumerate(present):
        if one not in wanted or one in seen:
            doomed.append(index)
        seen.add(one)
    return doomed


def _without(present: Sequence[str], doomed: Sequence[int]) -> list[str]:
    gone = set(doomed)
    return [one for index, one in enumerate(present) if index not in gone]


def _moves(held: list[str], wanted: Sequence[str]) -> list[Edit]:
    """Move each song that does not stand in the longest run of right order, to behind the one before it."""
    place = {one: index for index, one in enumerate(wanted)}
    still = _longest_rise([place[one] for one in held])
    moves: list[Edit] = []
    for position, one in enumerate(wanted):
        if position in still:
            continue
        now = held.index(one)
        held.pop(now)
        to = held.index(wanted[position - 1]) + 1 if position else 0
        held.insert(to, one)
        if now != to:
            moves.append(Move(now, to))
    return moves


def _longest_rise(numbers: Sequence[int]) -> set[int]:
    """The values of a longest rising subsequence."""
    tails: list[int] = []
    ends: list[int] = []
    before: list[int] = []
    for index, number in enumerate(numbers):
        length = bisect_left(tails, number)
        before.append(ends[length - 1] if length else -1)
        if length == len(tails):
            tails.append(number)
            ends.append(index)
        else:
            tails[length], ends[length] = number, index
    found: set[int] = set()
    index = ends[-1] if ends else -1
    while index >= 0:
        found.add(numbers[index])
        index = before[index]
    return found
