"""Looks at the single tracks that hints named."""

from segue.jobs.loop import Loop
from segue.jobs.timers import Timers
from segue.library.intake import drain_inbox
from segue.model import Quality
from segue.registry import Registry
from segue.store.pool import Pool
from segue.wake import Wake

__all__ = ["IntakeDrain"]


class IntakeDrain:
    """Works off the inbox; several may, what two look at is kept once."""

    kind = "intake"

    def __init__(self, pool: Pool, registry: Registry, wake: Wake, timers: Timers) -> None:
        self._pool = pool
        self._registry = registry
        self._wake_others = wake
        self._loop = Loop(self.kind, self._look, timers)

    def wake(self) -> None:
        self._loop.wake()

    async def run(self) -> None:
        """Work until cancelled."""
        await self._loop.run()

    async def _look(self) -> None:
        await drain_inbox(
            pool=self._pool, registry=self._registry, wake=self._wake_others, quality=Quality.FAST
        )
