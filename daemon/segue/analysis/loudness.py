"""Integrated loudness (EBU R128) and true peak, by libebur128."""

import numpy as np
import pyebur128
from pyebur128 import MeasurementMode

from segue.analysis.blocks import Block

_QUIETEST_LUFS = -70.0


class LoudnessMeter:
    """Reads blocks of all channels at the file's own rate."""

    def __init__(self) -> None:
        self._state: pyebur128.R128State | None = None
        self._shape = (0, 0)
        self._changed = False

    def feed(self, block: Block) -> None:
        shape = len(block.samples), block.rate
        if self._state is None:
            self._shape = shape
            mode = MeasurementMode.MODE_I | MeasurementMode.MODE_HISTOGRAM
            self._state = pyebur128.R128State(*shape, mode)
        self._changed = self._changed or shape != self._shape
        if not self._changed:
            interleaved = np.ascontiguousarray(block.samples.T).reshape(-1)
            self._state.add_frames(interleaved, block.samples.shape[1])

    def result(self) -> float | None:
        """LUFS; None for silence and for streams that change their shape midway."""
        if self._state is None or self._changed:
            return None
        loudness = pyebur128.get_loudness_global(self._state)
        return float(loudness) if loudness > _QUIETEST_LUFS else None
