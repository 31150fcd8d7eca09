"""A live index for jobs that need one now and then: read when first asked for, gone when idle."""

import asyncio

from segue.index import Sizes
from segue.similarity import Follower
from segue.store.pool import Pool

__all__ = ["LiveOnDemand"]

_IDLE_SECONDS = 300.0
_READY_SECONDS = 120.0


class LiveOnDemand:
    """`run` must be running while anybody asks."""

    def __init__(self, pool: Pool, sizes: Sizes, *, idle_seconds: float = _IDLE_SECONDS) -> None:
        self._pool = pool
        self._sizes = sizes
        self._idle_seconds = idle_seconds
        self._follower: Follower | None = None
        self._wanted = asyncio.Event()
        self._used_at = 0.0

    async def follower(self) -> Follower:
        """The index as it is now; TimeoutError when it cannot be read."""
        self._used_at = asyncio.get_running_loop().time()
        follower = self._follower or Follower(self._pool, sizes=self._sizes, shown_bytes=0)
        self._follower = follower
        self._wanted.set()
        async with asyncio.timeout(_READY_SECONDS):
            await follower.ready.wait()
        await follower.look()
        return follower

    async def run(self) -> None:
        """Follow whenever somebody asks, until cancelled."""
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            if self._follower is not None:
                await self._follow(self._follower)

    async def _follow(self, follower: Follower) -> None:
        loop = asyncio.get_running_loop()
        async with asyncio.TaskGroup() as tasks:
            following = tasks.create_task(follower.run())
            while (left := self._used_at + self._idle_seconds - loop.time()) > 0:  # noqa: ASYNC110
                await asyncio.sleep(left)
            self._follower = None
            following.cancel()
