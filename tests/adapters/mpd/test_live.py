"""A real MPD that watches its own folder: changes arrive by themselves, and no fault loses a track."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from segue.library.feeds import Feeds, Pace
from segue.library.intake import drain_inbox
from segue.library.walk import walk_server
from segue.model import Quality, ServerKey
from segue.registry import Registry, find_plugins
from segue.sdk import AdapterError
from segue.sdk.testing import Song, World, until
from segue.store import servers, tracks
from segue.store.pool import Connection, Pool
from segue.store.servers import ServerState
from segue.vault import Vault
from tests.adapters.mpd.real import MPD, RealMpd, running

pytestmark = [
    pytest.mark.skipif(MPD is None, reason="no mpd is installed (apt-get install mpd)"),
    pytest.mark.slow,
]

PACE = Pace(look=0.1, first_pause=0.1, longest_pause=0.5, refused_pause=0.5)
LATE = Song(
    artist="Late", album="Late", title="Late", number=1, hertz=500,
    folder="Ada Fern/Low Water",  # MPD misses a file that lies in a new folder before it watches that folder
)  # fmt: skip


@dataclass
class Live:
    """Feeds, and a worker that walks and looks when it is woken."""

    pool: Pool
    registry: Registry
    server: ServerKey
    woken: asyncio.Event = field(default_factory=asyncio.Event)

    async def wake(self, kind: str) -> bool:
        self.woken.set()
        return True

    async def work(self) -> None:
        while True:
            await self.woken.wait()
            self.woken.clear()
            try:
                await drain_inbox(
                    pool=self.pool, registry=self.registry, wake=self.wake, quality=Quality.FAST
                )
                while await self._take_walk():
                    await walk_server(
                        pool=self.pool, registry=self.registry, wake=self._heard, server=self.server,
                        quality=Quality.FAST, report=_report,
                    )  # fmt: skip
            except AdapterError:
                continue  # the feed comes back, and with it the want of a walk

    async def _heard(self, kind: str) -> bool:
        return True

    async def _take_walk(self) -> bool:
        async with self.pool.connection() as c:
            return (await c.execute("delete from runs where kind = 'walk'")).rowcount > 0

    async def titles(self, *, missing: bool = False) -> set[str]:
        async with self.pool.connection() as c:
            return {row.title for row in await tracks.list_(c, server=self.server, missing=missing)}

    async def state(self) -> ServerState:
        async with self.pool.connection() as c:
            row = await servers.get(c, self.server)
        assert row is not None
        return row.state


async def _report(
    c: Connection, *, done: int = 0, total: int | None = None, message: str | None = None
) -> bool:
    return True


@asynccontextmanager
async def _living(pool: Pool, tmp_path: Path, mpd: RealMpd, **options: object) -> AsyncIterator[Live]:
    registry = Registry(
        pool=pool, vault=Vault(tmp_path / "key"), scratch=tmp_path / "scratch", plugins=find_plugins()
    )
    added = await registry.add("room", "mpd", {"host": mpd.socket, **options})
    assert added is not None
    live = Live(pool, registry, added.id)
    feeds = Feeds(pool=pool, registry=registry, wake=live.wake, owner="one", pace=PACE)
    tasks = [asyncio.create_task(feeds.run()), asyncio.create_task(live.work())]
    try:
        yield live
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        await registry.close()


async def _timed(what: str, fact: Callable[[], Awaitable[bool]]) -> None:
    began = time.monotonic()
    await until(fact, seconds=30)
    sys.stdout.write(f"{what}: {time.monotonic() - began:.2f} s\n")


async def test_changes_arrive_by_themselves(pool: Pool, tmp_path: Path) -> None:
    world = World.small(tmp_path / "music")
    async with running(tmp_path / "mpd", world, watches=True) as mpd, _living(pool, tmp_path, mpd) as live:

        async def listed(title: str, there: bool = True) -> bool:
            return (title in await live.titles()) == there

        await _timed("seven songs listed", lambda: _count(live, 7))
        world.add(LATE)
        await _timed("a new song", lambda: listed("Late"))
        await asyncio.sleep(1.1)  # MPD sees a change by its second
        world.retag(LATE, title="Later")
        await _timed("new tags", lambda: listed("Later"))
        world.remove(world.songs[-1])
        await _timed("a removed song", lambda: listed("Later", False))
        assert await live.titles(missing=True) == {"Later"}


async def test_a_server_that_is_killed_and_comes_back_loses_nothing(pool: Pool, tmp_path: Path) -> None:
    world = World.small(tmp_path / "music")
    async with running(tmp_path / "mpd", world) as mpd, _living(pool, tmp_path, mpd) as live:
        await until(lambda: _count(live, 7))
        await until(lambda: _is(live, ServerState.CONNECTED))
        with capture_logs() as lines:
            await mpd.stop()
            await until(lambda: _is(live, ServerState.LOST))
            await asyncio.sleep(1.5)  # several attempts fail meanwhile
            world.add(LATE)
            await mpd.start()
            await mpd.refresh()
            await until(lambda: _count(live, 8))
            await until(lambda: _is(live, ServerState.CONNECTED))
        told = [line["event"] for line in lines if line["event"] in ("server_lost", "server_connected")]
        assert told == ["server_lost", "server_connected"]
        assert await live.titles(missing=True) == set()


async def test_a_wrong_password_is_told_once(pool: Pool, tmp_path: Path) -> None:
    world = World.small(tmp_path / "music")
    rights = 'password "right@read,control"\ndefault_permissions ""\nlocal_permissions ""'
    async with running(tmp_path / "mpd", world, more=rights, password="right") as mpd:
        with capture_logs() as lines:
            async with _living(pool, tmp_path, mpd, password="wrong") as live:
                await until(lambda: _is(live, ServerState.REFUSED))
                await asyncio.sleep(2)
        assert [line["event"] for line in lines].count("server_refused") == 1
        assert "wrong" not in str(lines)


async def _count(live: Live, count: int) -> bool:
    return len(await live.titles()) == count


async def _is(live: Live, state: ServerState) -> bool:
    return await live.state() is state
