"""A library over one server in memory."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from segue.library.intake import Drained, accept, drain_inbox
from segue.library.walk import WalkOutcome, walk_server
from segue.model import Change, Quality, ServerKey, Track, TrackId
from segue.registry import Registry
from segue.store import tracks
from segue.store.pool import Connection, Pool
from segue.vault import Vault
from tests.fakes.memory import MemoryServer


@dataclass
class Library:
    """Everything one server's walk and intake need, and what they did."""

    pool: Pool
    registry: Registry
    far: MemoryServer
    server: ServerKey
    woken: list[str] = field(default_factory=list)
    reports: list[int] = field(default_factory=list)
    revoked_after: int | None = None

    async def wake(self, kind: str) -> bool:
        self.woken.append(kind)
        return True

    async def report(
        self, c: Connection, *, done: int = 0, total: int | None = None, message: str | None = None
    ) -> bool:
        self.reports.append(done)
        return self.revoked_after is None or len(self.reports) <= self.revoked_after

    async def walk(self) -> WalkOutcome:
        return await walk_server(
            pool=self.pool,
            registry=self.registry,
            wake=self.wake,
            server=self.server,
            quality=Quality.BALANCED,
            report=self.report,
        )

    async def accept(self, *changes: Change) -> None:
        await accept(self.pool, self.wake, self.server, changes)

    async def drain(self) -> Drained:
        return await drain_inbox(
            pool=self.pool, registry=self.registry, wake=self.wake, quality=Quality.BALANCED
        )

    async def present(self) -> dict[TrackId, tracks.TrackRow]:
        return await self._rows(missing=False)

    async def missing(self) -> dict[TrackId, tracks.TrackRow]:
        return await self._rows(missing=True)

    async def paths(self) -> dict[TrackId, str | None]:
        async with self.pool.connection() as c:
            rows = await c.execute(
                "select server_track_id, path from tracks where server_id = %s", (self.server,)
            )
            return {TrackId(row[0]): row[1] for row in await rows.fetchall()}

    async def wanted(self) -> int:
        return int(await self._one("select count(*) from recordings where wanted is not null"))

    async def pending_walks(self) -> int:
        return int(await self._one("select count(*) from runs where kind = 'walk' and state = 'PENDING'"))

    async def take_pending_walks(self) -> int:
        async with self.pool.connection() as c:
            return (await c.execute("delete from runs where kind = 'walk'")).rowcount

    async def hear_everything(self) -> None:
        async with self.pool.connection() as c:
            await c.execute("update recordings set wanted = null, wanted_at = null")

    async def _rows(self, *, missing: bool) -> dict[TrackId, tracks.TrackRow]:
        async with self.pool.connection() as c:
            rows = await tracks.list_(c, server=self.server, missing=missing, limit=100_000)
        return {row.track_id: row for row in rows}

    async def _one(self, statement: str) -> int:
        async with self.pool.connection() as c:
            row = await (await c.execute(statement.encode())).fetchone()
        assert row is not None
        return int(row[0])


@pytest.fixture
def far() -> MemoryServer:
    return MemoryServer()


@pytest.fixture
async def library(pool: Pool, far: MemoryServer, tmp_path: Path) -> AsyncIterator[Library]:
    registry = Registry(
        pool=pool,
        vault=Vault(tmp_path / "key"),
        scratch=tmp_path,
        plugins={"memory": far.plugin(), "deaf": far.plugin("deaf", watches=False)},
    )
    added = await registry.add("attic", "memory", {})
    assert added is not None
    yield Library(pool, registry, far, added.id)
    await registry.close()


def songs(count: int, **changes: object) -> list[Track]:
    return [
        Track(id=TrackId(f"{n}.flac"), title=f"Song {n}", revision="1", content_key=f"key-{n}")
        for n in range(count)
    ]
