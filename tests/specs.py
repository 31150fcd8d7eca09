"""Published API descriptions of media servers, read from the folder that SEGUE_SPECS names."""

import os
from pathlib import Path

import pytest

# Taken out of the environment, where programs under test would refuse it: it is no setting of theirs.
_FOLDER = os.environ.pop("SEGUE_SPECS", None)


def published(name: str) -> Path:
    """The file with a description; the test is skipped where there is none."""
    file = Path(_FOLDER or "") / name
    if not _FOLDER or not file.is_file():
        pytest.skip(f"SEGUE_SPECS names no folder with {name}")
    return file
