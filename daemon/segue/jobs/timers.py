"""How often things are looked at, and how long they may take."""

import math
import time
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Timers:
    """All in seconds."""

    heartbeat: float = 60.0  # every kind of work is looked for at least so often
    lease: float = 30.0  # work whose worker went silent for so long is taken over
    renew: float = 5.0
    watch: float = 0.5  # a cancel is noticed within this
    first_pause: float = 0.5  # after a fault, doubled each time
    longest_pause: float = 15.0
    light_poll: float = 0.05
    heavy_poll: float = 0.25
    settle: float = 60.0  # for writing down how work ended, while the database is away
    stop: float = 10.0


DEFAULTS = Timers()


def pause_after(failures: int, *, first: float, longest: float) -> float:
    """How long to wait after so many failures in a row."""
    return float(min(longest, first * 2 ** min(failures - 1, 30)))


class Every:
    """Says yes at most once in so many seconds."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._last = -math.inf

    def is_due(self) -> bool:
        now = time.monotonic()
        due = now - self._last >= self._seconds
        self._last = now if due else self._last
        return due
