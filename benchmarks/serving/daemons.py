"""PostgreSQL, Valkey and daemons as processes, in one folder that may be used again."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from segue.embedded import Postgres, Valkey, unprivileged_account
from segue.store.migrate import migrate

__all__ = ["TOKEN", "Daemon", "Stores", "daemon", "stores", "worker"]

TOKEN = "benchmark-" + "x" * 32
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """Where the database and the queue are."""

    database: str
    redis: str


@dataclass(slots=True, kw_only=True)
class Daemon:
    """A running `segue serve` or `segue work`."""

    process: subprocess.Popen[bytes]
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def cpu_seconds(self) -> float:
        facts = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(facts[11]) + int(facts[12])) / _TICKS

    def memory(self) -> dict[str, int]:
        """Bytes of its own memory (`RssAnon`) and of mapped files (`RssFile`)."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        parts = dict(line.split(":", 1) for line in lines if ":" in line)
        return {name: int(parts[name].split()[0]) * 1024 for name in ("RssAnon", "RssFile")}

    def end(self, number: signal.Signals = signal.SIGTERM) -> None:
        if self.process.poll() is None:
            self.process.send_signal(number)
        self.process.wait(60)


@contextmanager
def stores(folder: Path) -> Iterator[Stores]:
    """A migrated database and an empty queue."""
    account = unprivileged_account()
    run = folder / "run"
    for path in (folder, run):
        path.mkdir(mode=0o711, parents=True, exist_ok=True)
    if account:
        account.take(run)
    postgres = Postgres(folder / "pg", run, account=account)
    valkey = Valkey(folder / "valkey", run, account=account)
    postgres.start()
    try:
        valkey.start()
        try:
            asyncio.run(migrate(postgres.dsn))
            yield Stores(database=postgres.dsn, redis=valkey.url)
        finally:
            valkey.stop(seconds=10)
    finally:
        postgres.stop(seconds=60)


@contextmanager
def daemon(folder: Path, at: Stores, **settings: str) -> Iterator[Daemon]:
    """`segue serve` on a free port, from the moment that it answers at all."""
    running = _start("serve", folder, at, settings)
    try:
        _await_ready(running)
        yield running
    finally:
        running.end()


@contextmanager
def worker(folder: Path, at: Stores, **settings: str) -> Iterator[Daemon]:
    """`segue work`."""
    running = _start("work", folder, at, settings)
    try:
        yield running
    finally:
        running.end()


def _start(command: str, folder: Path, at: Stores, settings: dict[str, str]) -> Daemon:
    folder.mkdir(parents=True, exist_ok=True)
    with socket.socket() as line:
        line.bind(("127.0.0.1", 0))
        port = line.getsockname()[1]
    ours = {name: value for name, value in os.environ.items() if not name.startswith("SEGUE_")}
    environment = {
        **ours,
        "SEGUE_DATA_DIR": str(folder),
        "SEGUE_PORT": str(port),
        "SEGUE_DATABASE_URL": at.database,
        "SEGUE_REDIS_URL": at.redis,
        "SEGUE_ADMIN_TOKEN": TOKEN,
        "SEGUE_LOG_FORMAT": "json",
        **settings,
    }
    with (folder / f"{command}.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "segue", command], env=environment, stdout=log, stderr=log
        )
    return Daemon(process=process, port=port)


def _await_ready(running: Daemon) -> None:
    deadline = time.monotonic() + 900
    while time.monotonic() < deadline and running.process.poll() is None:
        try:
            with urllib.request.urlopen(f"{running.url}/healthz", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise SystemExit("The daemon does not answer; its log tells why.")
