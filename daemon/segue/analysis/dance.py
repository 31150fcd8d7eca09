"""Danceability: the inverse slope of a detrended fluctuation analysis (Streich and Herrera, 2005)."""

import numpy as np
import numpy.typing as npt

from segue.analysis.windows import Windows

BLOCKS_PER_SECOND = 100

_SHORTEST, _LONGEST, _FACTOR = 31.0, 880.0, 1.1
_STEPS_PER_WINDOW = 50
_STRETCH = 30_000
"""Five minutes of blocks are looked at together; longer music adds up."""

Row = npt.NDArray[np.float64]


class DanceMeter:
    """Reads the deviation of 10 ms blocks."""

    def __init__(self) -> None:
        count = int(np.log(_LONGEST / _SHORTEST) / np.log(_FACTOR)) + 1
        self._sizes = [int(_SHORTEST * _FACTOR**i) for i in range(count)]
        self._squares: Row = np.zeros(count)
        self._counts: Row = np.zeros(count)
        self._stretches = Windows(_STRETCH + self._sizes[-1], _STRETCH)

    def feed(self, deviations: npt.NDArray[np.float32]) -> None:
        for stretch in self._stretches.feed(deviations):
            self._add(stretch)

    def end_of_stretch(self) -> None:
        """What comes next does not follow on what came."""
        self._add(self._stretches.end())

    def result(self) -> float | None:
        """None for music shorter than the longest window, and where nothing fluctuates."""
        if self._counts[-1] == 0 or not self._squares.all():
            return None
        fluctuation = np.sqrt(self._squares / self._counts)
        slopes = np.diff(np.log(fluctuation)) / np.diff(np.log(np.array(self._sizes) + 3.0))
        slope = float(slopes.mean())
        return 1 / slope if slope > 0 else None

    def _add(self, deviations: npt.NDArray[np.float32]) -> None:
        if len(deviations) == 0:
            return
        walk = np.cumsum(deviations - deviations.mean(dtype=np.float64), dtype=np.float64)
        sums = [_running(walk), _running(walk**2), _running(walk * np.arange(len(walk)))]
        for index, size in enumerate(self._sizes):
            starts = np.arange(0, len(walk) - size + 1, max(1, size // _STEPS_PER_WINDOW))
            self._squares[index] += _residuals(sums, starts, size).sum()
            self._counts[index] += len(starts)


def _running(values: Row) -> Row:
    return np.concatenate([[0.0], np.cumsum(values)])


def _residuals(sums: list[Row], starts: npt.NDArray[np.intp], size: int) -> Row:
    """Mean squared distance of each window from its own straight line."""
    y, yy, xy = (total[starts + size] - total[starts] for total in sums)
    xy = xy - starts * y
    x, xx = size * (size - 1) / 2, (size - 1) * size * (2 * size - 1) / 6
    explained = (xy - x * y / size) ** 2 / (xx - x**2 / size)
    return np.maximum(0.0, yy - y**2 / size - explained) / size
