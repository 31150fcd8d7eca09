"""Migrations: each once, in order, by whoever comes first; a strange database is refused."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest
from psycopg import AsyncConnection

from segue.store.migrate import MigrationError, apply, migrate, migrations, pending


@pytest.fixture
def empty_database(new_database: Callable[..., str]) -> str:
    return new_database(template="template0")


async def test_an_empty_database_gets_all_and_then_nothing(empty_database: str) -> None:
    applied = await migrate(empty_database)
    assert len(applied) == len(migrations())
    assert applied == sorted(applied)
    assert await migrate(empty_database) == []
    async with await AsyncConnection.connect(empty_database) as c:
        assert await pending(c) == []


async def test_processes_that_start_at_once_apply_each_migration_once(empty_database: str) -> None:
    applied = await asyncio.gather(*(migrate(empty_database) for _ in range(4)))
    assert sorted(len(names) for names in applied) == [0, 0, 0, len(migrations())]


async def test_pending_names_what_a_database_lacks(empty_database: str) -> None:
    async with await AsyncConnection.connect(empty_database, autocommit=True) as c:
        assert len(await pending(c)) == len(migrations())
        await apply(c, migrations()[:2])
        assert await pending(c) == [f"{m.number:04d}_{m.name}" for m in migrations()[2:]]


async def test_a_failing_migration_leaves_nothing_behind(empty_database: str) -> None:
    broken = replace(migrations()[1], sql=b"create table half (id int); select 1 / 0;")
    async with await AsyncConnection.connect(empty_database, autocommit=True) as c:
        with pytest.raises(Exception, match="division by zero"):
            await apply(c, [migrations()[0], broken])
        cursor = await c.execute("select to_regclass('half') is null and to_regclass('servers') is not null")
        assert await cursor.fetchone() == (True,)
        assert len(await apply(c, migrations())) == len(migrations()) - 1


async def test_an_altered_or_newer_database_is_refused(empty_database: str) -> None:
    await migrate(empty_database)
    altered = [replace(migrations()[0], sql=b"select 1"), *migrations()[1:]]
    async with await AsyncConnection.connect(empty_database, autocommit=True) as c:
        with pytest.raises(MigrationError, match="unaltered release"):
            await apply(c, altered)
        with pytest.raises(MigrationError, match="newer version"):
            await apply(c, migrations()[:-1])


async def test_embeddings_are_stamped_anew_in_another_cluster(empty_database: str) -> None:
    await migrate(empty_database)
    async with await AsyncConnection.connect(empty_database, autocommit=True) as c:
        await c.execute("insert into spaces (name, dimensions) values ('s', 1)")
        await c.execute(
            "insert into embeddings (space_id, recording_id, vector) select id, 7, 'x' from spaces"
        )
        await c.execute("update cluster_identity set system_identifier = 1")
        before = await (await c.execute("select tx, change from embeddings")).fetchone()
        await migrate(empty_database)
        after = await (await c.execute("select tx, change from embeddings")).fetchone()
        assert before is not None
        assert after is not None
        assert after > before
        await migrate(empty_database)
        assert await (await c.execute("select tx, change from embeddings")).fetchone() == after
