"""One `segue up` per data folder: who holds it, and which of its programs may have outlived it."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from segue.embedded import StartError
from segue.embedded.process import is_alive, started_at


class Holder:
    """The open lock file; it tells others our number and the numbers of our parts."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._parts = _read(file).get("parts", {})
        self._write()

    def remember(self, name: str, pid: int) -> None:
        """Note a started part, so that the next start can end it if we cannot."""
        self._parts[name] = [pid, started_at(pid)]
        self._write()

    def forget(self, name: str) -> None:
        """The part has ended."""
        if self._parts.pop(name, None):
            self._write()

    def leftovers(self) -> dict[str, int]:
        """Parts of an earlier life that still run; a number given to another program since is not one."""
        return {
            name: pid
            for name, (pid, since) in self._parts.items()
            if is_alive(pid) and started_at(pid) == since
        }

    def _write(self) -> None:
        """In place: the lock belongs to this very file."""
        self._file.seek(0)
        self._file.truncate()
        json.dump({"pid": os.getpid(), "parts": self._parts}, self._file)
        self._file.flush()


@contextmanager
def hold(data_dir: Path) -> Iterator[Holder]:
    """Be the only one on this folder, or say who is."""
    with _open(data_dir / "lock") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StartError(
                f"Another Segue (process {_read(file).get('pid', 'unknown')}) is running on {data_dir}. "
                "Stop that one first, or choose another folder with SEGUE_DATA_DIR."
            ) from None
        yield Holder(file)


def _open(path: Path) -> TextIO:
    try:
        return path.open("a+")
    except PermissionError as error:
        raise StartError(f"{path} belongs to another user. Start Segue as that user.") from error


def _read(file: TextIO) -> dict[str, dict[str, list[int]]]:
    file.seek(0)
    try:
        found = json.load(file)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
