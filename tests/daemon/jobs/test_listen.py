"""Wake-ups arrive within moments, and again after Redis was emptied, stopped or gone for long."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

from structlog.testing import capture_logs

from segue.embedded import Valkey
from segue.jobs.listen import Listener
from segue.jobs.timers import Timers
from segue.wake import connect, open_wake, queue_key
from tests.daemon.jobs.conftest import QUICK
from tests.faults.waiting import until


class Bell:
    def __init__(self) -> None:
        self.rings = 0

    def __call__(self) -> None:
        self.rings += 1

    def rung(self, times: int) -> Callable[[], bool]:
        return lambda: self.rings >= times


@asynccontextmanager
async def listening(url: str, bell: Bell, timers: Timers = QUICK) -> AsyncIterator[None]:
    task = asyncio.create_task(Listener(url, "light", {"walk": bell}, timers=timers).run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def test_many_wake_ups_ring_once_per_window(redis_url: str) -> None:
    bell = Bell()
    async with open_wake(redis_url) as wake, listening(redis_url, bell):
        for _ in range(50):
            await wake("walk")
        await until(bell.rung(1))
        assert bell.rings <= 3
        await until(lambda: _empty(redis_url))


async def test_it_outlives_an_emptied_redis(redis_url: str) -> None:
    bell = Bell()
    redis = connect(redis_url, retries=1)
    async with open_wake(redis_url) as wake, listening(redis_url, bell):
        for times in range(1, 6):
            await redis.flushall()
            await wake("walk")
            await until(bell.rung(times))
    await redis.aclose(close_connection_pool=True)


async def test_it_outlives_restarts_and_a_long_absence(own_valkey: Valkey) -> None:
    bell = Bell()
    with capture_logs() as logs:
        async with open_wake(own_valkey.url) as wake, listening(own_valkey.url, bell):
            for _ in range(3):
                await asyncio.to_thread(own_valkey.stop)
                own_valkey.start()
                before = bell.rings
                await wake("walk")
                await until(bell.rung(before + 1), seconds=20)
    assert "listener_broke" not in [line["event"] for line in logs]


async def test_a_worker_that_starts_before_redis_waits_for_it(own_valkey: Valkey) -> None:
    own_valkey.stop()
    bell = Bell()
    async with open_wake(own_valkey.url) as wake, listening(own_valkey.url, bell):
        await asyncio.sleep(0.1)
        own_valkey.start()
        await wake("walk")
        await until(bell.rung(1), seconds=20)


async def test_what_is_no_job_of_ours_harms_nothing(redis_url: str) -> None:
    bell = Bell()
    redis = connect(redis_url, retries=1)
    async with open_wake(redis_url) as wake, listening(redis_url, bell, replace(QUICK, longest_pause=0.1)):
        await redis.enqueue_job("unknown", _queue_name=queue_key("light"))
        await redis.set("arq:job:rubbish", b"\x80\x04pickle")
        await redis.zadd(queue_key("light"), {"rubbish": 1})
        await wake("walk")
        await until(bell.rung(1))
        await until(lambda: _empty(redis_url))
    await redis.aclose(close_connection_pool=True)


async def _empty(url: str) -> bool:
    async with open_wake(url) as wake:
        depth = await wake.queue_depth()
    return depth is not None and depth["light"] == 0
