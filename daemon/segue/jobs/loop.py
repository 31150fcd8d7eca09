"""Looks for work of one kind: when woken, when some becomes due, and at every heartbeat."""

import asyncio
import contextlib
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from typing import ClassVar

import structlog

from segue.jobs.timers import Timers, pause_after
from segue.store.pool import DATABASE_FAULTS

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)
_SHORTEST_PAUSE = 0.05  # rows that others hold at this moment must not make us spin

Look = Callable[[], Awaitable[float | None]]
"""Starts what can be started; the seconds until more becomes due, None when nobody knows."""


class Loop:
    """Calls `look` again and again; an error costs a pause, never the loop."""

    def __init__(self, kind: str, look: Look, timers: Timers) -> None:
        self.kind = kind
        self._look = look
        self._timers = timers
        self._woken = asyncio.Event()
        self._failures = 0

    def wake(self) -> None:
        """There may be work: look at once, and once more if a look is under way."""
        self._woken.set()

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            self._woken.clear()
            try:
                seconds = await self._look()
            except Exception as error:
                await asyncio.sleep(self._note_failure(error))
            else:
                self._note_success()
                await self._pause(seconds)

    async def _pause(self, seconds: float | None) -> None:
        limit = self._timers.heartbeat if seconds is None else min(seconds, self._timers.heartbeat)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(limit, _SHORTEST_PAUSE)):
                await self._woken.wait()

    def _note_failure(self, error: Exception) -> float:
        self._failures += 1
        if not isinstance(error, (*DATABASE_FAULTS, TimeoutError)):
            _log.error("look_broke", kind=self.kind, exc_info=error)
        elif self._failures == 1:
            _log.warning("work_paused", kind=self.kind, error=type(error).__name__)
        return pause_after(self._failures, first=self._timers.first_pause, longest=self._timers.longest_pause)

    def _note_success(self) -> None:
        if self._failures:
            _log.info("work_resumed", kind=self.kind, failures=self._failures)
        self._failures = 0


class LookingDrain(ABC):
    """A drain whose look is the work itself; any number of processes may have one."""

    kind: ClassVar[str]

    def __init__(self, timers: Timers) -> None:
        self._loop = Loop(self.kind, self._look, timers)

    def wake(self) -> None:
        self._loop.wake()

    async def run(self) -> None:
        """Look until cancelled."""
        await self._loop.run()

    @abstractmethod
    async def _look(self) -> float | None:
        """The work; the seconds until more becomes due, None when nobody knows."""
