"""Jellyfin, Emby and Lyrion fail in every way we know of, before the whole daemon: no track is lost by it."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from segue.sdk.testing import Song, World, until
from segue.store.pool import Pool
from tests.adapters.lyrion import real
from tests.fakes import emby, jellyfin, lyrion, mediabrowser
from tests.fakes.faulty import CUT, Fault, FaultyLine, faulty_line, http
from tests.faults.daemon import Daemon, running_daemon
from tests.faults.test_servers import say

Act = Callable[[], Awaitable[None]]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

_JSON = "Content-Type: application/json"
_PAGE = http("200 OK", "<html>Back soon</html>", "Content-Type: text/html")
_BROKEN = http("500 Internal Server Error", "Error processing request.")
_UNKNOWN = http("401 Unauthorized", "", 'WWW-Authenticate: Basic realm="Music"')
_HALF = {
    "mediabrowser": '{"Items":[{"Name":"Dawn","Type":"Audio","Id":"8a49fc1',
    "lyrion": '{"id":1,"method":"slim.request","result":{"count":7,"titles_loop":[{"id":51,"ti',
}
_EMPTY = {
    "mediabrowser": '{"Items":[],"TotalRecordCount":0,"StartIndex":0}',
    "lyrion": '{"id":1,"method":"slim.request","params":["",["titles"]],"result":{"count":0}}',
}
_LISTING = {"mediabrowser": b"ncludeItemTypes=Audio", "lyrion": b'"titles"'}


def _faults(dialect: str) -> dict[str, Fault]:
    listing = _LISTING[dialect]
    return {
        "cut": CUT,
        "garbage": Fault(answer=b"\x00\xff what is this \x17\x03\x03"),
        "a page of somebody else": Fault(answer=_PAGE),
        "500": Fault(answer=_BROKEN),
        "429": Fault(answer=http("429 Too Many Requests", "", "Retry-After: 1")),
        "503 of a server that starts": Fault(answer=http("503 Service Unavailable", "", "Retry-After: 1")),
        "half a page": Fault(answer=http("200 OK", _HALF[dialect], _JSON), heard=listing),
        "500 for the listing only": Fault(answer=_BROKEN, heard=listing),
        "hung up at the listing": Fault(heard=listing),
        "cut amid the listing": Fault(after_bytes=2500, heard=listing),
        "an empty library": Fault(answer=http("200 OK", _EMPTY[dialect], _JSON), heard=listing),
        "wrong password": Fault(answer=_UNKNOWN),
    }


@dataclass(kw_only=True)
class _Far:
    """A server whose ports change when it is restarted, as the lines to it do not."""

    options: dict[str, object]
    ports: Callable[[], tuple[int, int]]
    refresh: Act
    stop: Act
    start: Act


@dataclass(kw_only=True)
class Room:
    """One server behind a line that can be spoilt, and what the daemon knows of it."""

    name: str
    line: FaultyLine
    world: World
    refresh: Act
    stop: Act
    start: Act
    faults: dict[str, Fault]
    pool: Pool
    daemon: Daemon = field(init=False)

    async def present(self) -> int:
        return await self._count("tracks where missing_since is null and")

    async def missing(self) -> int:
        return await self._count("tracks where missing_since is not null and")

    async def nobody_walks(self) -> bool:
        return await self._count("runs where lease_owner is not null and") == 0

    async def is_state(self, *states: str) -> bool:
        async with self.pool.connection() as c:
            row = await (await c.execute("select state from servers where name = %s", [self.name])).fetchone()
        return row is not None and row[0] in states

    async def fails(self, *states: str) -> bool:
        """Whether a walk has failed; one that was on its way before the fault may have ended well."""
        await self.ask_for_walk()
        return await self.is_state(*states)

    async def is_met(self, times: int) -> bool:
        """Whether walks have met the fault so often."""
        await self.ask_for_walk()
        return self.line.spoilt >= times

    async def is_whole(self) -> bool:
        return await self.present() == len(self.world.songs) and await self.is_state("connected")

    async def await_all(self) -> float:
        """Until every song of the world is listed and the server connected."""
        began = time.monotonic()
        await until(self.is_whole, seconds=120, every=0.1)
        return time.monotonic() - began

    async def ask_for_walk(self) -> None:
        await self.daemon.ask_for_walk(self.name)

    def states_told(self) -> list[dict[str, Any]]:
        return [line for line in self.daemon.states_told() if line["server"] == self.name]

    async def _count(self, rows: str) -> int:
        mine = "server_id = (select id from servers where name = %s)"
        async with self.pool.connection() as c:
            row = await (await c.execute(f"select count(*) from {rows} {mine}", [self.name])).fetchone()
        assert row is not None
        return int(row[0])


@asynccontextmanager
async def _mediabrowser(kind: str, world: World) -> AsyncIterator[_Far]:
    fake = emby.shown(world) if kind == "emby" else jellyfin.shown(world)

    async def refresh() -> None:
        fake.scan()

    def ports() -> tuple[int, int]:
        return int(fake.url.rpartition(":")[2]), 0

    access = {"username": mediabrowser.USER, "password": mediabrowser.PASSWORD}
    async with _restarting(partial(mediabrowser.serving, fake)) as (stop, start):
        yield _Far(options=dict(access), ports=ports, refresh=refresh, stop=stop, start=start)


@asynccontextmanager
async def _lyrion(world: World) -> AsyncIterator[_Far]:
    fake = lyrion.FakeLyrion(world)

    def ports() -> tuple[int, int]:
        return int(fake.url.rpartition(":")[2]), fake.cli_port

    async with _restarting(partial(lyrion.serving, fake)) as (stop, start):
        yield _Far(options={}, ports=ports, refresh=fake.rescan, stop=stop, start=start)


@asynccontextmanager
async def _real_lyrion(source: Path, home: Path, world: World) -> AsyncIterator[_Far]:
    async with real.running(source, home, world.root) as server:
        yield _Far(
            options={},
            ports=lambda: (server.port, server.cli_port),
            refresh=server.refresh,
            stop=server.stop,
            start=server.start,
        )


@asynccontextmanager
async def _restarting(serving: Callable[[], Any]) -> AsyncIterator[tuple[Act, Act]]:
    """Serves; what is given stops that, and serves again."""
    async with AsyncExitStack() as stack:
        stops: list[Act] = [await stack.enter_async_context(serving())]

        async def stop() -> None:
            await stops[-1]()

        async def start() -> None:
            stops.append(await stack.enter_async_context(serving()))

        yield stop, start


@asynccontextmanager
async def _room(name: str, far: _Far, world: World, pool: Pool) -> AsyncIterator[tuple[Room, dict[str, str]]]:
    """The room without its daemon, and the settings that the daemon needs for it."""
    async with AsyncExitStack() as stack:
        lines = [await stack.enter_async_context(faulty_line(("127.0.0.1", port))) for port in far.ports()]

        async def start() -> None:
            await far.start()
            for line, port in zip(lines, far.ports(), strict=True):
                line.target = "127.0.0.1", port

        options = {"kind": name, "url": f"http://127.0.0.1:{lines[0].port}", **far.options}
        if name == "lyrion":
            options["cli_port"] = lines[1].port
        room = Room(
            name=name, line=lines[0], world=world, refresh=far.refresh, stop=far.stop, start=start,
            faults=_faults("lyrion" if name == "lyrion" else "mediabrowser"), pool=pool,
        )  # fmt: skip
        prefix = f"SEGUE_SERVERS__{name.upper()}__"
        yield room, {f"{prefix}{key.upper()}": str(value) for key, value in options.items()}


@asynccontextmanager
async def _far(name: str, folder: Path, world: World, source: Path | None) -> AsyncIterator[_Far]:
    if source is not None:
        way = _real_lyrion(source, folder / "home", world)
    else:
        way = _lyrion(world) if name == "lyrion" else _mediabrowser(name, world)
    async with way as far:
        yield far


@pytest.fixture(params=["fakes", "real lyrion"])
async def rooms(
    request: pytest.FixtureRequest, pool: Pool, database_url: str, redis_url: str, tmp_path: Path
) -> AsyncIterator[Sequence[Room]]:
    """One daemon that listens to all of them at once."""
    source = real.source(request.config) if request.param == "real lyrion" else None
    names = ["lyrion"] if source is not None else ["jellyfin", "emby", "lyrion"]
    async with AsyncExitStack() as stack:
        found, settings = list[Room](), dict[str, str]()
        for name in names:
            world = World.small(tmp_path / name)
            far = await stack.enter_async_context(_far(name, tmp_path, world, source))
            room, told = await stack.enter_async_context(_room(name, far, world, pool))
            found.append(room)
            settings |= told
        daemon = stack.enter_context(
            running_daemon(
                tmp_path / "daemon",
                database=database_url,
                redis=redis_url,
                work=["--queue", "light"],
                **settings,
            )
        )
        for room in found:
            room.daemon = daemon
        await _for_all(found, Room.await_all)
        yield found


async def test_no_fault_loses_a_track(rooms: Sequence[Room]) -> None:
    await _for_all(rooms, _endure)


async def test_a_stopped_server_is_awaited(rooms: Sequence[Room]) -> None:
    async def come_back(room: Room) -> None:
        await room.stop()
        room.line.cut()
        await until(partial(room.fails, "lost"), seconds=120, every=0.5)
        room.world.add(_late(0))
        await room.start()
        await room.refresh()
        say(f"{room.name}: listed {await room.await_all():.1f} s after it was back")
        assert await room.missing() == 0

    await _for_all(rooms, come_back)


async def test_daemon_and_worker_killed_amid_walks_go_on(rooms: Sequence[Room]) -> None:
    async def walk(room: Room) -> None:
        room.line.spoil(room.faults["500 for the listing only"])  # so that the walk lasts
        await until(partial(room.is_met, 1), seconds=120, every=0.5)

    async def come_back(room: Room) -> None:
        say(f"{room.name}: listed {await room.await_all():.1f} s after both were killed")
        assert await room.missing() == 0

    await _for_all(rooms, walk)
    daemon = rooms[0].daemon
    daemon.kill("work")
    daemon.kill("serve")
    for room in rooms:
        room.world.add(_late(0))
        room.line.spoil(None)
        await room.refresh()
    daemon.start()
    await _for_all(rooms, come_back)


async def _endure(room: Room) -> None:
    """Every fault in turn, each for a while; a new song shows that all is well after it."""
    for number, (name, fault) in enumerate(room.faults.items()):
        before = len(room.states_told())
        room.line.spoil(fault)
        await until(partial(room.fails, *_states(name)), seconds=120, every=0.5)
        met = room.line.spoilt  # it lasts, and is met again
        await until(partial(room.is_met, met + 2), seconds=120, every=0.5)
        await until(room.nobody_walks, seconds=120)
        assert await room.missing() == 0, name
        room.line.spoil(None)
        room.world.add(_late(number))
        await room.refresh()
        await room.ask_for_walk()
        seconds = await room.await_all()
        assert await room.missing() == 0, name
        told = room.states_told()[before:]
        said = [f"{line['event']} ({line.get('reason', '')})" for line in told]
        say(f"{room.name}, {name}: {'; '.join(said)}; whole after {seconds:.1f} s")


async def _for_all(rooms: Sequence[Room], act: Callable[[Room], Coroutine[Any, Any, object]]) -> None:
    async with asyncio.TaskGroup() as tasks:
        for room in rooms:
            tasks.create_task(act(room))


def _late(number: int) -> Song:
    return Song(
        artist="Late", album="Late", title=f"Late {number}", number=number + 10, hertz=500 + 20 * number
    )


def _states(name: str) -> tuple[str, ...]:
    return ("refused",) if name == "wrong password" else ("lost", "broken")
