"""Forgets now and then what is long over."""

import structlog

from segue.jobs.loop import LookingDrain
from segue.jobs.timers import Every, Timers
from segue.library.tidying import Tidied, tidy
from segue.store.pool import Pool

__all__ = ["TidyDrain"]

_EVERY_SECONDS = 3600.0

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class TidyDrain(LookingDrain):
    """Looks once in an hour; any number of processes may."""

    kind = "tidy"

    def __init__(self, pool: Pool, timers: Timers, *, missing_days: float, run_days: float) -> None:
        super().__init__(timers)
        self._pool = pool
        self._missing_days = missing_days
        self._run_days = run_days
        self._looked = Every(_EVERY_SECONDS)

    async def _look(self) -> None:
        if not self._looked.is_due():
            return
        tidied = await tidy(self._pool, missing_days=self._missing_days, run_days=self._run_days)
        if tidied != Tidied():
            _log.info("tidied", tracks=tidied.tracks, recordings=tidied.recordings, runs=tidied.runs)
