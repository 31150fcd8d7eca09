"""What people played is read from their servers and keeps songs out of answers."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from segue.jobs.history import HistoryDrain
from segue.jobs.timers import Timers
from segue.model import ServerKey, TrackId, UserId
from segue.registry import Registry
from segue.sdk import AdapterPlugin, Play, ServerConfig, ServerInfo, Toolbox, Unavailable, User
from segue.sdk.testing import until
from segue.store import plays, servers
from segue.store.plays import Played
from segue.store.pool import Pool
from segue.store.servers import ServerState
from segue.vault import Vault
from tests.daemon.store_recordings.rows import add_recording, add_server, add_track

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


async def test_the_last_play_of_each_user_counts(pool: Pool) -> None:
    async with pool.connection() as c:
        one, other = await add_recording(c, track_id="a"), await add_recording(c, track_id="b")
        await add_track(c, one, track_id="again")
        attic = ServerKey(await add_server(c))
        anna, ben = UserId("u1"), UserId("u2")
        day = timedelta(days=1)
        await plays.note_reading(c, attic, anna, "Anna", NOW)
        await plays.note_reading(c, attic, ben, "Ben", NOW)
        told = [
            Played(TrackId("a"), NOW - 9 * day, 1),
            Played(TrackId("again"), NOW - day, 2),
            Played(TrackId("who"), NOW, 1),
        ]
        assert await plays.put(c, attic, anna, told) == 1
        assert await plays.put(c, attic, anna, told) == 0, "told twice is told once"
        await plays.put(c, attic, ben, [Played(TrackId("b"), NOW - 3 * day, 1)])
        assert await plays.since(c, NOW - 2 * day) == [one]
        assert sorted(await plays.since(c, NOW - 4 * day)) == [one, other]
        assert await plays.since(c, NOW - 4 * day, user="Ben") == [other]
        assert await plays.since(c, NOW - 4 * day, server=attic, user="u1") == [one]
        assert await plays.since(c, NOW - 4 * day, user="nobody") == []
        await c.execute("delete from servers")
        assert await plays.since(c, NOW - 4 * day) == []


@dataclass
class Listeners:
    """A server of which only the history matters."""

    plays_of: dict[str, list[Play]]
    asked: list[tuple[UserId, datetime]] = field(default_factory=list)
    fault: Exception | None = None

    async def probe(self) -> ServerInfo:
        return ServerInfo(product="Listeners", version="1")

    async def users(self) -> AsyncIterator[User]:
        for name in self.plays_of:
            yield User(id=UserId(name.lower()), name=name)

    async def plays(self, user: UserId, since: datetime) -> AsyncIterator[Play]:
        self.asked.append((user, since))
        for play in self.plays_of[user.capitalize()]:
            yield play
        if self.fault:
            raise self.fault


async def test_history_is_read_and_goes_on_where_it_ended(pool: Pool, tmp_path: Path) -> None:
    far = Listeners(
        {
            "Anna": [
                Play(track_id=TrackId("a"), at=NOW - timedelta(days=1)),
                Play(track_id=TrackId("b"), at=NOW - timedelta(days=1), skipped=True),
            ],
            "Ben": [],
        }
    )
    far.fault = Unavailable("It fell silent.")

    @asynccontextmanager
    async def connect(config: ServerConfig, toolbox: Toolbox) -> AsyncIterator[Listeners]:
        yield far

    plugin = AdapterPlugin(kind="folder", title="Listeners", config=ServerConfig, connect=connect)  # type: ignore[arg-type]
    registry = Registry(
        pool=pool, vault=Vault(tmp_path / "key"), scratch=tmp_path, plugins={"folder": plugin}
    )
    server = await registry.add("attic", "folder", {})
    assert server is not None
    await registry.probe(server.id)
    async with pool.connection() as c:
        await servers.set_state(c, server.id, ServerState.CONNECTED)
        played, _ = await add_recording(c, track_id="a"), await add_recording(c, track_id="b")
    moments = [NOW]
    drain = HistoryDrain(pool, registry, Timers(heartbeat=0.05), now=lambda: moments[-1])
    running = asyncio.create_task(drain.run())

    async def is_asked(user: str, since: datetime) -> bool:
        return (user, since) in far.asked

    async def is_read() -> bool:
        async with pool.connection() as c:
            return await plays.since(c, NOW - timedelta(days=2)) == [played]

    try:
        await until(lambda: is_asked("anna", NOW - timedelta(days=90)))
        far.fault = None
        await registry.probe(server.id)  # a server that fell silent is asked when it is back
        await until(is_read)
        await until(lambda: is_asked("ben", NOW - timedelta(days=90)))
        moments.append(NOW + timedelta(hours=3))
        await until(lambda: is_asked("anna", NOW - timedelta(hours=1)))
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
        await registry.close()
