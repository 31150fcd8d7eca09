"""Runs a real Maneki, another OpenSubsonic server, on a world of songs."""

import asyncio
import os
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from segue.sdk.testing import until
from tests.daemon.up.running import free_port

_OURS = {"u": "admin", "p": "admin", "v": "1.16.1", "c": "tests", "f": "json"}


def program(config: pytest.Config) -> str:
    """The program; skips where the run was not asked to use it."""
    wanted = dict(word.partition("=")[::2] for word in config.getoption("--real").split(",") if word)
    if "maneki" not in wanted:
        pytest.skip("runs on a real server with --real maneki[=PROGRAM] (pip install maneki)")
    return wanted["maneki"] or "maneki"


@dataclass
class RealManeki:
    """A process of our own."""

    program: str
    home: Path
    root: Path
    port: int = field(default_factory=free_port)
    process: Process | None = field(default=None, repr=False)

    @property
    def options(self) -> dict[str, object]:
        url = f"http://127.0.0.1:{self.port}/audio"
        return {"url": url, "username": "admin", "password": "admin", "poll_seconds": 0.3}

    async def start(self) -> None:
        self.home.mkdir(parents=True, exist_ok=True)
        words = ["--host", "127.0.0.1", "--port", str(self.port), "--no-ui", "--no-artist-images"]
        self.process = await asyncio.create_subprocess_exec(
            self.program, "serve", str(self.root), *words,
            env={**os.environ, "HOME": str(self.home)}, stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL,
        )  # fmt: skip
        await until(self._is_idle, seconds=60)

    async def refresh(self) -> None:
        """Have it read all files again."""
        await self._ask("startScan")
        await until(self._is_idle, seconds=60)

    async def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            await self.process.wait()
            self.process = None

    async def _is_idle(self) -> bool:
        try:
            return not (await self._ask("getScanStatus"))["scanStatus"]["scanning"]
        except aiohttp.ClientError:
            return False

    async def _ask(self, method: str) -> Any:
        url = f"http://127.0.0.1:{self.port}/audio/rest/{method}"
        async with aiohttp.ClientSession() as session, session.get(url, params=_OURS) as reply:
            return (await reply.json())["subsonic-response"]


@asynccontextmanager
async def running_maneki(program: str, home: Path, root: Path) -> AsyncIterator[RealManeki]:
    server = RealManeki(program, home, root)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()
