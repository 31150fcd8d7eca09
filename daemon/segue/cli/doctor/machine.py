"""Checks of this machine: installed packages, data folder, disk."""

import os
import shutil
import stat
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from segue.cli.doctor.finding import Finding, bad, good, warning

if TYPE_CHECKING:
    from segue.settings import Settings

_NETWORKS = ("onnxruntime", "onnxruntime-gpu")
_GIB = 2**30
_LITTLE, _TOO_LITTLE = 2 * _GIB, _GIB // 4
_OURS_ALONE = ("key", "admin-token")


def packages() -> Iterator[Finding]:
    """The two builds of ONNX Runtime write the same files, and pip lets both in."""
    found = {name: version for name in _NETWORKS if (version := _version(name))}
    if len(found) == 2:
        yield bad(
            "packages",
            "onnxruntime and onnxruntime-gpu are both installed and overwrite each other.",
            "Run `pip uninstall onnxruntime onnxruntime-gpu`, then install segue[cpu] or segue[gpu] again.",
        )
    elif not found:
        yield warning(
            "packages",
            "ONNX Runtime is not installed, so no recording can be heard here.",
            "Install segue[cpu] or segue[gpu], or let workers on other machines hear.",
        )
    else:
        yield good("packages", "".join(f"{name} {version}" for name, version in found.items()))


def data_folder(settings: "Settings") -> Iterator[Finding]:
    """Exists, can be written, and holds nothing that others may read."""
    folder = settings.data_dir
    if not folder.exists():
        yield warning(
            "data folder", f"{folder} does not exist yet.", "`segue up` makes it; or set SEGUE_DATA_DIR."
        )
        return
    if not os.access(folder, os.W_OK | os.X_OK):
        yield bad(
            "data folder",
            f"{folder} cannot be written by this user.",
            "Run Segue as the folder's owner, or set SEGUE_DATA_DIR to another folder.",
        )
        return
    readable = [name for name in _OURS_ALONE if _others_read(folder / name)]
    for name in readable:
        yield bad(
            "data folder", f"{folder / name} can be read by other users.", f"Run `chmod 600 {folder / name}`."
        )
    if not readable:
        yield good("data folder", str(folder))


def disk(settings: "Settings") -> Iterator[Finding]:
    """Space where the data folder is or will be."""
    place = settings.data_dir
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    detail = f"{free / _GIB:.1f} GiB free in {place}"
    advice = "Free some space, or move the data folder to a larger disk (SEGUE_DATA_DIR)."
    if free < _TOO_LITTLE:
        yield bad("disk", detail, advice)
    elif free < _LITTLE:
        yield warning("disk", detail, advice)
    else:
        yield good("disk", detail)


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _others_read(path: Path) -> bool:
    try:
        return bool(path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH))
    except OSError:
        return False
