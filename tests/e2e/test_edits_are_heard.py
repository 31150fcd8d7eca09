"""A list that asks to be filled is noticed at once in a folder and a real MPD, not at the next round."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from segue.library.feeds import Feeds, Pace
from segue.registry import Registry
from segue.sdk.testing import World, until
from segue.store import copies
from segue.store.pool import Pool
from segue_mpd.client import opened
from tests.adapters.mpd.real import MPD, running
from tests.e2e.publishing_worker import registry_of

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(MPD is None, reason="no mpd is installed (apt-get install mpd)"),
]
ROUND_SECONDS = 3600.0


class House:
    """A folder and a real MPD that are listened to, with the next round of looking far away."""

    def __init__(self, pool: Pool, registry: Registry, world: World, folder: Path, socket: str) -> None:
        self.pool = pool
        self.registry = registry
        self.world = world
        self.folder = folder
        self.socket = socket
        self.woken: list[str] = []

    async def wake(self, kind: str) -> bool:
        self.woken.append(kind)
        return True

    async def looked(self) -> None:
        """Every server's playlists were looked at just now."""
        async with self.pool.connection() as c:
            await copies.want_look(c)
            while (look := await copies.claim(c, owner="a", seconds=60)) is not None:
                await copies.finish(c, look, "a", seconds=ROUND_SECONDS, known=())

    async def heard(self, server: str) -> bool:
        async with self.pool.connection() as c:
            cursor = await c.execute(
                """select p.hinted and p.due_at < now() + interval '5 seconds' from publishing p
                    join servers s on s.id = p.server_id where s.name = %s""",
                [server],
            )
            row = await cursor.fetchone()
        return "publish" in self.woken and row is not None and bool(row[0])


@pytest.fixture
async def house(tmp_path: Path, pool: Pool) -> AsyncIterator[House]:
    world = World.small(tmp_path / "music")
    lists = tmp_path / "lists"
    lists.mkdir()
    async with AsyncExitStack() as stack:
        mpd = await stack.enter_async_context(running(tmp_path / "mpd", world))
        registry = registry_of(pool, tmp_path / "data")
        stack.push_async_callback(registry.close)
        await registry.add("folder", "folder", {"path": str(world.root), "playlists": str(lists)})
        await registry.add("mpd", "mpd", {"host": mpd.socket, "path": str(world.root)})
        yield House(pool, registry, world, lists, mpd.socket)


async def test_a_new_list_wakes_publishing(house: House) -> None:
    pace = Pace(look=0.1, first_pause=0.1, longest_pause=0.5)
    feeds = Feeds(pool=house.pool, registry=house.registry, wake=house.wake, owner="a", pace=pace)
    song = house.world.songs[0]
    task = asyncio.create_task(feeds.run())
    try:

        async def listening() -> bool:
            return house.woken.count("walk") >= 2

        await until(listening, seconds=30)
        for server in ("folder", "mpd"):
            await house.looked()
            house.woken.clear()
            began = time.monotonic()
            if server == "folder":
                (house.folder / "~radio.m3u8").write_text(f"{house.world.file(song)}\n")
            else:
                async with opened(house.socket, 0, None) as client:
                    await client.ask("playlistadd", "~radio", song.path)

            async def heard(server: str = server) -> bool:
                return await house.heard(server)

            await until(heard, seconds=30)
            sys.stdout.write(f"{server}: a new list is heard of after {time.monotonic() - began:.2f} s\n")
    finally:
        task.cancel()
        await asyncio.wait([task])
