"""A server's files in our own file system, where its music is mounted here too."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from stat import S_ISREG

import structlog

from segue.sdk.content import content_key
from segue.sdk.disk import Disk
from segue.sdk.errors import Malformed, NotFound, Unavailable
from segue.sdk.shelf import Shelf

__all__ = ["LocalFile", "LocalFiles"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalFile:
    """A file as it is now; `content_key` is None when it may not be read."""

    path: Path
    bytes: int
    mtime_ns: int
    content_key: str | None


class LocalFiles:
    """Files below a root, by the relative path that the server knows them under."""

    def __init__(self, root: Path, scratch: Path, log: structlog.stdlib.BoundLogger) -> None:
        self.root = root
        self._shelf = Shelf(scratch / "content.sqlite", log)
        self._disk = Disk(root)

    def close(self) -> None:
        self._disk.close()
        self._shelf.close()

    async def look(self, names: Sequence[str]) -> list[LocalFile | None]:
        """The files of these names; None where there is none."""
        return await self._disk(self._look, names)

    async def lend(self, name: str) -> Path:
        """The path of a file that is there and may be read; NotFound when it is not there."""
        return await self._disk(self._lend, name)

    async def require(self) -> None:
        """Unavailable unless the root is there and holds something."""
        await self._disk(self._require)

    def _look(self, names: Sequence[str]) -> list[LocalFile | None]:
        found = [self._facts(name) for name in names]
        marks = [f"{facts[0]}|{facts[1].st_size}|{facts[1].st_mtime_ns}" for facts in found if facts]
        kept = self._shelf.get(marks)
        fresh: dict[str, str] = {}
        files: list[LocalFile | None] = []
        for facts in found:
            if facts is None:
                files.append(None)
                continue
            path, stat = facts
            mark = f"{path}|{stat.st_size}|{stat.st_mtime_ns}"
            key = kept.get(mark) or _key(path)
            if key is not None and mark not in kept:
                fresh[mark] = key
            files.append(LocalFile(path=path, bytes=stat.st_size, mtime_ns=stat.st_mtime_ns, content_key=key))
        self._shelf.put(fresh.items())
        return files

    def _lend(self, name: str) -> Path:
        facts = self._facts(name)
        if facts is None:
            self._require()
            raise NotFound(f"There is no file {name!r} below {self.root}.")
        if not os.access(facts[0], os.R_OK):
            raise Malformed(f"{name} may not be read: its permissions do not allow it.")
        return facts[0]

    def _require(self) -> None:
        try:
            with os.scandir(self.root) as entries:
                empty = next(entries, None) is None
        except OSError as error:
            raise Unavailable(f"The folder {self.root} cannot be read: {error.strerror}.") from error
        if empty:
            raise Unavailable(f"The folder {self.root} is empty; is its disk mounted?")

    def _facts(self, name: str) -> tuple[Path, os.stat_result] | None:
        path = self._inside(name)
        if path is None:
            return None
        try:
            facts = path.stat()
        except OSError:
            return None
        return (path, facts) if S_ISREG(facts.st_mode) else None

    def _inside(self, name: str) -> Path | None:
        """A path that cannot lead out of the root by its words."""
        inside = PurePosixPath(name)
        if not name or "\0" in name or inside.is_absolute() or ".." in inside.parts:
            return None
        try:
            os.fsencode(name)
        except UnicodeEncodeError:
            return None
        return self.root / inside


def _key(path: Path) -> str | None:
    try:
        return content_key(path)
    except OSError:
        return None
