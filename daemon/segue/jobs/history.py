"""Reads now and then what people played, from servers that keep it."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta

import structlog

from segue.jobs.loop import LookingDrain
from segue.jobs.timers import Timers
from segue.model import ServerKey
from segue.registry import Registry
from segue.sdk import AdapterError, KeepsHistory, User
from segue.store import plays, servers
from segue.store.plays import Played
from segue.store.pool import Pool
from segue.store.servers import ServerState

__all__ = ["HistoryDrain"]

_EVERY = timedelta(minutes=10)
_FIRST = timedelta(days=90)
_OVERLAP = timedelta(hours=1)  # servers may learn of a play later than it happened
_AT_ONCE = 500

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class HistoryDrain(LookingDrain):
    """Any number of processes may: what two read is kept once."""

    kind = "history"

    def __init__(
        self,
        pool: Pool,
        registry: Registry,
        timers: Timers,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        super().__init__(timers)
        self._pool = pool
        self._registry = registry
        self._now = now

    async def _look(self) -> None:
        async with self._pool.connection() as c:
            known = await servers.list_(c)
        for server in known:
            if server.state is ServerState.CONNECTED and not server.withdrawn:
                await self._read(server.id, server.name)

    async def _read(self, server: ServerKey, name: str) -> None:
        """A server that can't tell now is asked again at the next look."""
        try:
            async with self._registry.using(server) as adapter:
                if isinstance(adapter, KeepsHistory):
                    users = [user async for user in adapter.users()]
                    for user in users:
                        await self._read_user(adapter, server, user)
        except AdapterError as error:
            _log.info("history_missed", server=name, reason=str(error))

    async def _read_user(self, adapter: KeepsHistory, server: ServerKey, user: User) -> None:
        began = self._now()
        async with self._pool.connection() as c:
            before = await plays.read_at(c, server, user.id)
        if before is not None and began - before < _EVERY:
            return
        since = before - _OVERLAP if before is not None else began - _FIRST
        async for some in _in_pages(adapter, user, since):
            async with self._pool.connection() as c:
                await plays.put(c, server, user.id, some)
        async with self._pool.connection() as c:
            await plays.note_reading(c, server, user.id, user.name, began)


async def _in_pages(adapter: KeepsHistory, user: User, since: datetime) -> AsyncIterator[list[Played]]:
    page: list[Played] = []
    async for play in adapter.plays(user.id, since):
        if not play.skipped:
            page.append(Played(play.track_id, play.at, play.count))
        if len(page) == _AT_ONCE:
            yield page
            page = []
    if page:
        yield page
