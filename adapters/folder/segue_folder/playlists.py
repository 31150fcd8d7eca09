"""Playlists as `.m3u8` files: written whole or not at all, and nobody's but ours."""

import errno
import os
import re
import tempfile
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from itertools import count, takewhile
from pathlib import Path
from unicodedata import normalize
from urllib.parse import unquote_to_bytes

from segue.model import Playlist, PlaylistHeader, PlaylistId, TrackId
from segue.sdk import Malformed, NotFound, Unavailable, Unsupported
from segue_folder.listing import Listing
from segue_folder.tree import Tree, track_id

__all__ = ["PlaylistFolder", "is_playlist", "put_away"]

_SUFFIXES = frozenset({".m3u", ".m3u8"})
_MARK = b"# Kept by Segue"
_MARK_LINE = _MARK + b": songs that you add, move or take out stay so; other lines are lost.\n"
_COVERS = (b"#EXTIMG:", b"#EXTALBUMARTURL:")
_PICTURES = (".jpg", ".jpeg", ".png", ".webp")
_LONGEST_NAME = 200
_LARGEST_FILE = 64 * 1024 * 1024
_FORBIDDEN = str.maketrans(dict.fromkeys('/\\:*?"<>|', "-"))
_RESERVED = frozenset(
    {"con", "prn", "aux", "nul", *(f"{port}{number}" for port in ("com", "lpt") for number in range(1, 10))}
)
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def is_playlist(path: Path) -> bool:
    """By its name."""
    return path.suffix.lower() in _SUFFIXES and not path.name.startswith(".")


class PlaylistFolder:
    """A playlist's id is its file's name. Everything here blocks and belongs in a thread."""

    def __init__(self, folder: Path, tree: Tree, listing: Listing) -> None:
        self.folder = folder
        self._tree = tree
        self._listing = listing

    def headers(self) -> list[PlaylistHeader]:
        found = (self._header(path) for path in self._files())
        return [header for header in found if header is not None]

    def entries(self, id_: PlaylistId) -> Sequence[TrackId]:
        path = self._file(id_)
        if path is None:
            raise NotFound(f"There is no playlist file {id_!r}.")
        return list(self._tracks(_read(path)))

    def publish(self, playlist: Playlist, replacing: PlaylistId | None) -> PlaylistId:
        """Write the file; under another name only if the playlist got one."""
        old = self._file(replacing) if replacing is not None else None
        if old is not None and _name(old) == _plain(playlist.name):
            name = old.name
        else:
            name = _free_name(playlist.name, {_alike(path.name) for path in self._files() if path != old})
        covers = _covers(_read(old)) if old is not None else []
        self._write(self.folder / name, self._text(playlist, covers))
        if old is not None and old.name != name:
            put_away(old, self.folder / name)
        return self._id(self._as_listed(name))

    def withdraw(self, id_: PlaylistId) -> None:
        with suppress(NotFound):
            path = self._ours(id_)
            if path is not None:
                path.unlink(missing_ok=True)

    def _files(self) -> list[Path]:
        try:
            found = sorted(self.folder.iterdir())
        except FileNotFoundError:
            return []
        except OSError as error:
            raise Unavailable(f"The folder {self.folder} cannot be read: {error.strerror}.") from error
        return [path for path in found if is_playlist(path) and path.is_file()]

    def _file(self, id_: PlaylistId) -> Path | None:
        """The file of this id; only a plain name of a playlist file is one."""
        return next((path for path in self._files() if self._id(path) == id_), None)

    def _id(self, path: Path) -> PlaylistId:
        """Its name; bytes that are no text are written as in the ids of tracks."""
        return PlaylistId(track_id(self.folder, path))

    def _header(self, path: Path) -> PlaylistHeader | None:
        """What others keep here may be closed to us, or gone by now."""
        try:
            facts, name = path.stat(), None
            with suppress(Unavailable):
                name = _name(path)
        except (OSError, NotFound):
            return None
        revision = f"{facts.st_mtime_ns}-{facts.st_size}"
        return PlaylistHeader(id=self._id(path), name=name or _plain(path.stem), revision=revision)

    def _as_listed(self, name: str) -> Path:
        """A file system may keep another case or other accents than it was given."""
        found = (path for path in self._files() if _alike(path.name) == _alike(name))
        return min(found, key=lambda path: path.name != name, default=self.folder / name)

    def _ours(self, id_: PlaylistId) -> Path | None:
        path = self._file(id_)
        return path if path is not None and _MARK in _read(path, 2048) else None

    def _tracks(self, content: bytes) -> Iterator[TrackId]:
        lines = content.removeprefix(b"\xef\xbb\xbf").split(b"\n")
        for line in (line.removesuffix(b"\r") for line in lines):
            if line and not line.startswith(b"#"):
                path = self._meant(line)
                if path.is_relative_to(self._tree.root) and self._tree.is_track(path):
                    yield track_id(self._tree.root, path)

    def _meant(self, line: bytes) -> Path:
        """The file that a line names: by a path, an address, or a path as Windows writes it."""
        if line.startswith(b"file://"):
            line = unquote_to_bytes(line.removeprefix(b"file://").removeprefix(b"localhost"))
        path = Path(os.path.normpath(self.folder / os.fsdecode(line)))
        if b"\\" in line and not path.exists():
            return Path(os.path.normpath(self.folder / os.fsdecode(line.replace(b"\\", b"/"))))
        return path

    def _text(self, playlist: Playlist, covers: Sequence[bytes]) -> bytes:
        lines = [b"#EXTM3U\n", _MARK_LINE, b"#PLAYLIST:" + _plain(playlist.name).encode() + b"\n", *covers]
        for id_ in playlist.tracks:
            found = self._found(id_)
            if found is not None:
                path, about = found
                lines += [about, os.fsencode(self._written(path)) + b"\n"]
        return b"".join(lines)

    def _found(self, id_: TrackId) -> tuple[Path, bytes] | None:
        """A song's file, and the line about it; what is gone, or cannot be written in a line, is left out."""
        try:
            path, about = self._tree.find(id_).path, self._described(id_)
        except (NotFound, Malformed):
            return None
        return None if "\n" in str(path) or "\r" in str(path) else (path, about)

    def _described(self, id_: TrackId) -> bytes:
        track = self._listing.get(id_)
        title = f"{track.artist} - {track.title}" if track.artist else track.title
        return f"#EXTINF:{round(track.seconds or -1)},{_plain(title)}\n".encode()

    def _written(self, path: Path) -> str:
        """Relative, so that it also fits where the disk is mounted elsewhere; never like a comment."""
        return os.path.join(os.curdir, os.path.relpath(path, self.folder))  # noqa: PTH118  keeps the dot

    def _write(self, path: Path, content: bytes) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            handle, draft = tempfile.mkstemp(dir=self.folder, prefix=".segue-")
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
                Path(draft).chmod(0o644)
                Path(draft).replace(path)
            except OSError:
                Path(draft).unlink(missing_ok=True)
                raise
        except OSError as error:
            if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
                raise Unsupported(f"Playlists may not be written to {self.folder}.") from error
            raise Unavailable(f"{path} cannot be written: {error.strerror}.") from error


def put_away(old: Path, new: Path) -> None:
    """Remove a list that stands under another name now, unless both names are the same file."""
    with suppress(FileNotFoundError):
        if not old.samefile(new):
            old.unlink()
            _take_along(old, new)


def _read(path: Path, length: int = _LARGEST_FILE) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(length)
    except FileNotFoundError as error:
        raise NotFound(f"{path} is gone.") from error
    except OSError as error:
        raise Unavailable(f"{path} cannot be read: {error.strerror}.") from error


def _name(path: Path) -> str | None:
    for line in _read(path, 4096).split(b"\n"):
        if line.startswith(b"#PLAYLIST:"):
            return _plain(line.removeprefix(b"#PLAYLIST:").decode("utf-8", "replace"))
    return None


def _plain(text: str) -> str:
    """On one line, without signs that steer a terminal."""
    return " ".join(_CONTROLS.sub(" ", text).encode("utf-8", "replace").decode().split())


def _alike(name: str) -> str:
    """The same for names that some file systems take for one."""
    return normalize("NFC", normalize("NFC", name).casefold())


def _free_name(wanted: str, taken: Collection[str]) -> str:
    """A file name that every common file system takes and nobody has."""
    plain = _plain(wanted).translate(_FORBIDDEN).strip(". ") or "Segue"
    plain = plain.encode()[:_LONGEST_NAME].decode("utf-8", "ignore").strip(". ")
    first, dot, rest = plain.partition(".")
    if first.strip().lower() in _RESERVED:
        plain = f"{first}-{dot}{rest}"
    names = (f"{plain}.m3u8" if number == 1 else f"{plain} ({number}).m3u8" for number in count(1))
    return next(name for name in names if _alike(name) not in taken)


def _covers(text: bytes) -> list[bytes]:
    """The cover that somebody gave the list, as it is written there before the first song."""
    head = takewhile(lambda line: not line or line.startswith((b"#", b"\xef\xbb\xbf#")), text.splitlines())
    return [line + b"\n" for line in head if line.startswith(_COVERS)]


def _take_along(old: Path, new: Path) -> None:
    """A picture beside a list is its cover by its name."""
    for suffix in _PICTURES:
        picture, place = old.with_suffix(suffix), new.with_suffix(suffix)
        with suppress(OSError):  # the list is more than its cover
            if picture.is_file() and not place.exists():
                picture.rename(place)
