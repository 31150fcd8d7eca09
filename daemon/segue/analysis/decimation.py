"""Lowers a signal's rate by a whole factor, for those who only need its low frequencies' power."""

import numpy as np
import numpy.typing as npt

from segue.analysis.windows import Windows

_OUTPUTS = 16

Array = npt.NDArray[np.float32]


class Decimator:
    """Means of so many consecutive samples, [channels, n]; as a matrix product that is soon done."""

    def __init__(self, factor: int) -> None:
        self._factor = factor
        self._rows = Windows(_OUTPUTS * factor, _OUTPUTS * factor)
        self._means = np.repeat(np.eye(_OUTPUTS, dtype=np.float32), factor, axis=0) / np.float32(factor)

    def feed(self, samples: Array) -> Array:
        """What can be given out so far."""
        if self._factor == 1:
            return samples
        rows = self._rows.feed(samples)
        means: Array = (rows @ self._means).reshape(len(rows), -1)
        return means

    def power_gain(self, turns: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """What is left of a frequency, given in turns for each sample that comes out."""
        return np.asarray((np.sinc(turns) / np.sinc(turns / self._factor)) ** 2)
