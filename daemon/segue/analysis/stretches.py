"""Which parts of a recording a fast hearing reaches by seeking."""

from segue.analysis.mel import PATCH_SAMPLES, PATCH_STEP, SAMPLE_RATE

_STRETCHES = 11
_PATCHES_PER_STRETCH = 2
"""Many short stretches tell more of a recording than few long ones; 6 s are the least that tempo needs."""

STRETCH_SAMPLES = PATCH_STEP * (_PATCHES_PER_STRETCH - 1) + PATCH_SAMPLES
STRETCH_SECONDS = STRETCH_SAMPLES / SAMPLE_RATE

_WORTH_SEEKING = 1.5 * _STRETCHES * STRETCH_SECONDS


def stretches(seconds: float | None) -> tuple[float, ...]:
    """Where evenly spaced stretches start; none where hearing everything costs about the same."""
    if seconds is None or seconds < _WORTH_SEEKING:
        return ()
    part = seconds / _STRETCHES
    return tuple((index + 0.5) * part - STRETCH_SECONDS / 2 for index in range(_STRETCHES))
