"""One person's music on two servers: heard once, and the same playlist on both, with each one's ids."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from segue import publishing
from segue.library.taking import take_in
from segue.model import Quality, RecordingId, ServerKey, TrackId
from segue.publishing import Journal, Wanted, shelf_of
from segue.publishing.asked import Wish
from segue.registry import Registry, find_plugins
from segue.sdk import ReadsPlaylists
from segue.sdk.testing import World
from segue.store import copies, playlists, recordings, tracks
from segue.store.playlists import Kind, NewPlaylist
from segue.store.pool import Pool
from segue.vault import Vault
from tests.adapters.lyrion import real as lyrion
from tests.adapters.navidrome import real as supysonic
from tests.fakes.lyrion import FakeLyrion, serving

OWNER = "test/1"


@dataclass
class Two:
    """Two servers that show the same world."""

    pool: Pool
    registry: Registry
    servers: Mapping[str, ServerKey]

    async def take_in(self) -> None:
        for key in self.servers.values():
            adapter = await self.registry.adapter(key)
            listed = [track async for track in adapter.walk()]
            async with self.pool.connection() as c:
                await take_in(c, key, listed, quality=Quality.FAST)

    async def ids(self, server: str, wanted: Sequence[RecordingId]) -> list[TrackId]:
        async with self.pool.connection() as c:
            rows = await tracks.list_(c, server=self.servers[server])
        by_recording = {row.recording_id: row.track_id for row in rows}
        return [by_recording[one] for one in wanted]

    async def publish(self) -> None:
        for key in self.servers.values():
            async with self.pool.connection() as c:
                await copies.want_look(c)
                await c.execute("update publishing set due_at = now() + interval '1 day'")
                await c.execute("update publishing set due_at = now() where server_id = %s", [key])
            async with self.pool.connection() as c:
                look = await copies.claim(c, owner=OWNER, seconds=60)
            assert look is not None
            assert look.server == key
            shelf = shelf_of(await self.registry.adapter(key))
            assert shelf is not None
            journal = Journal(pool=self.pool, look=look, owner=OWNER, grace_hours=1)
            done = await publishing.look(shelf, journal, _fill_nothing, Wanted(songs=8))
            async with self.pool.connection() as c:
                await copies.finish(c, look, OWNER, seconds=0, known=done.known)

    async def shown(self, server: str) -> dict[str, list[TrackId]]:
        adapter = await self.registry.adapter(self.servers[server])
        assert isinstance(adapter, ReadsPlaylists)
        headers = [header async for header in adapter.playlists()]
        return {header.name: list(await adapter.entries(header.id)) for header in headers}


async def _fill_nothing(wish: Wish) -> Sequence[RecordingId]:
    return []


@pytest.fixture(params=["fake", "real"])
async def two(
    request: pytest.FixtureRequest, pool: Pool, tmp_path: Path, pytestconfig: pytest.Config
) -> AsyncIterator[Two]:
    world = World.small(tmp_path / "music")
    registry = Registry(
        pool=pool, vault=Vault(tmp_path / "key"), scratch=tmp_path / "scratch", plugins=find_plugins()
    )
    async with AsyncExitStack() as stack:
        stack.push_async_callback(registry.close)
        here = {"path": str(world.root)}
        if request.param == "fake":
            lists = tmp_path / "lists"
            lists.mkdir()
            fake = FakeLyrion(world)
            await stack.enter_async_context(serving(fake))
            told: dict[str, dict[str, object]] = {
                "folder": {**here, "playlists": str(lists)},
                "lyrion": {"url": fake.url, "cli_port": fake.cli_port, **here},
            }
        else:
            folder, python = lyrion.source(pytestconfig), supysonic.interpreter(pytestconfig)
            one = await stack.enter_async_context(lyrion.running(folder, tmp_path / "lyrion", world.root))
            other = await stack.enter_async_context(
                supysonic.running(python, tmp_path / "supysonic", {"Music": world.root})
            )
            told = {"navidrome": {**other.options, **here}, "lyrion": {**one.options, **here}}
        servers = {}
        for kind, options in told.items():
            added = await registry.add(kind, kind, options)
            assert added is not None
            servers[kind] = added.id
        yield Two(pool, registry, servers)


async def test_one_library_on_two_servers(two: Two) -> None:
    await two.take_in()
    async with two.pool.connection() as c:
        claims = await recordings.claim(c, owner="test", limit=100, seconds=60)
        rows = await tracks.list_(c)
    assert (len(rows), len(claims)) == (14, 7)
    wanted, playlist = [claim.recording for claim in claims[:4]], None
    for chosen in (wanted, wanted[1:][::-1]):
        async with two.pool.connection() as c:
            playlist = playlist or await playlists.create(c, NewPlaylist(name="Evening", kind=Kind.STATIC))
            await playlists.add_version(c, playlist, chosen)
        await two.publish()
        for server in two.servers:
            assert await two.shown(server) == {"Evening": await two.ids(server, chosen)}
    assert len({tuple(await two.ids(server, wanted)) for server in two.servers}) == 2
