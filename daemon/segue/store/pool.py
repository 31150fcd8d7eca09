"""Connections to PostgreSQL: short transactions, bounded waits, healed after a restart."""

import asyncio
import select
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import monotonic
from weakref import WeakKeyDictionary

from psycopg import AsyncConnection, InterfaceError, OperationalError
from psycopg.conninfo import make_conninfo
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool

Connection = AsyncConnection[TupleRow]
Pool = AsyncConnectionPool[Connection]

# The database is away, too busy or gave up: nobody's fault here, so try again later.
DATABASE_FAULTS = (OperationalError, InterfaceError)

__all__ = ["DATABASE_FAULTS", "Connection", "Pool", "conninfo", "open_pool", "reading"]


@asynccontextmanager
async def open_pool(
    dsn: str, *, max_size: int, min_size: int = 1, wait_seconds: float = 30
) -> AsyncIterator[Pool]:
    """A pool for as long as the block lasts; it does not wait for the database to be there."""
    pool = _CancellablePool(
        conninfo(dsn),
        min_size=min(min_size, max_size),
        max_size=max_size,
        timeout=wait_seconds,
        reconnect_timeout=5,
        max_idle=120,
        open=False,
        check=_check,  # else the first calls after a restart fail
    )
    await pool.open()
    try:
        yield pool
    finally:
        await pool.close(timeout=5)


@asynccontextmanager
async def reading(pool: Pool) -> AsyncIterator[Connection]:
    """For single questions: each is a transaction of its own, so that beginning and ending cost nothing."""
    async with pool.connection() as c:
        await c.set_autocommit(True)
        try:
            yield c
        finally:
            await c.set_autocommit(False)


_TRUSTED_SECONDS = 2.0


async def _check(c: Connection) -> None:
    """Ask the database only where the line itself does not tell: a question costs as much as an answer.

    A database that ended a session has said so on the line; a host that is lost says nothing, so
    after a rest the line is tried.
    """
    now = monotonic()
    if now - _checked.get(c, -_TRUSTED_SECONDS) < _TRUSTED_SECONDS and _is_silent(c):
        return
    await AsyncConnectionPool.check_connection(c)
    _checked[c] = now


_checked: WeakKeyDictionary[Connection, float] = WeakKeyDictionary()


def _is_silent(c: Connection) -> bool:
    """Whether nothing waits to be read, not even an end."""
    line = select.poll()
    line.register(c.fileno(), select.POLLIN)
    return not line.poll(0)


class _CancellablePool(AsyncConnectionPool[Connection]):
    """On Python 3.11 `asyncio.wait_for`, and with it the pool, may lose a cancel in the moment when a
    connection comes free; the task would never end."""

    async def getconn(self, timeout: float | None = None) -> Connection:
        task = asyncio.current_task()
        before = task.cancelling() if task else 0
        connection = await super().getconn(timeout)
        if task and task.cancelling() > before:
            await self.putconn(connection)
            raise asyncio.CancelledError
        return connection


def conninfo(dsn: str, *, statement_seconds: int = 60, idle_seconds: int = 60) -> str:
    """The address with time limits, so that neither a lost host nor a forgotten transaction blocks others."""
    return make_conninfo(
        dsn,
        connect_timeout=10,
        application_name="segue",
        keepalives_idle=30,
        keepalives_interval=10,
        keepalives_count=3,
        options=_OPTIONS.format(statement=statement_seconds, idle=idle_seconds),
    )


_OPTIONS = "-c timezone=UTC -c statement_timeout={statement}s -c idle_in_transaction_session_timeout={idle}s"
