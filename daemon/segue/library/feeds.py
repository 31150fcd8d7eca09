"""Listens to every server: one process per server, for ever, with back-off."""

import asyncio
import random
from contextlib import suppress
from dataclasses import dataclass, field

import structlog
from psycopg import OperationalError
from psycopg_pool import PoolTimeout

from segue.library import WakeCall
from segue.library.intake import accept, want_walk
from segue.library.streams import closing, together
from segue.model import Change, ServerKey
from segue.registry import Registry, ServerBroken
from segue.sdk import AdapterError, AuthFailed, Unavailable, Unsupported, Watches
from segue.sdk.backoff import Backoff
from segue.store import servers
from segue.store.pool import Pool
from segue.store.servers import Server, ServerState

__all__ = ["Feeds", "Pace"]

_HINTS = 10_000
_RELEASE_SECONDS = 3.0

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How often things are looked at, in seconds."""

    look: float = 2.0
    lease: float = 30.0
    first_pause: float = 1.0
    longest_pause: float = 60.0
    refused_pause: float = 300.0
    gather: float = 0.05
    walk_unwatched: float = 900.0
    walk_watched: float = 6 * 3600.0


@dataclass(slots=True)
class _Listener:
    config: bytes
    renewed: float
    feed: "_Feed" = field(repr=False)
    task: asyncio.Task[None] = field(repr=False)


@dataclass(slots=True, eq=False)
class _Feed:
    """What comes of listening to one server."""

    answers: asyncio.Event = field(default_factory=asyncio.Event)  # somebody has reached the server
    deaf: bool = False  # it tells nothing
    tells: bool = False  # it is listened to now


class Feeds:
    """Keeps a listener for every server whose lease it can get."""

    def __init__(
        self, *, pool: Pool, registry: Registry, wake: WakeCall, owner: str, pace: Pace | None = None
    ) -> None:
        self._pool = pool
        self._registry = registry
        self._wake = wake
        self._owner = owner
        self._pace = pace or Pace()
        self._listeners: dict[ServerKey, _Listener] = {}

    async def run(self) -> None:
        """Listen until cancelled; leases are given back at the end."""
        pause = Backoff(first=self._pace.first_pause, longest=self._pace.longest_pause)
        try:
            while True:
                try:
                    await self._look()
                    pause.reset()
                except Exception:
                    _log.exception("feeds_look_failed")
                    await asyncio.sleep(pause.next())
                await asyncio.sleep(self._pace.look)
        finally:
            await self._stop(list(self._listeners))

    async def _look(self) -> None:
        """Start listeners of servers that are new or changed, stop those of others."""
        async with self._pool.connection() as c:
            rows = {row.id: row for row in await servers.list_(c) if not row.withdrawn}
        await self._stop([key for key in self._listeners if key not in rows])
        for row in rows.values():
            held = self._listeners.get(row.id)
            if held is not None and held.config != row.config_sealed:
                await self._stop([row.id])
            elif held is not None and row.state is ServerState.CONNECTED:
                held.feed.answers.set()
            await self._hold(row)

    async def _hold(self, row: Server) -> None:
        """Get or keep the lease, and a listener as long as we have it."""
        now = asyncio.get_running_loop().time()
        held = self._listeners.get(row.id)
        if held is not None and now - held.renewed < self._pace.lease / 3:
            return
        async with self._pool.connection() as c:
            ours = await servers.claim_feed(c, row.id, self._owner, seconds=self._pace.lease)
        if not ours:
            await self._stop([row.id])
        elif held is not None:
            held.renewed = now
        else:
            feed = _Feed()
            work = together(self._listen(row, feed), self._walk_now_and_then(row, feed))
            task = asyncio.create_task(work, name=f"feed-{row.name}")
            self._listeners[row.id] = _Listener(row.config_sealed, now, feed, task)

    async def _stop(self, keys: list[ServerKey]) -> None:
        stopped = [(key, self._listeners.pop(key)) for key in keys if key in self._listeners]
        for _, listener in stopped:
            listener.task.cancel()
        if stopped:
            await asyncio.wait([listener.task for _, listener in stopped])
            await self._release([key for key, _ in stopped])

    async def _release(self, keys: list[ServerKey]) -> None:
        """Give leases back; where the database is away they run out by themselves."""
        with suppress(OperationalError, PoolTimeout, TimeoutError):
            async with asyncio.timeout(_RELEASE_SECONDS), self._pool.connection() as c:
                for key in keys:
                    await servers.release_feed(c, key, self._owner)

    async def _listen(self, row: Server, feed: _Feed) -> None:
        """Feed after feed; between two of them a pause that grows while none succeeds."""
        pause = Backoff(first=self._pace.first_pause, longest=self._pace.longest_pause)
        while not feed.deaf:
            seconds = 0.0
            try:
                await self._watch(row, feed, pause)
            except (AuthFailed, ServerBroken):  # told as the server's state
                feed.answers.clear()
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._pace.refused_pause):
                        await feed.answers.wait()
            except AdapterError as error:
                seconds = (error.retry_after or 0.0) if isinstance(error, Unavailable) else 0.0
                _log.debug("feed_lost", server=row.name, reason=str(error))
            except Exception:
                _log.exception("feed_failed", server=row.name)
            finally:
                feed.tells = False
            await asyncio.sleep(max(seconds, pause.next()))
        await asyncio.Event().wait()

    async def _watch(self, row: Server, feed: _Feed, pause: Backoff) -> None:
        """Hand on what the server tells until it breaks off."""
        async with self._registry.using(row.id) as adapter:
            if not isinstance(adapter, Watches):
                feed.deaf = True
                return
            try:
                await self._hand_on(row.id, adapter, feed, pause)
            except ServerBroken:
                raise
            except Unsupported as error:
                _log.warning("feed_unsupported", server=row.name, reason=str(error))
                feed.deaf = True

    async def _hand_on(self, server: ServerKey, adapter: Watches, feed: _Feed, pause: Backoff) -> None:
        hints: asyncio.Queue[Change] = asyncio.Queue(_HINTS)

        async def read() -> None:
            async with closing(adapter.changes()) as changes:
                async for change in changes:
                    await hints.put(change)
            raise Unavailable("The server ended its feed.")

        async def write() -> None:
            while True:
                burst = [await hints.get()]
                feed.tells = True
                pause.reset()
                await asyncio.sleep(self._pace.gather)
                while not hints.empty():
                    burst.append(hints.get_nowait())
                await accept(self._pool, self._wake, server, burst)

        await together(read(), write())

    async def _walk_now_and_then(self, row: Server, feed: _Feed) -> None:
        """Want a walk seldom while the server tells its news, often while it does not or no walk succeeds."""
        loop = asyncio.get_running_loop()
        wanted = loop.time()
        while True:
            await asyncio.sleep(self._pace.walk_unwatched * random.uniform(0.9, 1.0))
            try:
                if loop.time() - wanted > 0.9 * self._pace.walk_watched or await self._needs_walk(row, feed):
                    await want_walk(self._pool, self._wake, row.id)
                    wanted = loop.time()
            except Exception:
                _log.exception("feed_failed", server=row.name)

    async def _needs_walk(self, row: Server, feed: _Feed) -> bool:
        if feed.deaf:
            return True
        async with self._pool.connection() as c:
            now = await servers.get(c, row.id)
        if now is None:
            return False
        return now.fault_in == "walk" or (now.state is ServerState.CONNECTED and not feed.tells)
