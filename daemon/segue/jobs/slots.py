"""So many pieces of work at a time."""

import asyncio
from collections.abc import Callable, Coroutine

import structlog

from segue.jobs.leases import Leases
from segue.jobs.loop import Loop

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class Slots:
    """So many pieces of work at a time; every end calls `freed`."""

    def __init__(self, count: int, freed: Callable[[], None]) -> None:
        self._count = count
        self._freed = freed
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def free(self) -> int:
        return self._count - len(self._tasks)

    @property
    def busy(self) -> int:
        return len(self._tasks)

    def start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._end)

    async def close(self) -> None:
        """Cancel what is under way and wait until it has ended."""
        while self._tasks:
            for task in self._tasks:
                task.cancel()
            await asyncio.wait(self._tasks)

    def _end(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            _log.error("slot_broke", exc_info=error)
        self._freed()


async def work_until_cancelled(loop: Loop, leases: Leases, slots: Slots) -> None:
    """Look, keep the leases, and at the end wait until all work has ended."""
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(leases.run())
            tasks.create_task(loop.run())
    finally:
        await slots.close()
