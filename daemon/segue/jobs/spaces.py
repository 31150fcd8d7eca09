"""Gives the library a projection of its own when it is large enough, and a new one when it has doubled."""

from segue.analysis.projection import ProjectionFit, cold_start_projection
from segue.jobs.loop import LookingDrain
from segue.jobs.timers import Timers
from segue.similarity.projecting import tend
from segue.store.pool import Pool

__all__ = ["SpacesDrain"]


class SpacesDrain(LookingDrain):
    """Looks now and then whether the space that serves still fits; any number of processes may."""

    kind = "spaces"

    def __init__(self, pool: Pool, timers: Timers) -> None:
        super().__init__(timers)
        self._pool = pool
        self._timers = timers

    async def _look(self) -> float | None:
        await tend(self._pool, shipped=cold_start_projection, fitting=ProjectionFit)
        return self._timers.heartbeat
