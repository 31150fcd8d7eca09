"""Writes down how work ended, also while the database restarts."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from segue.jobs.timers import Timers, pause_after
from segue.store.pool import DATABASE_FAULTS, Connection, Pool

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

Statement = Callable[[Connection], Awaitable[object]]


async def write_down(pool: Pool, statement: Statement, *, timers: Timers, seconds: float) -> None:
    """Commit a statement, again while the database is away; when it stays away, the lease runs out."""
    try:
        async with asyncio.timeout(seconds):
            await _insist(pool, statement, timers)
    except TimeoutError:
        _log.warning("end_not_written")


async def _insist(pool: Pool, statement: Statement, timers: Timers) -> None:
    failures = 0
    while True:
        try:
            async with pool.connection() as c:
                await statement(c)
        except DATABASE_FAULTS:
            failures += 1
        else:
            return
        await asyncio.sleep(pause_after(failures, first=timers.first_pause, longest=timers.longest_pause))
