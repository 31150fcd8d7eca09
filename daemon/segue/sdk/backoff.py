"""Pauses that grow while nothing succeeds, spread so that many do not come back at once."""

import random

__all__ = ["Backoff"]


class Backoff:
    """Doubles from `first` to `longest` seconds, each shortened by up to a quarter by chance."""

    def __init__(self, *, first: float, longest: float, chance: random.Random | None = None) -> None:
        self._first = first
        self._longest = longest
        self._next = first
        self._chance = chance or random.Random()

    def next(self) -> float:
        pause, self._next = self._next, min(self._longest, self._next * 2)
        return pause * self._chance.uniform(0.75, 1.0)

    def reset(self) -> None:
        self._next = self._first
