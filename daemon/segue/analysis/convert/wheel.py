"""Takes the pinned weights out of the `musicnn` 0.1.0 wheel."""

import hashlib
import zipfile
from pathlib import Path

from segue.analysis.convert.checkpoint import Variables, read_checkpoint

WHEEL = "musicnn-0.1.0-py3-none-any.whl"
DATA_SHA256 = "8579734ee6388f799ed0def4bbd0d1fdcbeaf213ef2a9dc860917bd76a303de6"

_FOLDER = "musicnn/MSD_musicnn"


def read_wheel(wheel: Path) -> Variables:
    """The checkpoint's variables; ValueError when they are not the published ones."""
    with zipfile.ZipFile(wheel) as archive:
        index = archive.read(f"{_FOLDER}/.index")
        data = archive.read(f"{_FOLDER}/.data-00000-of-00001")
    if hashlib.sha256(data).hexdigest() != DATA_SHA256:
        raise ValueError(f"{wheel} does not hold the weights of musicnn 0.1.0")
    return read_checkpoint(index, data)
