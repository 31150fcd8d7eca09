"""Published API descriptions of media servers, read from the folder that SEGUE_SPECS names."""

import os
from pathlib import Path

import pytest

_TELLS, _TOLD = "SEGUE_SPECS", "_TESTS_SPECS"


def take_folder() -> None:
    """Out of the environment under that name, where programs under test refuse it: it is no setting."""
    if folder := os.environ.pop(_TELLS, None):
        os.environ[_TOLD] = folder  # so that the processes that run a part of the tests know it too


def published(name: str) -> Path:
    """The file with a description; the test is skipped where there is none."""
    folder = os.environ.get(_TOLD)
    file = Path(folder or "") / name
    if not folder or not file.is_file():
        pytest.skip(f"SEGUE_SPECS names no folder with {name}")
    return file
