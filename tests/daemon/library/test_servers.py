"""Servers in PostgreSQL."""

import asyncio

from segue.store import servers
from segue.store.pool import Pool
from segue.store.servers import ServerState
from tests.daemon.library.rows import add_server


async def test_a_name_is_taken_once(pool: Pool) -> None:
    async with pool.connection() as c:
        await add_server(c, "attic")
        again = await servers.insert(
            c, name="attic", kind="mpd", origin="api", config_sealed=b"", hook_secret_sealed=b""
        )
        assert again is None
        found = await servers.by_name(c, "attic")
        assert found is not None
        assert (found.kind, found.state, found.withdrawn) == ("folder", ServerState.NEW, False)
        assert [one.name for one in await servers.list_(c)] == ["attic"]


async def test_a_change_of_state_is_news_once(pool: Pool) -> None:
    async with pool.connection() as c:
        server = await add_server(c)

    async def lose() -> bool:
        async with pool.connection() as c:
            return await servers.set_state(c, server, ServerState.LOST, error="No answer.")

    assert sorted(await asyncio.gather(*(lose() for _ in range(8)))) == [False] * 7 + [True]
    async with pool.connection() as c:
        before = await servers.get(c, server)
        assert not await servers.set_state(c, server, ServerState.LOST, error="Another reason.")
        after = await servers.get(c, server)
        assert before and after
        assert (after.state_since, after.last_error) == (before.state_since, "Another reason.")
        assert await servers.set_state(c, server, ServerState.CONNECTED)
        assert (await servers.get(c, server)).last_error is None  # type: ignore[union-attr]


async def test_one_process_listens_at_a_time(pool: Pool) -> None:
    async with pool.connection() as c:
        server = await add_server(c)
        assert await servers.claim_feed(c, server, "one", seconds=60)
        assert not await servers.claim_feed(c, server, "two", seconds=60)
        assert await servers.claim_feed(c, server, "one", seconds=-1)
        assert await servers.claim_feed(c, server, "two", seconds=60)
        await servers.release_feed(c, server, "one")
        assert not await servers.claim_feed(c, server, "three", seconds=60)
        await servers.release_feed(c, server, "two")
        assert await servers.claim_feed(c, server, "three", seconds=60)
