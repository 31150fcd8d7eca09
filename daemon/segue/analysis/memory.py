"""Asks the C library to keep freed memory instead of returning it to the system at once.

Analysis allocates and frees arrays of some hundred kilobytes all the time; without this a tenth
of its time goes into fetching the same pages anew.
"""

import ctypes
import sys

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
_LARGEST_ARRAY_BYTES = 16 * 2**20


def keep_freed_memory() -> None:
    """For this process; does nothing where the C library has no such setting."""
    if sys.platform != "linux":
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_MMAP_THRESHOLD, _LARGEST_ARRAY_BYTES)
        mallopt(_TRIM_THRESHOLD, 4 * _LARGEST_ARRAY_BYTES)
