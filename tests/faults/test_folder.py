"""A folder of music before the whole daemon: it is taken away and put back, and an album is copied in."""

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from segue.sdk.testing import Song, World, until
from segue.store.pool import Pool
from tests.faults.daemon import Daemon, running_daemon
from tests.faults.test_servers import say

pytestmark = [pytest.mark.faults, pytest.mark.slow, pytest.mark.timeout(300)]


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A folder, and the daemon that watches it."""

    world: World
    daemon: Daemon
    pool: Pool

    async def count(self, condition: str) -> int:
        async with self.pool.connection() as c:
            row = await (
                await c.execute(f"select count(*) from tracks where {condition}".encode())
            ).fetchone()
        assert row is not None
        return int(row[0])

    async def is_whole(self) -> bool:
        return await self.count("missing_since is null") == len(self.world.songs)

    async def is_state(self, state: str) -> bool:
        async with self.pool.connection() as c:
            row = await (await c.execute("select state from servers")).fetchone()
        return row is not None and row[0] == state


@pytest.fixture
async def stage(pool: Pool, database_url: str, redis_url: str, tmp_path: Path) -> AsyncIterator[Stage]:
    world = World.small(tmp_path / "music")
    with running_daemon(
        tmp_path / "daemon",
        database=database_url,
        redis=redis_url,
        work=["--queue", "light"],
        SEGUE_SERVERS__ATTIC__KIND="folder",
        SEGUE_SERVERS__ATTIC__PATH=str(world.root),
    ) as daemon:
        stage = Stage(world=world, daemon=daemon, pool=pool)
        await until(stage.is_whole, seconds=90)
        yield stage


async def test_an_album_is_listed_as_it_is_copied_in(stage: Stage) -> None:
    for number in range(1, 13):
        stage.world.add(
            Song(artist="Late", album="Late", title=f"Late {number}", number=number, hertz=500 + number)
        )
    began = time.monotonic()
    await until(stage.is_whole, seconds=60)
    say(f"\nan album of twelve: {time.monotonic() - began:.2f} s")
    folder = stage.world.root / "Late"
    folder.rename(stage.world.root / "Later")
    began = time.monotonic()
    await until(lambda: _moved(stage), seconds=60)
    say(f"its folder renamed: {time.monotonic() - began:.2f} s")
    await until(lambda: _holds_no_more(stage), seconds=60)  # each keeps its place here
    assert await stage.is_whole()


async def test_a_folder_that_is_taken_away_is_lost_and_no_track_is(stage: Stage) -> None:
    root = stage.world.root
    root.rename(root.with_name("away"))
    await until(lambda: stage.is_state("lost"), seconds=60)
    root.mkdir()  # as where a disk is not mounted
    await until(lambda: _said(stage, "server_lost"), seconds=60)
    assert await stage.count("missing_since is not null") == 0
    root.rmdir()
    root.with_name("away").rename(root)
    began = time.monotonic()
    await until(lambda: stage.is_state("connected"), seconds=90)
    say(f"\nconnected again: {time.monotonic() - began:.1f} s")
    await until(stage.is_whole, seconds=60)
    assert await stage.count("missing_since is not null") == 0
    assert len(stage.daemon.log("server_lost")) == 1


async def _holds_no_more(stage: Stage) -> bool:
    return await stage.count("true") == len(stage.world.songs)


async def _moved(stage: Stage) -> bool:
    return await stage.count("missing_since is null and path like '%/Later/%'") == 12


async def _said(stage: Stage, event: str) -> bool:
    return bool(stage.daemon.log(event))
