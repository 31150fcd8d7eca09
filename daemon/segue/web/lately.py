"""What is dear to read, told again for a while."""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Generic, TypeVar

__all__ = ["Lately"]

_RESTS = 19  # times as long as the reading took: whoever asks without end costs a twentieth of a processor

Found = TypeVar("Found")


class Lately(Generic[Found]):
    """One reading at a time, shared by all who ask while it lasts and while its price is paid off."""

    def __init__(self, *, now: Callable[[], float] = monotonic) -> None:
        self._now = now
        self._reading = asyncio.Lock()
        self._told: tuple[Found, float] | None = None

    async def tell(self, read: Callable[[], Awaitable[Found]]) -> Found:
        """What was read lately, or is now; errors of `read` go through and are not kept."""
        async with self._reading:
            if self._told is None or self._now() > self._told[1]:
                began = self._now()
                found = await read()
                self._told = found, self._now() + _RESTS * (self._now() - began)
            return self._told[0]
