"""The daemon and a worker as their own processes, watched through their logs and their database."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aiohttp

from tests.daemon.up.running import free_port

_TOKEN = "a-token-for-tests-only"

__all__ = ["Daemon", "running_daemon"]


class Daemon:
    """`segue serve` and `segue work`, on services that the test lends."""

    def __init__(self, folder: Path, environment: Mapping[str, str], *, work: Sequence[str]) -> None:
        self.port = free_port()
        self.folder = folder
        self._environment = {
            **os.environ,
            "SEGUE_DATA_DIR": str(folder / "data"),
            "SEGUE_PORT": str(self.port),
            "SEGUE_LOG_FORMAT": "json",
            "SEGUE_ADMIN_TOKEN": _TOKEN,
            **environment,
        }
        self._work = work
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self, *parts: str) -> None:
        for part in parts or ("serve", "work"):
            words = [part, *(self._work if part == "work" else ())]
            with (self.folder / f"{part}.log").open("ab") as log:
                self._processes[part] = subprocess.Popen(
                    [sys.executable, "-m", "segue", *words],
                    env=self._environment,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                )

    def pid(self, part: str) -> int:
        return self._processes[part].pid

    def kill(self, part: str) -> None:
        """SIGKILL, in the middle of whatever it does."""
        process = self._processes.pop(part)
        process.kill()
        process.wait(10)

    def stop(self) -> None:
        for process in self._processes.values():
            process.send_signal(signal.SIGTERM)
        for process in self._processes.values():
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)
        self._processes.clear()

    async def ask_for_walk(self, server: str) -> None:
        async with (
            aiohttp.ClientSession(headers={"Authorization": f"Bearer {_TOKEN}"}) as session,
            session.post(f"{self.url}/api/v1/servers/{server}/walk") as reply,
        ):
            assert reply.status == 202, await reply.text()

    def states_told(self) -> list[dict[str, Any]]:
        """What the log says of how servers are."""
        return self.log("server_connected", "server_lost", "server_refused", "server_broken")

    def log(self, *events: str) -> list[dict[str, Any]]:
        """What was logged so far, by both; only these events, if any are named."""
        lines = []
        for part in ("serve", "work"):
            file = self.folder / f"{part}.log"
            lines += file.read_text(errors="replace").splitlines() if file.exists() else []
        told = [json.loads(line) for line in lines if line.startswith("{") and line.endswith("}")]
        told.sort(key=lambda line: str(line["timestamp"]))
        return [line for line in told if not events or line["event"] in events]


@contextmanager
def running_daemon(
    folder: Path, *, database: str, redis: str, work: Sequence[str] = (), **environment: str
) -> Iterator[Daemon]:
    """Both processes until the block is left."""
    folder.mkdir(parents=True, exist_ok=True)
    given = {"SEGUE_DATABASE_URL": database, "SEGUE_REDIS_URL": redis, **environment}
    daemon = Daemon(folder, given, work=work)
    daemon.start()
    try:
        yield daemon
    finally:
        daemon.stop()
