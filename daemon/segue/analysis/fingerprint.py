"""An acoustic fingerprint: equal for the same recording in another encoding, unlike for another one.

The first two minutes of log-mel frames are averaged over half a second every eighth of a second, in
33 bands. Each bit tells whether the step from one band to the next grew since a quarter of a second
before, after Haitsma and Kalker (2002); 32 bits make one word. Chromaprint would be the common
choice, but no package brings it as a library, and words of two algorithms cannot be compared.
"""

import numpy as np
import numpy.typing as npt

from segue.analysis.windows import Windows

ALGORITHM = 1
"""First byte of every fingerprint."""

_BANDS, _FIRST_BAND, _LAST_BAND = 33, 3, 96
_WINDOW, _STEP, _LAG = 32, 8, 2
_WORDS = 940
_FEWEST_WORDS = 60
_MOST_SHIFT = 80
"""About ten seconds: how much longer one copy's beginning may be."""

Words = npt.NDArray[np.uint32]


class FingerprintMeter:
    """Reads log-mel frames in order, until it has enough."""

    def __init__(self) -> None:
        edges = np.linspace(_FIRST_BAND, _LAST_BAND, _BANDS + 1).round().astype(int)
        self._edges = edges[:-1]
        self._sizes = np.diff(edges)[:, None]
        self._windows = Windows(_WINDOW, _STEP)
        self._columns: list[npt.NDArray[np.float32]] = []
        self._count = 0

    def feed(self, mel: npt.NDArray[np.float32]) -> None:
        if self._count >= _WORDS + _LAG:
            return
        bands = np.add.reduceat(mel[:, :_LAST_BAND], self._edges, axis=1).T / self._sizes
        columns = self._windows.feed(bands.astype(np.float32)).mean(axis=-1)
        self._columns.append(columns)
        self._count += columns.shape[1]

    def result(self) -> bytes | None:
        """None where there is too little to tell recordings apart."""
        if self._count < _FEWEST_WORDS + _LAG:
            return None
        slopes = np.diff(np.concatenate(self._columns, axis=1)[:, : _WORDS + _LAG], axis=0)
        grew = slopes[:, _LAG:] > slopes[:, :-_LAG]
        return bytes([ALGORITHM]) + np.packbits(grew, axis=0).T.tobytes()


def similarity(one: bytes, other: bytes) -> float:
    """Share of equal bits where the two fit best, about 0.5 for different recordings, up to 1."""
    if not (one[:1] == other[:1] == bytes([ALGORITHM])):
        return 0.0
    a, b = (np.frombuffer(print_[1:], np.uint32) for print_ in (one, other))
    shifts = range(-_MOST_SHIFT, _MOST_SHIFT + 1)
    return max((_equal_bits(a[max(0, shift) :], b[max(0, -shift) :]) for shift in shifts), default=0.0)


def _equal_bits(a: Words, b: Words) -> float:
    size = min(len(a), len(b))
    sounding = (a[:size] != 0) | (b[:size] != 0)  # silence is the same everywhere
    if np.count_nonzero(sounding) < _FEWEST_WORDS:
        return 0.0
    different = np.bitwise_count(a[:size] ^ b[:size])[sounding]
    return 1 - float(different.mean()) / 32
