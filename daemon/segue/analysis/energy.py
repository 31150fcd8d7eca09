"""How loud the music feels over time, 0..1: the mean of clipped decibels."""

import numpy as np
import numpy.typing as npt

from segue.analysis.mel import Samples
from segue.analysis.windows import Windows

_HOP = 512
_HOPS_PER_FRAME = 4
_FLOOR_DB = -60.0

Row = npt.NDArray[np.float32]


class EnergyMeter:
    """RMS of centred 2048-sample frames every 512 samples; zeros lie before and after each stretch."""

    def __init__(self) -> None:
        self._hops = Windows(_HOP, _HOP)
        self._frames = Windows(_HOPS_PER_FRAME, 1)
        self._sum = 0.0
        self._count = 0
        self._begun = False

    def feed(self, samples: Samples) -> None:
        hops = self._hops.feed(samples)
        if not self._begun:
            self._begun = True
            self._add(_NO_POWER)
        self._add(np.einsum("ij,ij->i", hops, hops))

    def end_of_stretch(self) -> None:
        """What comes next does not follow on what came."""
        if self._begun:
            rest = self._hops.end()
            self._add(np.array([np.dot(rest, rest), 0], np.float32))
            self._frames.end()
            self._begun = False

    def result(self) -> float | None:
        return self._sum / self._count if self._count else None

    def _add(self, powers: Row) -> None:
        frames = self._frames.feed(powers).sum(axis=1, dtype=np.float64) / (_HOP * _HOPS_PER_FRAME)
        decibels = 10 * np.log10(np.maximum(frames, 1e-12))
        self._sum += float(np.clip(1 - decibels / _FLOOR_DB, 0, 1).sum())
        self._count += len(frames)


_NO_POWER: Row = np.zeros(_HOPS_PER_FRAME // 2, np.float32)
