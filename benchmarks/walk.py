"""How long a walk of a large library takes, what it costs in memory, and what it writes.

    .venv/bin/python benchmarks/walk.py [TRACKS]

A server in memory lists the tracks, so that what is measured is ours: reconciling and PostgreSQL
(the embedded one, as `segue up` runs it).
"""

import asyncio
import resource
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from segue.embedded import Postgres, unprivileged_account
from segue.library.walk import walk_server
from segue.model import Quality, ServerKey, Track, TrackId
from segue.registry import Registry
from segue.sdk import Adapter, AdapterPlugin, NotFound, ServerConfig, ServerInfo, Toolbox
from segue.store.migrate import migrate
from segue.store.pool import Connection, Pool, open_pool
from segue.vault import Vault


class Library:
    """So many tracks, made when they are listed."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.shift = 0
        self.prefix = ""

    async def probe(self) -> ServerInfo:
        return ServerInfo(product="Benchmark", version="1")

    async def walk(self) -> AsyncIterator[Track]:
        for number in range(self.shift, self.size + self.shift):
            yield _track(number, self.prefix)

    async def get(self, track_id: TrackId) -> Track:
        return _track(int(track_id))

    @asynccontextmanager
    async def audio(self, track_id: TrackId) -> AsyncIterator[Path]:
        raise NotFound("There is no audio here.")
        yield Path()


def _track(number: int, prefix: str = "") -> Track:
    return Track(
        id=TrackId(f"{prefix}{number}"),
        title=f"Song number {number}",
        artist=f"Artist {number // 40}",
        album=f"Album {number // 12}",
        track_number=number % 12 + 1,
        year=1960 + number // 40 % 60,
        genres=("Rock", "Pop"),
        seconds=200.0,
        bytes=5_000_000 + number,
        format="flac",
        path=f"/music/Artist {number // 40}/Album {number // 12}/{number}.flac",
        revision=f"{number}-1",
        content_key=f"flac-{number}-0123456789abcdef0123456789abcdef",
    )


async def _measure(size: int, pool: Pool, registry: Registry, library: Library, server: ServerKey) -> None:
    async def walk() -> str:
        outcome = await walk_server(
            pool=pool, registry=registry, wake=_wake, server=server, quality=Quality.FAST, report=_report
        )
        return outcome.sentence()

    print(f"{size:,} tracks. Memory before: {_memory_mib():.0f} MiB")
    await _timed("first walk", pool, walk)
    await _timed("second walk, nothing changed", pool, walk)
    library.shift = size // 10
    await _timed("third walk, a tenth gone and a tenth new", pool, walk)
    library.prefix = "new-"
    await _timed("fourth walk, every track under another id", pool, walk)
    print(f"Memory at its most: {_memory_mib():.0f} MiB")


async def _timed(what: str, pool: Pool, walk: Callable[[], Awaitable[str]]) -> None:
    written, began = await _written(pool), time.monotonic()
    sentence = await walk()
    seconds = time.monotonic() - began
    print(f"{what}: {seconds:.1f} s, {await _written(pool) - written} rows of tracks written. {sentence}")


async def _written(pool: Pool) -> int:
    async with pool.connection() as c:
        await c.execute("select pg_stat_force_next_flush()")
    async with pool.connection() as c:
        cursor = await c.execute(
            "select n_tup_ins + n_tup_upd + n_tup_del from pg_stat_user_tables where relname = 'tracks'"
        )
        row = await cursor.fetchone()
        return int(row[0]) if row else 0


async def _wake(kind: str) -> bool:
    return True


async def _report(
    c: Connection, *, done: int = 0, total: int | None = None, message: str | None = None
) -> bool:
    return True


def _memory_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


async def _run(dsn: str, scratch: Path, size: int) -> None:
    await migrate(dsn)
    library = Library(size)

    @asynccontextmanager
    async def connect(config: ServerConfig, toolbox: Toolbox) -> AsyncIterator[Adapter]:
        yield library

    plugin = AdapterPlugin(kind="benchmark", title="Benchmark", config=ServerConfig, connect=connect)
    async with open_pool(dsn, max_size=1) as pool:
        registry = Registry(
            pool=pool, vault=Vault(scratch / "key"), scratch=scratch, plugins={"benchmark": plugin}
        )
        server = await registry.add("benchmark", "benchmark", {})
        assert server is not None
        await _measure(size, pool, registry, library, server.id)
        await registry.close()


def main() -> None:
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory(prefix="segue-bench-") as folder:
        root = Path(folder)
        root.chmod(0o711)
        run = root / "run"
        run.mkdir(mode=0o700)
        if account := unprivileged_account():
            account.take(run)
        postgres = Postgres(root / "pg", run, account=unprivileged_account())
        postgres.start()
        try:
            asyncio.run(_run(postgres.dsn, root, size))
        finally:
            postgres.stop()


if __name__ == "__main__":
    main()
