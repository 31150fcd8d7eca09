"""Leaves the machine to others: quiet hours, and rest after work."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time, timedelta

__all__ = ["NEVER_QUIET", "QuietHours", "rest_after"]


@dataclass(frozen=True, slots=True)
class QuietHours:
    """A part of each day, by the machine's own clock; it may go past midnight."""

    start: time
    end: time
    now: Callable[[], datetime] = lambda: datetime.now().astimezone()

    @classmethod
    def parse(cls, words: str) -> "QuietHours":
        """`22:00-07:00`; the settings have checked it."""
        start, end = (time.fromisoformat(word.strip()) for word in words.split("-"))
        return cls(start, end)

    def seconds_left(self) -> float:
        """0 outside of them."""
        now = self.now()
        clock = now.time().replace(tzinfo=None)
        over_midnight = self.start > self.end
        inside = self.start <= clock < self.end
        if over_midnight:
            inside = clock >= self.start or clock < self.end
        if not inside:
            return 0.0
        end = now.replace(hour=self.end.hour, minute=self.end.minute, second=0, microsecond=0)
        if end <= now:
            end += timedelta(days=1)
        return math.ceil((end - now).total_seconds())


NEVER_QUIET = QuietHours(time(0), time(0))


def rest_after(seconds: float, *, percent: int) -> float:
    """How long to rest after work, so that no more than this share of the time is worked."""
    return seconds * (100 / percent - 1)
