"""True peak: the highest value between samples, by fourfold oversampling where it can lie."""

import numpy as np
import numpy.typing as npt
import scipy.signal

from segue.analysis.blocks import Block

_OVERSAMPLING = 4
_PART = 256
_MARGIN = 32
_PARTS_PER_BLOCK = 8
_OVERSHOOT = 2.0
"""No music rises further than this above its samples; a part that could not win is left out."""

Samples = npt.NDArray[np.float32]


class TruePeakMeter:
    """Oversamples only the loudest parts of each block."""

    def __init__(self) -> None:
        self._peak = 0.0

    def feed(self, block: Block) -> None:
        for channel in block.samples:
            self._feed(channel)

    def result(self) -> float | None:
        """dBTP; None for silence."""
        return 20 * float(np.log10(self._peak)) if self._peak > 0 else None

    def _feed(self, channel: Samples) -> None:
        whole = np.abs(channel[: len(channel) // _PART * _PART]).reshape(-1, _PART)
        peaks = whole.max(axis=1) if len(whole) else np.zeros(0, np.float32)
        self._peak = max(self._peak, float(np.abs(channel).max(initial=0)))
        for index in np.argsort(peaks)[: -_PARTS_PER_BLOCK - 1 : -1]:
            if peaks[index] * _OVERSHOOT < self._peak:
                return
            self._look(channel, int(index) * _PART)

    def _look(self, channel: Samples, start: int) -> None:
        part = channel[max(0, start - _MARGIN) : start + _PART + _MARGIN]
        between = scipy.signal.resample_poly(part, _OVERSAMPLING, 1)
        inner = between[_MARGIN * _OVERSAMPLING : -_MARGIN * _OVERSAMPLING]
        self._peak = max(self._peak, float(np.abs(inner).max(initial=0)))
