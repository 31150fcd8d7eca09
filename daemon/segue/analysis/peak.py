"""True peak: the highest value between samples, by fourfold oversampling where it can lie.

No interpolated value exceeds the samples around it by more than the interpolation's own gain, so that
most of quiet music needs no second look. Elsewhere the surroundings of each part's highest sample are
oversampled.
"""

import numpy as np
import numpy.typing as npt

from segue.analysis.blocks import Block
from segue.analysis.windows import windows

_OVERSAMPLING = 4
_REACH = 12
"""Samples that the interpolation reads on either side."""
_PART = 512
_LOOKED_AT = 16
"""Gaps between samples that are oversampled in each part."""
_WINDOW = _LOOKED_AT + 2 * _REACH - 1

Samples = npt.NDArray[np.float32]
Places = npt.NDArray[np.intp]


class TruePeakMeter:
    """Reads blocks of all channels at the file's own rate."""

    def __init__(self) -> None:
        self._peak = 0.0
        interpolation = _interpolation()
        self._most_gain = float(np.abs(interpolation).sum(axis=0).max())
        self._product = _oversampling(interpolation)

    def feed(self, block: Block) -> None:
        for channel in block.samples:
            self._feed(channel)

    def result(self) -> float | None:
        """dBTP; None for silence."""
        return 20 * float(np.log10(self._peak)) if self._peak > 0 else None

    def _feed(self, channel: Samples) -> None:
        highest = max(float(channel.max(initial=0)), -float(channel.min(initial=0)))
        if not np.isfinite(highest) or highest * self._most_gain < self._peak:
            return
        self._peak = max(self._peak, highest)
        places = self._promising(channel)
        if len(places):
            around = windows(channel, _WINDOW, 1)
            between = around[np.clip(places - _WINDOW // 2, 0, len(around) - 1)] @ self._product
            self._peak = max(self._peak, float(between.max()), -float(between.min()))

    def _promising(self, channel: Samples) -> Places:
        """The highest samples of those parts that could hold a new peak."""
        parts = channel[: len(channel) // _PART * _PART].reshape(-1, _PART)
        heights = np.abs(parts)
        places = heights.argmax(axis=1)
        rows = np.arange(len(parts))
        highest = heights[rows, places]
        promising = highest * self._most_gain > self._peak
        clipped = promising & (highest == highest.max(initial=0))
        if np.count_nonzero(clipped) > 1:
            places[clipped] = _sharpest(parts[clipped])
        found: Places = (places + rows * _PART)[promising]
        return found


def _sharpest(parts: Samples) -> Places:
    """Where clipped parts, whose highest samples are all alike, rise most between two."""
    between = (parts[:, 1:-2] + parts[:, 2:-1]) - (parts[:, :-3] + parts[:, 3:]) / 9
    found: Places = np.abs(between).argmax(axis=1) + 1
    return found


def _oversampling(interpolation: Samples) -> Samples:
    """[window, 3 * looked at]: the interpolation at each place of a window, as one matrix product."""
    product = np.zeros((_WINDOW, _LOOKED_AT, _OVERSAMPLING - 1), np.float32)
    for place in range(_LOOKED_AT):
        product[place : place + 2 * _REACH, place] = interpolation
    return product.reshape(_WINDOW, -1)


def _interpolation() -> Samples:
    """[2 * reach, 3]: Hann-windowed sinc for the three points between two samples."""
    fractions = np.arange(1, _OVERSAMPLING) / _OVERSAMPLING
    distance = np.arange(2 * _REACH)[:, None] - (_REACH - 1) - fractions
    taper = 0.5 + 0.5 * np.cos(np.pi * distance / (_REACH + 1))
    return np.asarray(np.sinc(distance) * taper, np.float32)
