"""Lists of the nearest on disk, so that a start need not compare all with all.

They are of vectors by recording and change number; what is another vector since is left out when they
come back, and compared anew.
"""

from pathlib import Path
from typing import BinaryIO
from zipfile import BadZipFile

import numpy as np

from segue.index.files import locked, replace
from segue.index.lists import ROOM, Kept, Lists
from segue.index.snapshot import SnapshotError

__all__ = ["load", "save"]

_NAME = "nearest.npz"
_VERSION = 1


def save(kept: Kept, folder: Path, *, of: str) -> None:
    """Write them, whole or not at all; `of` says what they are lists of."""
    nearest, lengths, bounds = kept.lists

    def write(file: BinaryIO) -> None:
        np.savez(
            file,
            version=np.array(_VERSION),
            of=np.array(of),
            ids=kept.ids,
            changes=kept.changes,
            nearest=nearest,
            lengths=lengths,
            bounds=bounds,
        )

    with locked(folder):
        replace(folder / _NAME, write)


def load(folder: Path, *, of: str) -> Kept | None:
    """The lists in a folder, None where there are none; SnapshotError when they must not be used."""
    try:
        with (folder / _NAME).open("rb") as raw, np.load(raw, allow_pickle=False) as file:  # checks CRCs
            if (int(file["version"]), str(file["of"])) != (_VERSION, of):
                raise SnapshotError("The lists are of something else.")
            lists = Lists(file["nearest"], file["lengths"], file["bounds"])
            kept = Kept(file["ids"], file["changes"], lists)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
        raise SnapshotError("The lists can't be read.") from error
    if not _fit(kept):
        raise SnapshotError("The lists do not fit together.")
    return kept


def _fit(kept: Kept) -> bool:
    rows = len(kept.ids)
    nearest, lengths, bounds = kept.lists
    shapes = nearest.shape, lengths.shape, bounds.shape, kept.changes.shape
    if shapes != ((rows, ROOM), (rows,), (rows,), (rows,)):
        return False
    return not rows or bool(lengths.max() <= ROOM and nearest.min() >= -1 and nearest.max() < rows)
