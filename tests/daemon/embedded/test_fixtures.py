"""The fixtures that the other tests stand on."""

import redis

from segue.store.pool import Pool


async def test_a_fresh_database_is_migrated(pool: Pool) -> None:
    async with pool.connection() as connection:
        found = await (await connection.execute("select count(*) from recordings")).fetchone()
        await connection.execute("insert into recordings default values")
    assert found == (0,)


async def test_what_one_test_writes_another_does_not_see(pool: Pool) -> None:
    async with pool.connection() as connection:
        found = await (await connection.execute("select count(*) from recordings")).fetchone()
    assert found == (0,)


def test_valkey_is_empty(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        assert client.dbsize() == 0
        client.set("left", "behind")


def test_valkey_is_empty_again(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        assert client.dbsize() == 0
