"""How long a walk of a large library takes, what it costs in memory, and what it writes.

    .venv/bin/python benchmarks/walk.py [TRACKS] [--subsonic]

A server in memory lists the tracks, so that what is measured is ours: reconciling and PostgreSQL
(the embedded one, as `segue up` runs it). With `--subsonic` it is one that is spoken to over HTTP and whose
files are not found here, so that tracks are known by what it tells only; its requests are counted.
"""

import argparse
import asyncio
import resource
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol

from walking.songs import track
from walking.subsonic import subsonic

from segue.embedded import Postgres, unprivileged_account
from segue.library.walk import walk_server
from segue.model import Quality, ServerKey, Track, TrackId
from segue.registry import Plugins, Registry, find_plugins
from segue.sdk import Adapter, AdapterPlugin, NotFound, ServerConfig, ServerInfo, Toolbox
from segue.store.migrate import migrate
from segue.store.pool import Connection, Pool, open_pool
from segue.store.servers import Server
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
            yield track(number, self.prefix)

    async def get(self, track_id: TrackId) -> Track:
        return track(int(track_id))

    async def requests(self) -> int:
        return 0

    async def change(self, *, shift: int | None = None, prefix: str | None = None) -> None:
        self.shift = self.shift if shift is None else shift
        self.prefix = self.prefix if prefix is None else prefix

    @asynccontextmanager
    async def audio(self, track_id: TrackId) -> AsyncIterator[Path]:
        raise NotFound("There is no audio here.")
        yield Path()


class Changing(Protocol):
    """The far end."""

    async def requests(self) -> int: ...

    async def change(self, *, shift: int | None = None, prefix: str | None = None) -> None: ...


async def _measure(size: int, pool: Pool, registry: Registry, far: Changing, server: ServerKey) -> None:
    async def walk() -> str:
        outcome = await walk_server(
            pool=pool, registry=registry, wake=_wake, server=server, quality=Quality.FAST, report=_report
        )
        return outcome.sentence()

    print(f"{size:,} tracks. Memory before: {_memory_mib():.0f} MiB")
    await _timed("first walk", pool, far, walk)
    await _hear_all(pool)
    await _timed("second walk, nothing changed", pool, far, walk)
    await far.change(shift=size // 10)
    await _timed("third walk, a tenth gone and a tenth new", pool, far, walk)
    await _hear_all(pool)
    await far.change(prefix="new-")
    await _timed("fourth walk, every track under another id", pool, far, walk)
    wanted = await _number(pool, "select count(*) from recordings where wanted is not null")
    print(f"To be heard after it: {wanted}. Memory at its most: {_memory_mib():.0f} MiB")


async def _timed(what: str, pool: Pool, far: Changing, walk: Callable[[], Awaitable[str]]) -> None:
    await far.requests()
    written, began, cpu = await _written(pool), time.monotonic(), time.process_time()
    sentence = await walk()
    seconds, cpu = time.monotonic() - began, time.process_time() - cpu
    rows, asked = await _written(pool) - written, await far.requests()
    print(
        f"{what}: {seconds:.1f} s, {cpu:.1f} s of our processor time, {rows} rows of tracks written, "
        f"{asked} requests, {_memory_mib():.0f} MiB at most. {sentence}"
    )


async def _hear_all(pool: Pool) -> None:
    async with pool.connection() as c:
        await c.execute("update recordings set wanted = null, wanted_at = null")


async def _number(pool: Pool, statement: str) -> int:
    async with pool.connection() as c:
        row = await (await c.execute(statement.encode())).fetchone()
        return int(row[0]) if row else 0


async def _written(pool: Pool) -> int:
    async with pool.connection() as c:
        await c.execute("select pg_stat_force_next_flush()")
    return await _number(
        pool, "select n_tup_ins + n_tup_upd + n_tup_del from pg_stat_user_tables where relname = 'tracks'"
    )


async def _wake(kind: str) -> bool:
    return True


async def _report(
    c: Connection, *, done: int = 0, total: int | None = None, message: str | None = None
) -> bool:
    return True


def _memory_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


async def _run(dsn: str, scratch: Path, size: int, *, subsonic: bool) -> None:
    await migrate(dsn)
    measure = _over_http if subsonic else _in_memory
    async with open_pool(dsn, max_size=1) as pool:
        await measure(pool, scratch, size)


async def _in_memory(pool: Pool, scratch: Path, size: int) -> None:
    library = Library(size)

    @asynccontextmanager
    async def connect(config: ServerConfig, toolbox: Toolbox) -> AsyncIterator[Adapter]:
        yield library

    plugin = AdapterPlugin(kind="benchmark", title="Benchmark", config=ServerConfig, connect=connect)
    registry = _registry(pool, scratch, {"benchmark": plugin})
    server = await registry.add("benchmark", "benchmark", {})
    await _measured(size, pool, registry, library, server)


async def _over_http(pool: Pool, scratch: Path, size: int) -> None:
    async with subsonic(size) as far:
        options = {"url": far.url, "username": "me", "password": "mine"}
        registry = _registry(pool, scratch, find_plugins())
        server = await registry.add("benchmark", "navidrome", options)
        await _measured(size, pool, registry, far, server)


def _registry(pool: Pool, scratch: Path, plugins: Plugins) -> Registry:
    return Registry(pool=pool, vault=Vault(scratch / "key"), scratch=scratch, plugins=plugins)


async def _measured(size: int, pool: Pool, registry: Registry, far: Changing, server: Server | None) -> None:
    assert server is not None
    await _measure(size, pool, registry, far, server.id)
    await registry.close()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("tracks", type=int, nargs="?", default=100_000)
    parser.add_argument("--subsonic", action="store_true")
    asked = parser.parse_args()
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
            asyncio.run(_run(postgres.dsn, root, asked.tracks, subsonic=asked.subsonic))
        finally:
            postgres.stop()


if __name__ == "__main__":
    main()
