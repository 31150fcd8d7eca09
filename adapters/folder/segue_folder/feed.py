"""Turns file events into hints: each file once it is quiet, each new folder file by file."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event

import watchfiles

from segue.model import Change, LibraryChanged, PlaylistsChanged, TrackChanged, TrackGone
from segue.sdk import Unavailable, Unsupported
from segue_folder.playlists import is_playlist
from segue_folder.tree import AUDIO_SUFFIXES, Tree, track_id

__all__ = ["Settling", "hints"]

QUIET_SECONDS = 0.5
_VAGUE_SECONDS = 30.0
_MANY = 5_000
_FOLDER_LIMIT = 1_000


class Settling:
    """Holds paths back until nothing has happened to them for a while; too many become one vague hint."""

    def __init__(self, *, quiet_seconds: float = QUIET_SECONDS, limit: int = _MANY) -> None:
        self._quiet_seconds = quiet_seconds
        self._limit = limit
        self._touched: dict[Path, float] = {}
        self._vague: tuple[float, float] | None = None  # since, and last touched

    def touch(self, path: Path, now: float) -> None:
        self._touched.pop(path, None)
        self._touched[path] = now
        if len(self._touched) > self._limit:
            self._touched.clear()
            self.touch_everything(now)

    def touch_everything(self, now: float) -> None:
        self._vague = (self._vague[0] if self._vague else now, now)

    def quiet(self, now: float) -> list[Path]:
        """Paths that are quiet now; each is handed out once."""
        ready = []
        for path, touched in self._touched.items():
            if now - touched < self._quiet_seconds:
                break
            ready.append(path)
        for path in ready:
            del self._touched[path]
        return ready

    def everything_quiet(self, now: float) -> bool:
        """Whether a vague hint is due: all is quiet, or has not been for long."""
        if self._vague is None:
            return False
        since, touched = self._vague
        if now - touched < self._quiet_seconds and now - since < _VAGUE_SECONDS:
            return False
        self._vague = None
        return True


def hints(
    tree: Tree,
    stop: Event,
    clock: Callable[[], float] = time.monotonic,
    *,
    playlists: Path | None = None,
) -> Iterator[list[Change]]:
    """Hints in batches, for ever; the first is LibraryChanged, once every event is caught. Blocks.

    `playlists` is a folder whose files are playlists; one that lies elsewhere and is not there yet is
    not watched.
    """
    settling = Settling()
    identity = _identity(tree.root)
    listening = False
    for events in _events(tree.root, stop, playlists):
        if _identity(tree.root) != identity:
            raise Unavailable(f"The folder {tree.root} was replaced; looking again.")
        if not listening:
            listening = True
            yield [LibraryChanged()]
        now = clock()
        if any(is_playlist(Path(name)) and Path(name).parent == playlists for _, name in events):
            yield [PlaylistsChanged()]
        for kind, name in events:
            _sort_in(tree, settling, kind, Path(name), now)
        changes: list[Change] = [_hint(tree, path) for path in settling.quiet(now)]
        if settling.everything_quiet(now):
            changes.append(LibraryChanged())
        if changes:
            yield changes


def _events(root: Path, stop: Event, playlists: Path | None) -> Iterator[set[tuple[watchfiles.Change, str]]]:
    elsewhere = playlists is not None and not playlists.is_relative_to(root) and playlists.is_dir()
    try:
        yield from watchfiles.watch(
            root,
            *([playlists] if playlists is not None and elsewhere else []),
            watch_filter=None,
            debounce=400,
            step=100,
            rust_timeout=250,
            yield_on_timeout=True,
            stop_event=stop,
            raise_interrupt=False,
            ignore_permission_denied=True,
        )
    except FileNotFoundError as error:
        raise Unavailable(f"The folder {root} is not there.") from error
    except (OSError, RuntimeError) as error:
        raise Unsupported(
            f"The system cannot watch {root} ({error}); raise fs.inotify.max_user_watches and"
            " fs.inotify.max_user_instances."
        ) from error


def _sort_in(tree: Tree, settling: Settling, kind: watchfiles.Change, path: Path, now: float) -> None:
    if not path.is_relative_to(tree.root):
        return
    if path == tree.root or any(tree.is_hidden(part) for part in _parts(tree.root, path)):
        return
    if path.suffix.lower() in AUDIO_SUFFIXES:
        settling.touch(path, now)
    elif path.is_dir():
        if kind is not watchfiles.Change.modified:
            _sort_in_folder(tree, settling, path, now)
    elif kind is watchfiles.Change.deleted and not path.suffix:
        settling.touch_everything(now)  # perhaps a folder full of tracks


def _sort_in_folder(tree: Tree, settling: Settling, folder: Path, now: float) -> None:
    """Files that came with a folder may have come before it was watched."""
    for number, found in enumerate(tree.files(folder)):
        if number == _FOLDER_LIMIT:
            settling.touch_everything(now)
            return
        settling.touch(found.path, now)


def _hint(tree: Tree, path: Path) -> Change:
    track = track_id(tree.root, path)
    return TrackChanged(track) if path.is_file() else TrackGone(track)


def _parts(root: Path, path: Path) -> Iterator[Path]:
    for part in (*reversed(path.parents), path):
        if part != root and part.is_relative_to(root):
            yield part


def _identity(root: Path) -> tuple[int, int]:
    try:
        facts = root.stat()
    except OSError as error:
        raise Unavailable(f"The folder {root} cannot be read: {error.strerror}.") from error
    return facts.st_dev, facts.st_ino
