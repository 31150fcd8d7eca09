"""The pool: cancels count, restarts heal, nothing waits for ever."""

import asyncio
import random
from functools import partial

import pytest
from psycopg import AsyncConnection, errors

from segue.sdk.testing import until
from segue.store.pool import Pool, open_pool


async def test_a_cancel_is_never_lost(database_url: str) -> None:
    async with open_pool(database_url, max_size=2) as pool:

        async def for_ever() -> None:
            while True:
                async with pool.connection() as c:
                    await c.execute("select pg_sleep(0.001)")

        for _ in range(100):
            tasks = [asyncio.create_task(for_ever()) for _ in range(4)]
            await asyncio.sleep(random.uniform(0, 0.01))
            for task in tasks:
                task.cancel()
            _, hanging = await asyncio.wait(tasks, timeout=10)
            assert not hanging


async def test_a_pool_opens_without_a_database() -> None:
    async with open_pool("postgresql://nobody@/none?host=/nowhere", max_size=1, wait_seconds=0.1) as pool:
        with pytest.raises(errors.OperationalError):
            async with pool.connection():
                pass


async def test_connections_have_limits_and_speak_utc(pool: Pool) -> None:
    async with pool.connection() as c:
        for name, value in (
            ("statement_timeout", "1min"),
            ("idle_in_transaction_session_timeout", "1min"),
            ("timezone", "UTC"),
            ("application_name", "segue"),
        ):
            cursor = await c.execute("select current_setting(%s)", [name])
            assert await cursor.fetchone() == (value,)


async def test_a_connection_that_the_server_closed_is_replaced(pool: Pool) -> None:
    async with pool.connection() as c:
        await c.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid()"
        )
    for _ in range(3):
        async with pool.connection() as c:
            await c.execute("select 1")


async def test_a_connection_that_ended_just_after_its_use_is_replaced(pool: Pool, database_url: str) -> None:
    async with await AsyncConnection.connect(database_url, autocommit=True) as killer:
        for _ in range(3):
            async with pool.connection() as c:
                process = c.info.backend_pid
            await killer.execute("select pg_terminate_backend(%s)", [process])
            await until(partial(_is_gone, killer, process))
            async with pool.connection() as c:
                await c.execute("select 1")


async def _is_gone(c: AsyncConnection, process: int) -> bool:
    cursor = await c.execute("select from pg_stat_activity where pid = %s", [process])
    return await cursor.fetchone() is None
