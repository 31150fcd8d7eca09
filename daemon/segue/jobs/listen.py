"""Receives wake-ups from Redis by arq; Redis may go and come back as it likes.

A job does no work of its own: it only tells the kind's loop to look, and so is over in a moment.
Work that takes long depends neither on arq's time limits nor on its connection.
"""

import asyncio
from collections.abc import Callable, Collection
from typing import Any

import structlog
from arq.worker import Function, Worker, func
from redis.exceptions import RedisError

from segue.jobs.timers import Timers, pause_after
from segue.wake import Queue, connect, deserialize, queue_key, serialize

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)
_JOB_SECONDS = 30
_FINISH_SECONDS = 2.0
_RETRIES = 10


class Listener:
    """One queue's worker, started anew with back-off whenever it dies."""

    def __init__(
        self,
        url: str,
        queue: Queue,
        wakers: dict[str, Callable[[], None]],
        *,
        timers: Timers,
    ) -> None:
        self._url = url
        self._queue = queue
        self._functions = [_function(kind, wake) for kind, wake in wakers.items()]
        self._poll = timers.light_poll if queue == "light" else timers.heavy_poll
        self._timers = timers
        self._wake_all = list(wakers.values())

    async def run(self) -> None:
        """Listen until cancelled."""
        failures = 0
        while True:
            started = asyncio.get_running_loop().time()
            try:
                await self._listen()
            except Exception as error:
                lasted = asyncio.get_running_loop().time() - started
                failures = 1 if lasted > self._timers.longest_pause else failures + 1
                self._note_lost(error, failures)
            for wake in self._wake_all:  # wake-ups may be gone with Redis
                wake()
            await asyncio.sleep(
                pause_after(failures, first=self._timers.first_pause, longest=self._timers.longest_pause)
            )

    async def _listen(self) -> None:
        redis = connect(self._url, retries=_RETRIES)
        worker = Worker(
            self._functions,
            queue_name=queue_key(self._queue),
            redis_pool=redis,
            handle_signals=False,
            poll_delay=self._poll,
            job_timeout=_JOB_SECONDS,
            keep_result=0,
            health_check_interval=15,
            job_serializer=serialize,
            job_deserializer=deserialize,
            log_results=False,
        )
        try:
            await worker.async_run()
        finally:
            await _finish(list(worker.tasks.values()))
            await redis.aclose(close_connection_pool=True)

    def _note_lost(self, error: Exception, failures: int) -> None:
        if not isinstance(error, RedisError | OSError):
            _log.error("listener_broke", queue=self._queue, exc_info=error)
        elif failures == 1:
            _log.warning("redis_lost", queue=self._queue, error=type(error).__name__)


async def _finish(jobs: Collection[asyncio.Task[Any]]) -> None:
    """Jobs are over in a moment, unless Redis is away; they go on behind our back when cancelled."""
    if jobs:
        _, hanging = await asyncio.wait(jobs, timeout=_FINISH_SECONDS)
        for job in hanging:
            job.cancel()
        await asyncio.gather(*jobs, return_exceptions=True)


def _function(kind: str, wake: Callable[[], None]) -> Function:
    async def woken(ctx: dict[Any, Any], *args: Any, **kwargs: Any) -> None:
        wake()

    return func(woken, name=kind, keep_result=0, max_tries=3)
