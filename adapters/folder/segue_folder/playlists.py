"""Playlists as `.m3u8` files: written whole or not at all, and nobody's but ours."""

import errno
import os
import tempfile
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from itertools import count, takewhile
from pathlib import Path

from segue.model import Playlist, PlaylistHeader, PlaylistId, TrackId
from segue.sdk import AdapterError, Malformed, NotFound, Unavailable, Unsupported
from segue_folder.listing import Listing
from segue_folder.tree import Found, Tree, track_id

__all__ = ["PlaylistFolder", "is_playlist"]

_SUFFIXES = frozenset({".m3u", ".m3u8"})
_MARK = b"# Kept by Segue; what is written here by others is lost.\n"
_COVERS = (b"#EXTIMG:", b"#EXTALBUMARTURL:")
_PICTURES = (".jpg", ".jpeg", ".png", ".webp")
_LONGEST_NAME = 200
_LARGEST_FILE = 64 * 1024 * 1024
_FORBIDDEN = str.maketrans(dict.fromkeys('/\\:*?"<>|', "-"))
_RESERVED = frozenset({"con", "prn", "aux", "nul"})


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
        return [
            PlaylistHeader(
                id=PlaylistId(path.name),
                name=_name(path) or path.stem,
                revision=f"{path.stat().st_mtime_ns}-{path.stat().st_size}",
            )
            for path in self._files()
        ]

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
            name = _free_name(playlist.name, {path.name.lower() for path in self._files() if path != old})
        covers = _covers(_read(old)) if old is not None else []
        self._write(self.folder / name, self._text(playlist, covers))
        if old is not None and old.name != name:
            old.unlink(missing_ok=True)
            _take_along(old, self.folder / name)
        return PlaylistId(name)

    def withdraw(self, id_: PlaylistId) -> None:
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
        return next((path for path in self._files() if path.name == id_), None)

    def _ours(self, id_: PlaylistId) -> Path | None:
        path = self._file(id_)
        return path if path is not None and _MARK in _read(path)[:2048] else None

    def _tracks(self, content: bytes) -> Iterator[TrackId]:
        lines = content.removeprefix(b"\xef\xbb\xbf").split(b"\n")
        for line in (line.removesuffix(b"\r") for line in lines):
            if line and not line.startswith(b"#"):
                path = Path(os.path.normpath(self.folder / os.fsdecode(line)))
                if path.is_relative_to(self._tree.root) and self._tree.is_track(path):
                    yield track_id(self._tree.root, path)

    def _text(self, playlist: Playlist, covers: Sequence[bytes]) -> bytes:
        lines = [b"#EXTM3U\n", _MARK, b"#PLAYLIST:" + _plain(playlist.name).encode() + b"\n", *covers]
        for id_ in playlist.tracks:
            found = self._found(id_)
            if found is not None:
                lines += [self._described(id_), os.fsencode(self._written(found.path)) + b"\n"]
        return b"".join(lines)

    def _found(self, id_: TrackId) -> Found | None:
        """What is gone, or cannot be written in a line, is left out."""
        try:
            found = self._tree.find(id_)
        except AdapterError as error:
            if isinstance(error, NotFound | Malformed):
                return None
            raise
        return None if "\n" in str(found.path) or "\r" in str(found.path) else found

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


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_LARGEST_FILE)
    except OSError as error:
        raise Unavailable(f"{path} cannot be read: {error.strerror}.") from error


def _name(path: Path) -> str | None:
    for line in _read(path)[:4096].splitlines():
        if line.startswith(b"#PLAYLIST:"):
            return line.removeprefix(b"#PLAYLIST:").decode("utf-8", "replace").strip()
    return None


def _plain(text: str) -> str:
    return " ".join(text.replace("\0", " ").encode("utf-8", "replace").decode().split())


def _free_name(wanted: str, taken: Collection[str]) -> str:
    """A file name that every common file system takes and nobody has."""
    plain = _plain(wanted).translate(_FORBIDDEN).strip(". ") or "Segue"
    plain = plain.encode()[:_LONGEST_NAME].decode("utf-8", "ignore").strip(". ")
    if plain.lower() in _RESERVED:
        plain += "-"
    names = (f"{plain}.m3u8" if number == 1 else f"{plain} ({number}).m3u8" for number in count(1))
    return next(name for name in names if name.lower() not in taken)


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
