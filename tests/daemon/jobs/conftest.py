"""Fixtures of this folder's tests."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from segue.jobs.timers import Timers
from segue.jobs.workers import Drain, run_drains
from segue.wake import Wake, open_wake
from tests.faults.services import own_valkey

__all__ = ["own_valkey"]

QUICK = Timers(
    heartbeat=60, lease=2, renew=0.3, watch=0.1, first_pause=0.05, longest_pause=0.5, settle=10, stop=5
)

Running = Callable[..., AbstractAsyncContextManager[None]]


@pytest.fixture
async def wake(redis_url: str) -> AsyncIterator[Wake]:
    async with open_wake(redis_url) as one:
        yield one


@pytest.fixture
def running(redis_url: str) -> Running:
    """Runs drains for as long as a block lasts, and lets them stop in order."""

    @asynccontextmanager
    async def run(*drains: Drain, timers: Timers = QUICK, url: str = redis_url) -> AsyncIterator[None]:
        stop = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(run_drains(drains, url, stop, timers=timers))
            try:
                yield
            finally:
                stop.set()

    return run
