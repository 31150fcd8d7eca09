"""Runs a real Supysonic on a world of songs."""

import asyncio
import shutil
import socket
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

_HOST = Path(__file__).with_name("supysonic_host.py")
_SECONDS = 60


def interpreter(config: pytest.Config) -> str:
    """The interpreter that has Supysonic; skips where the run was not asked to use it."""
    wanted = dict(word.partition("=")[::2] for word in config.getoption("--real").split(",") if word)
    if "supysonic" not in wanted:
        pytest.skip("runs on a real server with --real supysonic[=INTERPRETER]")
    if wanted["supysonic"]:
        return wanted["supysonic"]
    installed = shutil.which("supysonic-server")
    if installed is None:
        pytest.skip("no Supysonic is installed (pip install supysonic waitress)")
    return str(Path(installed).with_name("python"))


@dataclass
class RealSupysonic:
    """A process of our own."""

    python: str
    home: Path
    folders: Mapping[str, Path]
    port: int = 0
    process: Process | None = field(default=None, repr=False)

    @property
    def options(self) -> dict[str, object]:
        return {
            "url": f"http://127.0.0.1:{self.port}",
            "username": "tester",
            "password": "se:same& ü",
            "poll_seconds": 0.3,
        }

    async def start(self) -> None:
        self.home.mkdir(parents=True, exist_ok=True)
        self.port = self.port or _free_port()
        words = [f"{name}={folder}" for name, folder in self.folders.items()]
        self.process = await asyncio.create_subprocess_exec(
            self.python, str(_HOST), str(self.home), str(self.port), *words,
            stdin=PIPE, stdout=PIPE, stderr=DEVNULL,
        )  # fmt: skip
        await self._told(b"ready\n")

    async def refresh(self) -> None:
        """Have it read all files again."""
        assert self.process is not None
        assert self.process.stdin is not None
        self.process.stdin.write(b"scan\n")
        await self._told(b"scanned\n")

    async def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            await asyncio.wait_for(self.process.wait(), _SECONDS)
            self.process = None

    async def _told(self, line: bytes) -> None:
        assert self.process is not None
        assert self.process.stdout is not None
        assert await asyncio.wait_for(self.process.stdout.readline(), _SECONDS) == line


@asynccontextmanager
async def running(python: str, home: Path, folders: Mapping[str, Path]) -> AsyncIterator[RealSupysonic]:
    server = RealSupysonic(python, home, folders)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


def _free_port() -> int:
    with socket.socket() as line:
        line.bind(("127.0.0.1", 0))
        return int(line.getsockname()[1])
