"""Wakes the workers: the only way to put anything on the queue.

What is to be done stands in PostgreSQL and is committed before `wake` is called; a wake-up
carries nothing and may be lost, then the heartbeat finds the work within a minute. All calls of
one short window become one job, which starts when the window has ended and so sees all of it. While
a job of the kind waits that no worker has begun, another one would tell nothing new: so a burst of
any length leaves one job of each kind, also where no worker runs.
"""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import structlog
from arq.connections import ArqRedis
from arq.constants import in_progress_key_prefix, job_key_prefix
from redis.asyncio import ConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

__all__ = ["KINDS", "Kind", "Queue", "Wake", "connect", "deserialize", "open_wake", "queue_key", "serialize"]

Queue = Literal["light", "heavy"]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of work: who does it, and for how long its wake-ups are gathered."""

    queue: Queue
    window_seconds: float


_LIGHT = Kind("light", 0.25)
_HEAVY = Kind("heavy", 1.0)

KINDS: Mapping[str, Kind] = {
    "walk": _LIGHT,
    "intake": _LIGHT,
    "preview": _LIGHT,
    "tidy": _LIGHT,
    "schedules": _LIGHT,
    "history": _LIGHT,
    "assign": _LIGHT,
    "recluster": _LIGHT,
    "drift": _LIGHT,
    "publish": _LIGHT,
    "analyse": _HEAVY,
    "spaces": _HEAVY,
    "clustering": Kind("heavy", 0.25),
    "cluster_batch": Kind("heavy", 0.25),
}

_SECONDS = 1.0  # a web request may wait for a wake-up, but not for a sick Redis
_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class Wake:
    """Puts wake-ups on the queue; Redis' troubles are logged, never raised."""

    def __init__(
        self,
        redis: ArqRedis,
        *,
        kinds: Mapping[str, Kind] = KINDS,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._redis = redis
        self._waits = redis.register_script(_WAITS)
        self._kinds = kinds
        self._now = now
        self._reachable = True
        self.missed = 0

    @property
    def reachable(self) -> bool:
        """Whether Redis took or answered the last call."""
        return self._reachable

    async def __call__(self, kind: str) -> bool:
        """Wake the workers for this kind of work, after its rows are committed."""
        queue = self._kinds[kind].queue
        window = timedelta(seconds=self._kinds[kind].window_seconds)
        number = (self._now() - _EPOCH) // window
        start = _EPOCH + (number + 1) * window
        try:
            async with asyncio.timeout(_SECONDS):
                if not await self._one_waits(kind, queue, start):
                    await self._redis.enqueue_job(
                        kind,
                        _job_id=f"{kind}:{number}",
                        _queue_name=queue_key(queue),
                        _defer_until=start,
                    )
        except (RedisError, OSError) as error:  # TimeoutError is an OSError
            self.missed += 1
            self._note_lost(error)
            return False
        self._note_reached()
        return True

    async def _one_waits(self, kind: str, queue: Queue, start: datetime) -> bool:
        """Whether a job that nobody has begun will start by then, and so see what is committed now."""
        milliseconds = int(start.timestamp() * 1000)
        prefixes = job_key_prefix, in_progress_key_prefix
        return bool(await self._waits(keys=[queue_key(queue)], args=[f"{kind}:", milliseconds, *prefixes]))

    async def queue_depth(self) -> Mapping[Queue, int] | None:
        """How many wake-ups wait on each queue; None while Redis cannot be asked."""
        try:
            async with asyncio.timeout(_SECONDS):
                return {"light": await self._depth("light"), "heavy": await self._depth("heavy")}
        except (RedisError, OSError) as error:
            self._note_lost(error)
            return None

    async def _depth(self, queue: Queue) -> int:
        depth = int(await self._redis.zcard(queue_key(queue)))
        self._note_reached()
        return depth

    def _note_lost(self, error: Exception) -> None:
        if self._reachable:
            self._reachable = False
            _log.warning("wake_missed", error=type(error).__name__)

    def _note_reached(self) -> None:
        if not self._reachable:
            self._reachable = True
            _log.info("wake_restored", missed=self.missed)


@asynccontextmanager
async def open_wake(url: str) -> AsyncIterator[Wake]:
    """A way to wake workers for as long as the block lasts; Redis need not be there yet."""
    redis = connect(url, retries=3)
    try:
        yield Wake(redis)
    finally:
        await redis.aclose(close_connection_pool=True)


def connect(url: str, *, retries: int) -> ArqRedis:
    """A client for arq that outlives restarts of Redis and never uses pickle.

    It has no `socket_timeout`: with one, redis-py sends through `asyncio.wait_for`, which on Python
    3.11 loses cancels. The kernel notices a peer that is gone; callers set their own limits.
    """
    pool = ConnectionPool.from_url(
        url,
        **({} if url.startswith("unix:") else _KEEPALIVE),
        socket_connect_timeout=2,
        retry=Retry(ExponentialBackoff(cap=1, base=0.05), retries),
        retry_on_error=[RedisConnectionError, RedisTimeoutError, OSError],
        retry_on_timeout=True,
    )
    return ArqRedis(pool, job_serializer=serialize, job_deserializer=deserialize)


def queue_key(queue: Queue) -> str:
    """The name of a queue in Redis."""
    return f"segue:{queue}"


def serialize(job: Mapping[str, Any]) -> bytes:
    """JSON; what JSON does not know (an exception as a job's result) becomes its text."""
    return json.dumps(job, default=repr, separators=(",", ":")).encode()


def deserialize(data: bytes) -> dict[str, Any]:
    job = json.loads(data)
    if not isinstance(job, dict):
        raise ValueError("a job must be a JSON object")
    return job


_KEEPALIVE: Mapping[str, Any] = {
    "socket_keepalive": True,
    "socket_keepalive_options": {
        getattr(socket, name): seconds
        for name, seconds in (("TCP_KEEPIDLE", 15), ("TCP_KEEPINTVL", 5), ("TCP_KEEPCNT", 3))
        if hasattr(socket, name)
    },
}
# In one step, for a job that is begun between two looks may have looked before our rows were committed.
# A job whose description has run out is never begun; one that is due later is of a clock ahead of ours.
_WAITS = """
for _, id in ipairs(redis.call('zrangebyscore', KEYS[1], '-inf', ARGV[2])) do
    if string.sub(id, 1, #ARGV[1]) == ARGV[1] and redis.call('exists', ARGV[3] .. id) == 1
            and redis.call('exists', ARGV[4] .. id) == 0 then
        return 1
    end
end
return 0
"""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
