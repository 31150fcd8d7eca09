"""The signal's deviation in blocks of 10 ms, and the silence before and after the music."""

import numpy as np
import numpy.typing as npt

from segue.analysis.dance import BLOCKS_PER_SECOND
from segue.analysis.mel import SAMPLE_RATE, Samples
from segue.analysis.windows import Windows

_BLOCK = SAMPLE_RATE // BLOCKS_PER_SECOND
_SILENT = 10 ** (-60 / 20)


class Envelope:
    """Standard deviation of consecutive blocks."""

    def __init__(self) -> None:
        self._blocks = Windows(_BLOCK, _BLOCK)

    def feed(self, samples: Samples) -> npt.NDArray[np.float32]:
        blocks = self._blocks.feed(samples)
        mean = blocks.mean(axis=1)
        power = np.einsum("ij,ij->i", blocks, blocks) / _BLOCK
        deviations: npt.NDArray[np.float32] = np.sqrt(np.maximum(0, power - mean**2))
        return deviations

    def end_of_stretch(self) -> None:
        """What comes next does not follow on what came."""
        self._blocks.end()


class SilenceMeter:
    """Seconds below -60 dBFS at both ends."""

    def __init__(self) -> None:
        self._blocks = 0
        self._first: int | None = None
        self._last = 0

    def feed(self, deviations: npt.NDArray[np.float32]) -> None:
        loud = np.flatnonzero(deviations > _SILENT)
        if len(loud):
            if self._first is None:
                self._first = self._blocks + int(loud[0])
            self._last = self._blocks + int(loud[-1])
        self._blocks += len(deviations)

    def result(self) -> tuple[float, float] | None:
        """(intro, outro); None where all is silence."""
        if self._first is None:
            return None
        return self._first / BLOCKS_PER_SECOND, (self._blocks - 1 - self._last) / BLOCKS_PER_SECOND
