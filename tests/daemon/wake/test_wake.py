"""Wake-ups: many become one, none starts early, none raises, none is pickled."""

import asyncio
import json
import pickle
import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from arq.connections import ArqRedis
from arq.worker import Worker, func
from structlog.testing import capture_logs

from segue.embedded import Valkey
from segue.wake import KINDS, Wake, connect, deserialize, open_wake, queue_key, serialize
from tests.faults.waiting import until

SOON = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)


class Clock:
    def __init__(self) -> None:
        self.now = SOON

    def __call__(self) -> datetime:
        return self.now

    def pass_seconds(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[ArqRedis]:
    client = connect(redis_url, retries=1)
    yield client
    await client.aclose(close_connection_pool=True)


async def test_calls_of_one_window_become_one_job_that_starts_at_its_end(redis: ArqRedis) -> None:
    clock = Clock()
    wake = Wake(redis, now=clock)
    for _ in range(20):
        assert await wake("walk")
        clock.pass_seconds(0.01)
    (job,) = await redis.zrange(queue_key("light"), 0, -1, withscores=True)
    assert job[1] == (SOON.timestamp() + KINDS["walk"].window_seconds) * 1000


async def test_a_burst_of_any_length_leaves_one_job_of_a_kind(redis: ArqRedis) -> None:
    clock = Clock()
    wake, other = Wake(redis, now=clock), Wake(redis, now=clock)
    for _ in range(50):
        assert await wake("walk")
        assert await other("intake")
        assert await other("walk")
        clock.pass_seconds(60)
    assert await wake.queue_depth() == {"light": 2, "heavy": 0}


async def test_a_job_that_is_begun_does_not_stand_for_what_is_committed_later(redis: ArqRedis) -> None:
    looks, looking, go_on = [], asyncio.Event(), asyncio.Event()

    async def look(ctx: dict[Any, Any]) -> None:
        looks.append(len(looks))
        looking.set()
        await go_on.wait()

    wake = Wake(redis)
    await wake("walk")
    worker = Worker(
        [func(look, name="walk")],
        queue_name=queue_key("light"),
        redis_pool=redis,
        handle_signals=False,
        poll_delay=0.01,
        keep_result=0,
        job_serializer=serialize,
        job_deserializer=deserialize,
    )
    working = asyncio.create_task(worker.async_run())
    async with asyncio.timeout(60):
        await looking.wait()
        await wake("walk")  # its rows were committed after the look had begun
        go_on.set()
        await until(lambda: len(looks) == 2, seconds=50)
    working.cancel()
    await asyncio.wait([working])


async def test_a_job_whose_description_ran_out_stands_for_nothing(redis: ArqRedis) -> None:
    clock = Clock()
    wake = Wake(redis, now=clock)
    await wake("walk")
    [key] = await redis.keys("arq:job:*")
    await redis.delete(key)
    clock.pass_seconds(1)
    await wake("walk")
    assert await wake.queue_depth() == {"light": 2, "heavy": 0}


async def test_a_job_of_a_clock_ahead_of_ours_is_not_waited_for(redis: ArqRedis) -> None:
    ahead, clock = Clock(), Clock()
    ahead.pass_seconds(3600)
    await Wake(redis, now=ahead)("walk")
    wake = Wake(redis, now=clock)
    await wake("walk")
    await wake("walk")
    assert await wake.queue_depth() == {"light": 2, "heavy": 0}


async def test_kinds_go_to_their_own_queues(redis: ArqRedis) -> None:
    wake = Wake(redis)
    await wake("walk")
    await wake("intake")
    await wake("analyse")
    assert await wake.queue_depth() == {"light": 2, "heavy": 1}


async def test_a_job_is_json_without_arguments(redis: ArqRedis) -> None:
    await Wake(redis, now=Clock())("analyse")
    (key,) = await redis.keys("arq:job:*")
    assert key.decode().startswith("arq:job:analyse:")
    job = json.loads(await redis.get(key))
    assert (job["f"], job["a"], job["k"]) == ("analyse", [], {})


def test_anything_can_be_serialised_and_only_objects_are_read() -> None:
    assert deserialize(serialize({"r": ValueError("x"), "a": (1,)})) == {"r": "ValueError('x')", "a": [1]}
    with pytest.raises(ValueError, match="JSON object"):
        deserialize(b"[1]")
    with pytest.raises(ValueError, match="codec"):
        deserialize(pickle.dumps({"f": "walk"}))


async def test_a_lost_redis_is_logged_once_and_never_raised(own_valkey: Valkey) -> None:
    with capture_logs() as logs:
        async with open_wake(own_valkey.url) as wake:
            assert await wake("walk")
            own_valkey.stop()
            assert not await wake("walk")
            assert not await wake("analyse")
            assert await wake.queue_depth() is None
            assert not wake.reachable
            own_valkey.start()
            assert await wake("walk")
            assert wake.reachable
    assert [line["event"] for line in logs] == ["wake_missed", "wake_restored"]
    assert wake.missed == 2


async def test_a_cancel_is_never_lost(redis: ArqRedis) -> None:
    wake = Wake(redis)

    async def for_ever() -> None:
        while True:
            await wake("walk")

    for _ in range(100):
        task = asyncio.create_task(for_ever())
        await asyncio.sleep(random.uniform(0, 0.005))
        task.cancel()
        _, hanging = await asyncio.wait([task], timeout=10)
        assert not hanging
