"""Keeps the leases of this process alive, and stops work whose lease is gone: cancelled or taken over."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from typing import Protocol

import structlog

from segue.jobs.timers import Timers
from segue.store.pool import DATABASE_FAULTS, Connection, Pool

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

Held = Callable[[Connection, Collection[str]], Awaitable[set[str]]]


class Renew(Protocol):
    """Lengthens leases and returns the owners that still have theirs."""

    def __call__(self, c: Connection, owners: Collection[str], *, seconds: float) -> Awaitable[set[str]]: ...


class LeaseLostError(Exception):
    """The work was cancelled, or somebody else does it now."""


class Leases:
    """The leases of one table; `run` must be running while any is kept."""

    def __init__(self, pool: Pool, *, held: Held, renew: Renew, timers: Timers) -> None:
        self._pool = pool
        self._held = held
        self._renew = renew
        self._timers = timers
        self._lose: dict[str, Callable[[], None]] = {}
        self._some = asyncio.Event()

    @asynccontextmanager
    async def kept(self, owner: str) -> AsyncIterator[None]:
        """Inside the block the lease is renewed; LeaseLostError interrupts it when it is gone."""
        task = asyncio.current_task()
        assert task is not None
        lost = False

        def lose() -> None:
            nonlocal lost
            lost = True
            task.cancel()

        self._lose[owner] = lose
        self._some.set()
        try:
            yield
        except asyncio.CancelledError:
            if lost and task.uncancel() == 0:  # else somebody cancelled us besides
                raise LeaseLostError from None
            raise
        finally:
            self._lose.pop(owner, None)

    async def run(self) -> None:
        """Watch and renew until cancelled; the database may come and go."""
        loop = asyncio.get_running_loop()
        renewed = 0.0
        while True:
            if not self._lose:
                self._some.clear()
                await self._some.wait()
            due = loop.time() - renewed >= self._timers.renew
            with contextlib.suppress(*DATABASE_FAULTS, TimeoutError):
                await self._look(renewing=due)
                renewed = loop.time() if due else renewed
            await asyncio.sleep(self._timers.watch)

    async def _look(self, *, renewing: bool) -> None:
        owners = list(self._lose)
        async with asyncio.timeout(self._timers.lease), self._pool.connection() as c:
            if renewing:
                kept = await self._renew(c, owners, seconds=self._timers.lease)
            else:
                kept = await self._held(c, owners)
        for owner in owners:
            if owner not in kept and (lose := self._lose.pop(owner, None)):
                _log.info("lease_lost", owner=owner)
                lose()
