"""Runs a real MPD on a world of songs, where one is installed."""

import asyncio
import shutil
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from segue.sdk import Unavailable
from segue.sdk.testing import World, until
from segue_mpd.client import opened

MPD = shutil.which("mpd")

_CONFIG = """
music_directory "{music}"
playlist_directory "{home}/playlists"
db_file "{home}/db"
log_file "{home}/log"
pid_file "{home}/pid"
state_file "{home}/state"
sticker_file "{home}/stickers"
bind_to_address "{socket}"
zeroconf_enabled "no"
auto_update "{watches}"
{more}
audio_output {{
    type "null"
    name "nothing"
}}
"""


@dataclass
class RealMpd:
    """A process of our own, reached over a unix socket."""

    home: Path
    music: Path
    watches: bool = False
    more: str = ""
    password: str | None = None
    process: Process | None = field(default=None, repr=False)

    @property
    def socket(self) -> str:
        return str(self.home / "socket")

    async def start(self) -> None:
        assert MPD is not None
        (self.home / "playlists").mkdir(parents=True, exist_ok=True)
        config = self.home / "mpd.conf"
        config.write_text(
            _CONFIG.format(
                music=self.music,
                home=self.home,
                socket=self.socket,
                watches="yes" if self.watches else "no",
                more=self.more,
            )
        )
        self.process = await asyncio.create_subprocess_exec(
            MPD, "--no-daemon", str(config), stdout=DEVNULL, stderr=DEVNULL
        )
        await until(self._answers)
        await self._idle()

    async def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            await asyncio.wait_for(self.process.wait(), 20)
            self.process = None

    async def refresh(self) -> None:
        """Have it read all files again, also those with the same second in their date."""
        async with opened(self.socket, 0, self.password) as client:
            await client.ask("rescan")
        await self._idle()

    async def _idle(self) -> None:
        async def reads_no_more() -> bool:
            async with opened(self.socket, 0, self.password) as client:
                return "updating_db" not in dict(await client.ask("status"))

        await until(reads_no_more)

    async def _answers(self) -> bool:
        try:
            async with opened(self.socket, 0, self.password):
                return True
        except Unavailable:
            return False


@asynccontextmanager
async def running(
    home: Path, world: World, *, watches: bool = False, more: str = "", password: str | None = None
) -> AsyncIterator[RealMpd]:
    mpd = RealMpd(home, world.root, watches, more, password)
    await mpd.start()
    try:
        yield mpd
    finally:
        await mpd.stop()
