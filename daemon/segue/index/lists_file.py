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

__all__ = ["discard", "load", "save"]

_NAME = "nearest.npz"
_VERSION = 1


def save(kept: Kept, folder: Path, *, of: str) -> None:
    """Write them, whole or not at all; `of` says what they are lists of."""
    lists = kept.lists

    def write(file: BinaryIO) -> None:
        np.savez(
            file,
            version=np.array(_VERSION),
            of=np.array(of),
            ids=kept.ids,
            changes=kept.changes,
            nearest=lists.nearest,
            lengths=lists.lengths,
            ordered=lists.ordered,
            bounds=lists.bounds,
        )

    with locked(folder):
        replace(folder / _NAME, write)


def load(folder: Path, *, of: str) -> Kept | None:
    """The lists in a folder, None where there are none; SnapshotError when they must not be used."""
    try:
        with (folder / _NAME).open("rb") as raw, np.load(raw, allow_pickle=False) as file:  # checks CRCs
            if (int(file["version"]), str(file["of"])) != (_VERSION, of):
                raise SnapshotError("The lists are of something else.")
            lists = Lists(**{name: file[name] for name in Lists._fields})
            kept = Kept(file["ids"], file["changes"], lists)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
        raise SnapshotError("The lists can't be read.") from error
    if not _fit(kept):
        raise SnapshotError("The lists do not fit together.")
    return kept


def discard(folder: Path) -> None:
    """Take them away."""
    with locked(folder):
        (folder / _NAME).unlink(missing_ok=True)


def _fit(kept: Kept) -> bool:
    rows = len(kept.ids)
    lists = kept.lists
    columns = kept.changes, lists.lengths, lists.ordered, lists.bounds
    if lists.nearest.shape != (rows, ROOM) or any(column.shape != (rows,) for column in columns):
        return False
    is_sorted = bool(np.all(lists.ordered <= lists.lengths) and np.all(lists.lengths <= ROOM))
    return is_sorted and (not rows or bool(lists.nearest.min() >= -1 and lists.nearest.max() < rows))
