"""Refuses what is not a readable, regular, non-empty file, before any decoder sees it."""

import os
import stat
from pathlib import Path

from segue.analysis.errors import HearingError


def check_file(path: Path) -> None:
    """HearingError with the reason when there is nothing to decode."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise HearingError(f"The file cannot be opened: {error.strerror}.") from error
    except ValueError as error:
        raise HearingError("The file's name is not one that a file can have.") from error
    try:
        status = os.fstat(descriptor)
    finally:
        os.close(descriptor)
    if not stat.S_ISREG(status.st_mode):
        raise HearingError("This is not a regular file.")
    if status.st_size == 0:
        raise HearingError("The file is empty.")
