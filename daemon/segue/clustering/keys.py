"""Musical keys on the circle of fifths, where neighbours mix well."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

__all__ = ["UNKNOWN_KEY", "key_codes", "key_distances"]

UNKNOWN_KEY = -1

_PITCHES = {
    name: pitch
    for pitch, name in enumerate(("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"))
}
_FARTHEST = 7.0


def key_codes(keys: Sequence[str | None], scales: Sequence[str | None]) -> npt.NDArray[np.int64]:
    """Place on the circle of fifths, 0..11 for major, 12..23 for the relative minor, -1 for unknown."""
    return np.array([_code(key, scale) for key, scale in zip(keys, scales, strict=True)], np.int64)


def key_distances(one: npt.NDArray[np.int64], two: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """0 for the same key, 1 for the farthest; the unknown is half-way, and neither helps nor hurts.

    One step on the circle, or from a key to its relative, counts the same.
    """
    steps = np.abs(one % 12 - two % 12)
    steps = np.minimum(steps, 12 - steps) + (one // 12 != two // 12)
    unknown = (one < 0) | (two < 0)
    return np.where(unknown, 0.5, steps / _FARTHEST)


def _code(key: str | None, scale: str | None) -> int:
    if key not in _PITCHES or scale not in ("major", "minor"):
        return UNKNOWN_KEY
    pitch = _PITCHES[key] + (3 if scale == "minor" else 0)
    return pitch * 7 % 12 + (12 if scale == "minor" else 0)
