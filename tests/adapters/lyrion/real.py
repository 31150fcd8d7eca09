"""Runs a real Lyrion on a world of songs, from a folder with its source."""

import asyncio
import json
import os
import shutil
import socket
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from segue.sdk.testing import until

_SECONDS = 60
_ALONE = ("--noupnp", "--noimage", "--novideo", "--nosb1slimp3sync")
_ADDRESSES = ("--cliaddr", "127.0.0.1", "--httpaddr", "127.0.0.1", "--playeraddr", "127.0.0.1")


def source(config: pytest.Config) -> Path:
    """The folder with the server's source; skips where the run was not asked to use it."""
    wanted = dict(word.partition("=")[::2] for word in config.getoption("--real").split(",") if word)
    if "lyrion" not in wanted:
        pytest.skip("runs on a real server with --real lyrion=FOLDER (where its slimserver.pl is)")
    folder = Path(wanted["lyrion"])
    if shutil.which("perl") is None or not (folder / "slimserver.pl").is_file():
        pytest.skip(f"no slimserver.pl that perl could run is in {folder}")
    return folder


@dataclass
class RealLyrion:
    """A process of our own."""

    folder: Path
    home: Path
    music: Path
    port: int = 0
    cli_port: int = 0
    process: Process | None = field(default=None, repr=False)

    @property
    def options(self) -> dict[str, object]:
        return {"url": f"http://127.0.0.1:{self.port}", "cli_port": self.cli_port}

    async def start(self) -> None:
        self.port, self.cli_port = self.port or _free_port(), self.cli_port or _free_port()
        if not self.home.exists():
            self._lay_out()
        folders = [word for name in ("prefs", "cache", "log") for word in (f"--{name}dir", self.home / name)]
        self.process = await asyncio.create_subprocess_exec(
            "perl", "slimserver.pl", *map(str, folders), *_ALONE, *_ADDRESSES,
            "--httpport", str(self.port),
            *(("--user", "root") if os.geteuid() == 0 else ()),
            cwd=self.folder, stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL,
        )  # fmt: skip
        await until(self._is_ready, seconds=_SECONDS, every=0.1)

    async def ask(self, *words: object, player: str = "") -> dict[str, Any]:
        question = {"id": 1, "method": "slim.request", "params": [player, list(words)]}
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"http://127.0.0.1:{self.port}/jsonrpc.js", json=question) as answer,
        ):
            return dict(json.loads(await answer.read())["result"])

    async def refresh(self) -> None:
        """Have it look at all files again."""
        await self.ask("rescan")
        await until(self._is_still, seconds=_SECONDS, every=0.1)

    async def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            await self.process.wait()
            self.process = None

    def _lay_out(self) -> None:
        for name in ("prefs/plugin", "cache", "log", "playlists"):
            (self.home / name).mkdir(parents=True)
        prefs: dict[str, object] = {
            "_version": 0, "wizardDone": 1, "checkVersion": 0, "webproxy": "127.0.0.1:9",
            "mediadirs": [str(self.music)], "playlistdir": str(self.home / "playlists"),
        }  # fmt: skip
        self._keep("server", prefs)
        self._keep("plugin/cli", {"_version": 1, "cliport": self.cli_port})

    def _keep(self, name: str, prefs: dict[str, object]) -> None:
        """What is JSON is YAML as well."""
        (self.home / "prefs" / f"{name}.prefs").write_text(f"---\n{json.dumps(prefs)}\n")

    async def _is_ready(self) -> bool:
        try:
            status = await self.ask("serverstatus", 0, 0)
        except (aiohttp.ClientError, OSError, ValueError):  # it may answer before it can
            return False
        return bool(status.get("lastscan")) and await self._is_still()

    async def _is_still(self) -> bool:
        return int((await self.ask("rescan", "?"))["_rescan"]) == 0


@asynccontextmanager
async def running(folder: Path, home: Path, music: Path) -> AsyncIterator[RealLyrion]:
    server = RealLyrion(folder, home, music)
    try:
        await server.start()
        yield server
    finally:
        await server.stop()


def _free_port() -> int:
    with socket.socket() as line:
        line.bind(("127.0.0.1", 0))
        return int(line.getsockname()[1])
