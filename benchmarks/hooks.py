"""How a burst of webhooks is taken: the time of the replies, what is kept, and what it makes of it.

    .venv/bin/python benchmarks/hooks.py [POSTS]

The real daemon on the embedded PostgreSQL and Valkey. In the middle of the burst the daemon is killed
with SIGKILL and started again. Then a worker works off what is left.
"""

import asyncio
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from segue.embedded import Postgres, Valkey, unprivileged_account
from segue.sdk.testing import until
from segue.store.migrate import migrate
from segue.store.pool import Pool, open_pool
from segue.wake import open_wake

AT_ONCE = 32
TOKEN = "a-token-for-this-benchmark"


@dataclass
class Burst:
    """What was answered."""

    seconds: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    accepted: set[str] = field(default_factory=set)
    everything: int = 0
    unanswered: int = 0


class Daemon:
    """The real programs, each its own process."""

    def __init__(self, root: Path, dsn: str, redis: str) -> None:
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        music = root / "music"
        music.mkdir()
        (music / "song.flac").write_bytes(b"no song")
        self._log = (root / "log").open("ab")
        self._environment = {
            **os.environ,
            "SEGUE_DATA_DIR": str(root / "data"),
            "SEGUE_PORT": str(self.port),
            "SEGUE_ADMIN_TOKEN": TOKEN,
            "SEGUE_DATABASE_URL": dsn,
            "SEGUE_REDIS_URL": redis,
            "SEGUE_SERVERS__ATTIC__KIND": "folder",
            "SEGUE_SERVERS__ATTIC__PATH": str(music),
        }

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "segue", *words]
        return subprocess.Popen(command, env=self._environment, stdout=self._log, stderr=self._log)

    async def ready(self, session: aiohttp.ClientSession) -> None:
        while True:
            try:
                async with session.get(f"{self.url}/healthz") as reply:
                    if reply.status == 200:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.05)

    async def secret(self, session: aiohttp.ClientSession) -> str:
        headers = {"Authorization": f"Bearer {TOKEN}"}
        async with session.post(f"{self.url}/api/v1/servers/attic/hook-secret", headers=headers) as reply:
            return str((await reply.json())["hook_secret"])


async def _post_all(session: aiohttp.ClientSession, url: str, secret: str, numbers: range) -> Burst:
    burst = Burst()
    left = iter(numbers)

    async def sender() -> None:
        for number in left:
            track = f"song {number}.flac"
            await until(lambda: _post(session, url, secret, track, burst), seconds=60, every=0.1)  # noqa: B023

    await asyncio.gather(*(sender() for _ in range(AT_ONCE)))
    return burst


async def _post(session: aiohttp.ClientSession, url: str, secret: str, track: str, burst: Burst) -> bool:
    began = time.perf_counter()
    headers = {"X-Segue-Secret": secret}
    try:
        async with session.post(f"{url}/hooks/attic", json={"changed": [track]}, headers=headers) as reply:
            told = json.loads(await reply.read())
    except aiohttp.ClientError:
        burst.unanswered += 1
        return False
    burst.seconds.append(time.perf_counter() - began)
    burst.statuses[reply.status] += 1
    if reply.status < 300 and not told["everything"]:
        burst.accepted.add(track)
    elif reply.status < 300:
        burst.everything += 1
    return True


async def _number(pool: Pool, statement: str) -> int:
    async with pool.connection() as c:
        row = await (await c.execute(statement.encode())).fetchone()
    return int(row[0]) if row else 0


async def _holds(pool: Pool) -> bool:
    return await _number(pool, "select count(*) from inbox") >= 200


async def _is_done(pool: Pool) -> bool:
    left = "select (select count(*) from inbox) + count(*) from runs where finished_at is null"
    return await _number(pool, left) == 0


async def _kept(pool: Pool) -> set[str]:
    async with pool.connection() as c:
        return {row[0] for row in await (await c.execute("select track_id from inbox")).fetchall()}


async def _run(root: Path, dsn: str, redis: str, posts: int) -> None:
    await migrate(dsn)
    daemon = Daemon(root, dsn, redis)
    serving = daemon.start("serve")
    working: subprocess.Popen[bytes] | None = None
    try:
        async with (
            open_pool(dsn, max_size=2) as pool,
            open_wake(redis) as wake,
            _session() as session,
            _session() as aside,
        ):
            await daemon.ready(session)
            secret = await daemon.secret(session)
            async with asyncio.TaskGroup() as tasks:
                posting = tasks.create_task(_post_all(session, daemon.url, secret, range(posts)))
                await until(lambda: _holds(pool), seconds=60)
                serving.kill()
                serving.wait()
                serving = daemon.start("serve")
                began = time.perf_counter()
                await daemon.ready(aside)
                print(f"killed in the middle; answered again after {time.perf_counter() - began:.1f} s")
            _tell(posting.result())
            walks = await _number(pool, "select count(*) from runs where kind = 'walk' and state = 'PENDING'")
            lost = set() if walks else posting.result().accepted - await _kept(pool)
            print(f"answered with 2xx, and neither kept nor part of a walk that is wanted: {len(lost)}")
            print(f"kept as single looks: {len(await _kept(pool))}; walks wanted: {walks}")
            print(f"wake-ups on the queue: {json.dumps(await wake.queue_depth())}")
            began = time.perf_counter()
            working = daemon.start("work", "--queue", "light")
            await until(lambda: _is_done(pool), seconds=600, every=0.1)
            walks = await _number(pool, "select count(*) from runs where kind = 'walk'")
            print(f"worked off in {time.perf_counter() - began:.1f} s with {walks} walks in all")
    finally:
        for process in (serving, working):
            if process is not None:
                process.send_signal(signal.SIGTERM)
                process.wait()


def _tell(burst: Burst) -> None:
    cuts = statistics.quantiles(burst.seconds, n=1000)
    p50, p99, p999 = (1000 * cuts[index] for index in (499, 989, 998))
    told = ", ".join(f"{count} x {status}" for status, count in sorted(burst.statuses.items()))
    print(f"{len(burst.seconds)} replies ({told}), {burst.unanswered} unanswered while it was dead")
    print(f"taken each by itself: {len(burst.accepted)}; as a look at everything: {burst.everything}")
    print(f"time of a reply with {AT_ONCE} at once: p50 {p50:.1f} ms, p99 {p99:.1f} ms, p99.9 {p999:.1f} ms")


def _session() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=AT_ONCE))


def _free_port() -> int:
    with socket.socket() as line:
        line.bind(("127.0.0.1", 0))
        return int(line.getsockname()[1])


def main() -> None:
    posts = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    with tempfile.TemporaryDirectory(prefix="segue-bench-") as folder:
        root = Path(folder)
        root.chmod(0o711)
        run = root / "run"
        run.mkdir(mode=0o700)
        account = unprivileged_account()
        if account:
            account.take(run)
        postgres = Postgres(root / "pg", run, account=account)
        valkey = Valkey(root / "valkey", run, account=account)
        postgres.start()
        valkey.start()
        try:
            asyncio.run(_run(root, postgres.dsn, valkey.url, posts))
        finally:
            valkey.stop()
            postgres.stop()


if __name__ == "__main__":
    main()
