"""Lists a folder's tracks, and refuses to call a listing complete that may not be."""

import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import structlog

from segue.model import Track, TrackId
from segue.sdk import NotFound, Unavailable
from segue.sdk.content import content_key
from segue_folder.cache import Cache
from segue_folder.tags import Tags, UnreadableError, read_tags
from segue_folder.tree import Found, Problems, Tree

__all__ = ["Listing"]

_BATCH = 50


class Listing:
    """Everything here blocks and belongs in a thread."""

    def __init__(
        self,
        tree: Tree,
        cache: Cache,
        log: structlog.stdlib.BoundLogger,
        *,
        is_mount: Callable[[Path], bool] = Path.is_mount,
    ) -> None:
        self._tree = tree
        self._cache = cache
        self._log = log
        self._is_mount = is_mount

    def require(self) -> None:
        """Unavailable when the folder, or a disk that is mounted in it, is not there."""
        self._tree.require()
        for path in map(Path, self._cache.mounts()):
            if path.is_relative_to(self._tree.root) and self._is_bare(path):
                raise Unavailable(f"{path} was a disk of its own and is an empty folder now; is it mounted?")

    def walk(self) -> Iterator[list[Track]]:
        """All tracks in batches; raises Unavailable at the end if not everything could be seen."""
        self.require()
        problems = Problems()
        listed = unreadable = 0
        files = self._tree.files(problems=problems)
        while batch := list(islice(files, _BATCH)):
            tracks, broken = self._read(batch)
            listed += len(tracks)
            unreadable += broken
            yield tracks
        if unreadable:
            self._log.warning("tags_unreadable", files=unreadable)
        self._judge(listed, problems)

    def get(self, track: TrackId) -> Track:
        found = self._tree.find(track)
        tracks, _ = self._read([found])
        if not tracks:
            self.require()
            raise NotFound(f"{track} is not in the folder.")
        return tracks[0]

    def _read(self, files: list[Found]) -> tuple[list[Track], int]:
        kept = self._cache.get([file.id for file in files])
        tracks, fresh = [], []
        broken = 0
        for file in files:
            track = kept.get(file.id)
            if track is None or track.revision != _revision(file):
                track, understood = _track(file)
                broken += not understood
                if track is not None:
                    fresh.append(track)
            if track is not None:
                tracks.append(track)
        self._cache.put(fresh)
        return tracks, broken

    def _judge(self, listed: int, problems: Problems) -> None:
        self.require()
        kept = self._cache.count()
        if kept and not listed:
            raise Unavailable(
                f"The folder {self._tree.root} held {kept} tracks and is empty now; is its disk mounted?"
            )
        if problems.closed:
            raise Unavailable(problems.sentence())
        if kept > 2 * listed + 1000:
            self._cache.forget()
        self._cache.remember_mounts(map(str, self._mounts()))

    def _is_bare(self, path: Path) -> bool:
        """Whether a folder that was a disk is none now, and empty or not to be looked into."""
        try:
            return not self._is_mount(path) and not any(path.iterdir())
        except FileNotFoundError:
            return False
        except OSError:
            return True

    def _mounts(self) -> Iterator[Path]:
        """Disks among the root and its folders two levels down, which is where people mount them."""
        root = self._tree.root
        if self._is_mount(root):
            yield root
        for folder, names, _ in os.walk(root):
            here = Path(folder)
            names[:] = [name for name in names if not self._tree.is_hidden(here / name)]
            yield from (here / name for name in names if self._is_mount(here / name))
            if here != root:
                names.clear()


def _track(file: Found) -> tuple[Track | None, bool]:
    """The track, unless the file is gone; and whether its tags were understood."""
    try:
        key: str | None = content_key(file.path)
    except FileNotFoundError:
        return None, True
    except OSError:
        key = None
    understood = True
    try:
        tags = read_tags(file.path)
    except UnreadableError:
        tags, understood = Tags(), False
    track = Track(
        id=file.id,
        revision=_revision(file),
        title=tags.title or _printable(file.path.stem),
        artist=tags.artist,
        album_artist=tags.album_artist,
        album=tags.album,
        track_number=tags.track_number,
        disc_number=tags.disc_number,
        year=tags.year,
        genres=tags.genres,
        seconds=tags.seconds,
        bytes=file.size,
        format=file.path.suffix.lower().removeprefix("."),
        path=_printable(str(file.path)),
        musicbrainz_recording=tags.musicbrainz_recording,
        content_key=key,
        added_at=datetime.fromtimestamp(file.mtime_ns / 1e9, UTC),
    )
    return track, understood


def _revision(file: Found) -> str:
    return f"{file.mtime_ns}-{file.size}"


def _printable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
