"""Looks at the single tracks that hints named."""

from segue.jobs.loop import LookingDrain
from segue.jobs.timers import Timers
from segue.library.intake import drain_inbox
from segue.model import Quality
from segue.registry import Registry
from segue.store.pool import Pool
from segue.wake import Wake

__all__ = ["IntakeDrain"]


class IntakeDrain(LookingDrain):
    """Works off the inbox; several may, what two look at is kept once."""

    kind = "intake"

    def __init__(self, pool: Pool, registry: Registry, wake: Wake, timers: Timers) -> None:
        super().__init__(timers)
        self._pool = pool
        self._registry = registry
        self._wake_others = wake

    async def _look(self) -> None:
        await drain_inbox(
            pool=self._pool, registry=self._registry, wake=self._wake_others, quality=Quality.FAST
        )
