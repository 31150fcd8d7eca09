"""Room for vectors that grows: in memory, or in a scratch file that nobody else sees."""

import mmap
import os
import tempfile
import weakref
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

__all__ = ["FileStorage", "MemoryStorage", "Storage", "storage_in"]

Vectors = npt.NDArray[np.float32]


class Storage(Protocol):
    """Rows of vectors; what was handed out before stays valid and shows the same rows."""

    def grow(self, rows: int, *, keep: int) -> Vectors:
        """Room for so many rows, the first `keep` of them as before."""
        ...


class MemoryStorage:
    """Vectors in this process's memory."""

    def __init__(self, dimensions: int) -> None:
        self._vectors = np.empty((0, dimensions), np.float32)

    def grow(self, rows: int, *, keep: int) -> Vectors:
        """Room for so many rows, the first `keep` of them as before."""
        grown = np.empty((rows, self._vectors.shape[1]), np.float32)
        grown[:keep] = self._vectors[:keep]
        self._vectors = grown
        return grown


class FileStorage:
    """Vectors in a mapped file without a name: the system may take its memory, a kill leaves nothing."""

    def __init__(self, dimensions: int, folder: Path) -> None:
        self._dimensions = dimensions
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file, name = tempfile.mkstemp(prefix="vectors-", dir=folder)
        Path(name).unlink()
        weakref.finalize(self, os.close, self._file)

    def grow(self, rows: int, *, keep: int) -> Vectors:
        """Room for so many rows; OSError when the disk is full, which a write to a hole would not say."""
        size = rows * self._dimensions * 4
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(self._file, 0, size)
        else:
            os.ftruncate(self._file, size)
        return np.frombuffer(mmap.mmap(self._file, size), np.float32).reshape(rows, self._dimensions)


def storage_in(folder: Path | None, dimensions: int) -> Storage:
    """A file in the folder, or memory where none is given."""
    return MemoryStorage(dimensions) if folder is None else FileStorage(dimensions, folder)
