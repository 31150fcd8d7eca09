"""Finds a server's files on this machine, whatever its paths begin with; a file counts if its size agrees."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Protocol

from segue.sdk.local import LocalFile, LocalFiles
from segue.sdk.plugin import Toolbox

__all__ = ["Placed", "Places", "about_files", "places"]

_DEEPEST = 12
_VAIN = 100


class Placed(Protocol):
    """What a server tells of where a song lies, and how large it is."""

    @property
    def path(self) -> str | None: ...

    @property
    def size(self) -> int | None: ...


class Places:
    """Folders on this machine that may hold the server's files.

    Servers tell a path from the root of their disk, from their library, or one that they made up. So
    leading parts are left off until a file of the right size is found; what led to one is tried first.
    """

    def __init__(self, folders: Sequence[LocalFiles]) -> None:
        self._folders = folders
        self._ways = [(folder, 0) for folder in folders]
        self._vain = 0

    def __bool__(self) -> bool:
        return bool(self._folders)

    async def require(self) -> None:
        """Unavailable unless every folder is there and holds something."""
        for folder in self._folders:
            await folder.require()

    def begin(self) -> None:
        """Search widely again, even if it was in vain before."""
        self._vain = 0

    async def misses(self, first: Sequence[Placed]) -> bool:
        """Whether files are looked for here, and none of a server's first songs' is found."""
        if not self:
            return False
        await self.require()
        self.begin()
        return not any(await self.look(first))

    async def look(self, songs: Sequence[Placed]) -> list[LocalFile | None]:
        """The file of each song; None where none is found or its size is another."""
        if not self._folders:
            return [None] * len(songs)
        folder, left_off = self._ways[0]
        found = await self._matches(folder, left_off, songs)
        for index, song in enumerate(songs):
            if found[index] is None and self._vain < _VAIN and song.path and song.size:
                found[index] = await self._search(song)
        return found

    async def _search(self, song: Placed) -> LocalFile | None:
        for folder, left_off in [*self._ways, *self._untried(song)]:
            [file] = await self._matches(folder, left_off, [song])
            if file is not None:
                self._prefer(folder, left_off)
                self._vain = 0
                return file
        self._vain += 1
        return None

    def _untried(self, song: Placed) -> list[tuple[LocalFiles, int]]:
        depth = min(len(_parts(song)), _DEEPEST)
        ways = [(folder, left_off) for left_off in range(depth) for folder in self._folders]
        return [way for way in ways if way not in self._ways]

    def _prefer(self, folder: LocalFiles, left_off: int) -> None:
        way = folder, left_off
        self._ways = [way, *(other for other in self._ways if other != way)]

    async def _matches(
        self, folder: LocalFiles, left_off: int, songs: Sequence[Placed]
    ) -> list[LocalFile | None]:
        files = await folder.look(["/".join(_parts(song)[left_off:]) for song in songs])
        return [
            file if file is not None and file.bytes == song.size else None
            for file, song in zip(files, songs, strict=True)
        ]


def about_files(songs: int, *, misses_files: bool) -> list[str]:
    """What an operator should know of a server with so many songs and of where their files lie."""
    if not songs:
        return ["The server lists no music yet."]
    if misses_files:
        return [
            "None of the server's first songs is found in `path` with its size: audio will be downloaded."
        ]
    return []


@asynccontextmanager
async def places(folders: Sequence[Path], toolbox: Toolbox) -> AsyncIterator[Places]:
    """These folders for as long as the block lasts."""
    async with AsyncExitStack() as stack:
        opened = []
        for number, folder in enumerate(folders):
            scratch = toolbox.scratch / f"local-{number}"
            files = await asyncio.to_thread(LocalFiles, folder, scratch, toolbox.log)
            stack.push_async_callback(asyncio.to_thread, files.close)
            opened.append(files)
        yield Places(opened)


def _parts(song: Placed) -> list[str]:
    path = song.path or ""
    parted = path if "/" in path else path.replace("\\", "/")
    return [part for part in parted.split("/") if part]
