"""Which files of a folder are its tracks, and what they are called."""

import errno
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import translate
from pathlib import Path, PurePosixPath

from segue.model import TrackId
from segue.sdk import Malformed, NotFound, Unavailable

__all__ = ["AUDIO_SUFFIXES", "Found", "Problems", "Tree", "track_id"]

AUDIO_SUFFIXES = frozenset({
    ".aac", ".aif", ".aifc", ".aiff", ".ape", ".dff", ".dsf", ".flac", ".m4a", ".mka", ".mp3", ".mpc",
    ".oga", ".ogg", ".opus", ".spx", ".tta", ".wav", ".wave", ".weba", ".wma", ".wv",
})  # fmt: skip
_NEVER = frozenset({"@eaDir", "$RECYCLE.BIN", "System Volume Information", "lost+found"})
_GONE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG, errno.EINVAL})
_CLOSED = frozenset({errno.EACCES, errno.EPERM})


@dataclass(frozen=True, slots=True)
class Found:
    """One audio file."""

    id: TrackId
    path: Path
    size: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class Problems:
    """What a listing could not look into."""

    closed: list[str] = field(default_factory=list)

    def sentence(self) -> str:
        return (
            f"The folder {self.closed[0]} may not be read"
            + (f", nor may {len(self.closed) - 1} more" if len(self.closed) > 1 else "")
            + ". Until it may, or is excluded, nothing is taken for gone."
        )


class Tree:
    """A folder's audio files. Links are followed, except back into a folder above them."""

    def __init__(self, root: Path, exclude: Sequence[str] = ()) -> None:
        self.root = root
        self._excluded = [re.compile(translate(pattern.strip("/"))) for pattern in exclude]

    def files(self, below: Path | None = None, problems: Problems | None = None) -> Iterator[Found]:
        """Every audio file, folder by folder in the order of their names."""
        start = below or self.root
        yield from self._files(start, (self._identity(start),), problems or Problems())

    def find(self, track: TrackId) -> Found:
        """The file that has this id; NotFound unless a listing would name it too."""
        inside = _inside(track)
        self._refuse_loops(inside)
        path = self.root / inside
        if not self.is_track(path):
            raise NotFound(f"{track} is not a track of this folder.")
        try:
            facts = path.stat()
        except OSError as error:
            self.require()
            if error.errno in _GONE:
                raise NotFound(f"{track} is not in the folder.") from error
            if error.errno in _CLOSED:
                raise Malformed(f"{track} may not be read: its folder does not allow it.") from error
            raise Unavailable(f"{track} cannot be looked at: {error.strerror}.") from error
        if not path.is_file():
            raise NotFound(f"{track} is not a file.")
        return Found(track, path, facts.st_size, facts.st_mtime_ns)

    def require(self) -> None:
        """Unavailable unless the folder itself is there."""
        try:
            with os.scandir(self.root):
                pass
        except OSError as error:
            raise Unavailable(f"The folder {self.root} cannot be read: {error.strerror}.") from error

    def is_track(self, path: Path) -> bool:
        """Whether a listing would name a file with this path, if it exists."""
        if path.suffix.lower() not in AUDIO_SUFFIXES:
            return False
        inside = path.relative_to(self.root)
        return not any(self.is_hidden(self.root / part) for part in (*inside.parents, inside) if part.name)

    def is_hidden(self, path: Path) -> bool:
        """Whether this file or folder is passed over."""
        if path.name.startswith(".") or path.name in _NEVER:
            return True
        inside = path.relative_to(self.root).as_posix()
        return any(rule.match(inside) or rule.match(path.name) for rule in self._excluded)

    def _files(self, folder: Path, above: tuple[tuple[int, int], ...], problems: Problems) -> Iterator[Found]:
        folders = []
        for entry in self._entries(folder, problems):
            path = folder / entry.name
            if self.is_hidden(path):
                continue
            try:
                if entry.is_dir():
                    folders.append(path)
                elif path.suffix.lower() in AUDIO_SUFFIXES and entry.is_file():
                    facts = entry.stat()
                    yield Found(track_id(self.root, path), path, facts.st_size, facts.st_mtime_ns)
            except OSError as error:
                _judge(error, path, problems)
        for path in folders:
            try:
                identity = self._identity(path)
            except OSError as error:
                _judge(error, path, problems)
                continue
            if identity not in above:
                yield from self._files(path, (*above, identity), problems)

    def _entries(self, folder: Path, problems: Problems) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(folder) as entries:
                return sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            if folder == self.root:
                raise Unavailable(f"The folder {folder} cannot be read: {error.strerror}.") from error
            _judge(error, folder, problems)
            return []

    def _refuse_loops(self, inside: PurePosixPath) -> None:
        seen = set()
        for part in (*reversed(inside.parents),):
            try:
                identity = self._identity(self.root / part)
            except OSError:
                return
            if identity in seen:
                raise NotFound(f"{inside} leads round in a circle.")
            seen.add(identity)

    @staticmethod
    def _identity(folder: Path) -> tuple[int, int]:
        facts = folder.stat()
        return facts.st_dev, facts.st_ino


def track_id(root: Path, path: Path) -> TrackId:
    """The path below the root; bytes that are no text are written `\\xNN`."""
    inside = path.relative_to(root).as_posix().replace("\\", "\\\\")
    return TrackId("".join(f"\\x{ord(c) & 0xFF:02x}" if 0xDC80 <= ord(c) <= 0xDCFF else c for c in inside))


def _inside(track: TrackId) -> PurePosixPath:
    text = re.sub(
        r"\\(\\|x([89a-f][0-9a-f]))",
        lambda found: chr(0xDC00 + int(found[2], 16)) if found[2] else "\\",
        track,
    )
    path = PurePosixPath(text)
    if "\0" in text or path.is_absolute() or ".." in path.parts or path.as_posix() != text:
        raise NotFound(f"{track!r} is not the name of a track.")
    return path


def _judge(error: OSError, path: Path, problems: Problems) -> None:
    """A thing that vanished is no fault, one that is closed to us is told of, all else ends the listing."""
    if error.errno in _GONE:
        return
    if error.errno in _CLOSED:
        problems.closed.append(str(path))
        return
    raise Unavailable(f"{path} cannot be read: {error.strerror}.") from error
