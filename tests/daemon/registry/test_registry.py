"""Connections are opened when used, kept, shared, and judged by what they raise."""

import asyncio
from collections.abc import Callable

import pytest
from structlog.testing import capture_logs

from segue.model import ServerKey, TrackId
from segue.registry import Registry, ServerBroken
from segue.sdk import AuthFailed, Malformed, NotFound, Unavailable
from segue.sdk.testing import until
from segue.store import servers
from segue.store.pool import Pool
from segue.store.servers import Server, ServerState
from tests.daemon.registry.conftest import Stub


async def _add(registry: Registry, **options: object) -> Server:
    added = await registry.add("attic", "stub", options)
    assert added is not None
    return added


async def _row(pool: Pool, server: ServerKey) -> Server:
    async with pool.connection() as c:
        row = await servers.get(c, server)
    assert row is not None
    return row


async def test_a_connection_is_opened_when_used_and_kept(registry: Registry, stub: Stub, pool: Pool) -> None:
    server = await _add(registry)
    assert (stub.opened, server.state) == (0, ServerState.NEW)

    async def use() -> None:
        async with registry.using(server.id):
            pass

    await asyncio.gather(*(use() for _ in range(5)))
    assert (stub.opened, stub.probes) == (1, 1)
    row = await _row(pool, server.id)
    assert (row.state, row.product, row.product_version) == (ServerState.CONNECTED, "Stub", "1")
    await registry.close()
    assert stub.closed == 1


@pytest.mark.parametrize(
    ("fault", "state"),
    [
        (Unavailable("No answer."), ServerState.LOST),
        (AuthFailed("Wrong password."), ServerState.REFUSED),
        (Malformed("Not JSON."), ServerState.BROKEN),
        (KeyError("oops"), ServerState.BROKEN),
    ],
)
async def test_a_fault_while_connecting_is_a_state(
    registry: Registry, stub: Stub, pool: Pool, fault: Exception, state: ServerState
) -> None:
    server = await _add(registry)
    stub.fault = fault
    with pytest.raises((Unavailable, AuthFailed, ServerBroken)):
        async with registry.using(server.id):
            pytest.fail("There is no adapter to use.")
    row = await _row(pool, server.id)
    assert row.state is state
    assert row.last_error and str(fault).strip("'") in row.last_error
    stub.fault = None
    async with registry.using(server.id):
        pass
    assert (await _row(pool, server.id)).state is ServerState.CONNECTED


async def test_each_change_of_state_is_one_line_over_all_processes(
    new_registry: Callable[[], Registry], stub: Stub
) -> None:
    one, two = new_registry(), new_registry()
    server = await _add(one)
    with capture_logs() as lines:
        for fault in (None, Unavailable("No answer."), None, Unavailable("No answer.")):
            stub.fault = fault
            for registry in (one, two, one, two):
                try:
                    async with registry.using(server.id) as adapter:
                        await adapter.get(TrackId("x"))
                except (Unavailable, NotFound):
                    pass
                if fault is None:
                    async with registry.using(server.id):
                        pass
    told = [line["event"] for line in lines]
    assert told == ["server_connected", "server_lost", "server_connected", "server_lost"]


async def test_what_concerns_one_track_does_not_change_the_state(
    registry: Registry, stub: Stub, pool: Pool
) -> None:
    server = await _add(registry)
    async with registry.using(server.id):
        pass
    with pytest.raises(NotFound):
        async with registry.using(server.id) as adapter:
            await adapter.get(TrackId("x"))
    assert (await _row(pool, server.id)).state is ServerState.CONNECTED


async def test_what_fails_while_the_server_answers_is_no_state_of_it(registry: Registry, pool: Pool) -> None:
    server = await _add(registry)
    with capture_logs() as lines:
        for error in (Unavailable("This file cannot be sent."), AuthFailed("No right to download.")):
            with pytest.raises(type(error)):
                async with registry.using(server.id):
                    raise error
    assert [line["event"] for line in lines] == ["server_connected"]
    assert (await _row(pool, server.id)).state is ServerState.CONNECTED


async def test_a_listing_that_fails_is_told_once_and_over_when_one_succeeds(
    new_registry: Callable[[], Registry], pool: Pool
) -> None:
    one, two = new_registry(), new_registry()
    server = await _add(one)
    with capture_logs() as lines:
        for _ in range(3):
            with pytest.raises(Unavailable):
                async with one.using(server.id, walking=True):
                    raise Unavailable("It breaks off.")
            async with two.using(server.id):
                pass
        row = await _row(pool, server.id)
        assert (row.state, row.last_error, row.fault_in) == (ServerState.LOST, "It breaks off.", "walk")
        async with one.using(server.id, walking=True):
            pass
        assert (await _row(pool, server.id)).fault_in is None
    assert [line["event"] for line in lines] == ["server_connected", "server_lost", "server_connected"]


async def test_one_fault_is_told_as_what_it_is(registry: Registry, stub: Stub, pool: Pool) -> None:
    server = await _add(registry)
    with capture_logs() as lines:
        with pytest.raises(Unavailable):
            async with registry.using(server.id, walking=True):
                stub.fault = AuthFailed("Wrong password.")
                raise Unavailable("The line was cut.")
        for walking in (False, True):
            with pytest.raises(AuthFailed):
                async with registry.using(server.id, walking=walking):
                    pytest.fail("There is no adapter to use.")
        stub.fault = None
        async with registry.using(server.id):
            pass
    assert [line["event"] for line in lines] == ["server_connected", "server_refused", "server_connected"]


async def test_a_lost_connection_is_closed_when_its_last_user_is_done(registry: Registry, stub: Stub) -> None:
    server = await _add(registry)
    async with registry.using(server.id):
        with pytest.raises(Unavailable):
            async with registry.using(server.id):
                raise Unavailable("No answer.")
        assert stub.closed == 0
    async with registry.using(server.id):
        pass
    assert (stub.opened, stub.closed) == (2, 1)


async def test_nobody_gets_a_connection_that_was_closed_while_they_waited(
    registry: Registry, stub: Stub, pool: Pool
) -> None:
    server = await _add(registry)

    async def use() -> int:
        async with registry.using(server.id):
            return stub.closed

    async with pool.connection() as c:
        await c.execute("select 1 from servers for update")  # the first user waits to note its product
        first = asyncio.create_task(use())
        await until(lambda: _opened(stub))
        failing = asyncio.create_task(_fail(registry, server.id))
        await asyncio.wait({first}, timeout=0.3)
    assert await first == 0
    await failing


async def test_other_settings_mean_another_connection_in_every_process(
    new_registry: Callable[[], Registry], stub: Stub
) -> None:
    one, two = new_registry(), new_registry()
    server = await _add(one)
    async with one.using(server.id), two.using(server.id):
        pass
    await one.change(server, "stub", {"url": "http://other"}, origin="api")
    async with one.using(server.id), two.using(server.id):
        pass
    assert stub.opened == 4


async def test_a_removed_server_is_broken_for_those_who_still_ask(registry: Registry) -> None:
    server = await _add(registry)
    assert await registry.remove(server.id)
    with pytest.raises(ServerBroken):
        async with registry.using(server.id):
            pass


async def test_secrets_are_sealed_and_shown_as_stars(registry: Registry, pool: Pool) -> None:
    server = await _add(registry, password="hunter2")
    assert b"hunter2" not in server.config_sealed
    assert registry.options(server) == {"password": "hunter2"}
    assert registry.shown_options(server) == {"password": "**********"}
    assert len(registry.hook_secret(server)) >= 32


async def test_trying_out_keeps_nothing(registry: Registry, stub: Stub, pool: Pool) -> None:
    info, can = await registry.try_out("stub", {})
    assert (info.product, can) == ("Stub", ())
    assert (stub.opened, stub.closed) == (1, 1)
    async with pool.connection() as c:
        assert await servers.list_(c) == []


async def _opened(stub: Stub) -> bool:
    return stub.probes > 0


async def _fail(registry: Registry, server: ServerKey) -> None:
    with pytest.raises(Unavailable):
        async with registry.using(server):
            raise Unavailable("No answer.")
