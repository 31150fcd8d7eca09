"""Begins the runs of schedules that are due; any number of processes may look."""

import structlog

from segue.jobs.loop import Loop
from segue.jobs.timers import Timers
from segue.store import schedules
from segue.store.pool import Pool
from segue.wake import KINDS, Wake

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class Clock:
    """Looks when the next schedule is due, and when a schedule changed."""

    kind = "schedules"

    def __init__(self, pool: Pool, wake: Wake, timers: Timers) -> None:
        self._pool = pool
        self._wake_others = wake
        self._loop = Loop(self.kind, self._look, timers)

    def wake(self) -> None:
        self._loop.wake()

    async def run(self) -> None:
        """Look until cancelled."""
        await self._loop.run()

    async def _look(self) -> float | None:
        async with self._pool.connection() as c:
            due = await schedules.due(c)
        for schedule in due:
            async with self._pool.connection() as c:
                run = await schedules.fire(c, schedule)
            if run is not None:
                _log.info("schedule_fired", schedule=schedule.name, kind=schedule.kind, run=run)
                if schedule.kind in KINDS:
                    await self._wake_others(schedule.kind)
        async with self._pool.connection() as c:
            return await schedules.next_look(c)
