"""True peak: the highest value between samples, by fourfold oversampling where it can lie."""

import numpy as np
import numpy.typing as npt

from segue.analysis.blocks import Block

_OVERSAMPLING = 4
_REACH = 12
"""Samples that the interpolation reads on either side."""
_PART = 128
_PARTS_PER_BLOCK = 16
_OVERSHOOT = 2.0
"""No music rises further than this above its samples; a block that could not win is left out."""

Samples = npt.NDArray[np.float32]


class TruePeakMeter:
    """Oversamples only the loudest parts of each block."""

    def __init__(self) -> None:
        self._peak = 0.0
        self._interpolation = _interpolation()

    def feed(self, block: Block) -> None:
        for channel in block.samples:
            self._feed(channel)

    def result(self) -> float | None:
        """dBTP; None for silence."""
        return 20 * float(np.log10(self._peak)) if self._peak > 0 else None

    def _feed(self, channel: Samples) -> None:
        highest = max(float(channel.max(initial=0)), -float(channel.min(initial=0)))
        if not np.isfinite(highest) or highest * _OVERSHOOT < self._peak:
            return
        self._peak = max(self._peak, highest)
        if len(channel) > _PARTS_PER_BLOCK * _PART + 2 * _REACH:
            between = _loudest_parts(channel) @ self._interpolation
            self._peak = max(self._peak, float(np.abs(between).max()))


def _loudest_parts(channel: Samples) -> Samples:
    """Windows [n, 2 * reach] around every sample of the loudest parts."""
    inner = channel[_REACH - 1 : len(channel) - _REACH]
    halfway = inner[1:] + inner[:-1]
    parts = halfway[: len(halfway) // _PART * _PART].reshape(-1, _PART)
    peaks = np.maximum(parts.max(axis=1), -parts.min(axis=1))
    loudest = np.argpartition(peaks, -_PARTS_PER_BLOCK)[-_PARTS_PER_BLOCK:]
    windows = np.lib.stride_tricks.sliding_window_view(channel, 2 * _REACH)
    starts = (loudest[:, None] * _PART + np.arange(_PART)).reshape(-1)
    chosen: Samples = windows[starts]
    return chosen


def _interpolation() -> Samples:
    """[2 * reach, 3]: Hann-windowed sinc for the three points between two samples."""
    fractions = np.arange(1, _OVERSAMPLING) / _OVERSAMPLING
    distance = np.arange(2 * _REACH)[:, None] - _REACH - fractions
    taper = 0.5 + 0.5 * np.cos(np.pi * distance / (_REACH + 1))
    return np.asarray(np.sinc(distance) * taper, np.float32)
