"""Integrated loudness after EBU R128: K-weighted power in 400 ms blocks, gated twice.

The K-weighting is applied to the spectrum of each 100 ms: a third of the time that filtering takes,
and within a few hundredths of a unit of it.
"""

import numpy as np
import numpy.typing as npt
import scipy.fft

from segue.analysis.blocks import Block
from segue.analysis.windows import Windows

Row = npt.NDArray[np.float64]

_PIECES_PER_SECOND = 10
_PIECES_PER_BLOCK = 4
_OVERLAP = 5
_OFFSET_LUFS = -0.691
_ABSOLUTE_GATE, _LOUDEST, _BINS_PER_UNIT = -70.0, 30.0, 100
_RELATIVE_GATE_UNITS = 10.0
_SURROUND = 1.41

# Filter prototypes of ITU-R BS.1770: corner in Hz, quality, and the shelf's gain in dB.
_SHELF = (1681.974450955533, 0.7071752369554196, 3.999843853973347)
_HIGH_PASS = (38.13547087602444, 0.5003270373238773)


class LoudnessMeter:
    """Reads blocks of all channels at the file's own rate."""

    def __init__(self) -> None:
        self._shape: tuple[int, int] | None = None
        self._changed = False
        bins = round((_LOUDEST - _ABSOLUTE_GATE) * _BINS_PER_UNIT)
        self._power: Row = np.zeros(bins)
        self._count: Row = np.zeros(bins)

    def feed(self, block: Block) -> None:
        shape = len(block.samples), block.rate
        if self._shape is None:
            self._start(shape)
        self._changed = self._changed or shape != self._shape
        if not self._changed:
            self._add(self._pieces.feed(block.samples))

    def result(self) -> float | None:
        """LUFS; None for silence and for streams that change their shape midway."""
        if self._changed or not self._count.any():
            return None
        ungated = _loudness(self._power.sum() / self._count.sum())
        first = max(0, int((ungated - _RELATIVE_GATE_UNITS - _ABSOLUTE_GATE) * _BINS_PER_UNIT))
        return float(_loudness(self._power[first:].sum() / self._count[first:].sum()))

    def _start(self, shape: tuple[int, int]) -> None:
        channels, rate = self._shape = shape
        step = round(rate / _PIECES_PER_SECOND)
        self._taper = _taper(step)
        self._pieces = Windows(len(self._taper), step)
        self._blocks = Windows(_PIECES_PER_BLOCK, 1)
        self._weights = (_k_weighting(len(self._taper), rate) / (len(self._taper) * step)).astype(np.float32)
        self._gains = _channel_gains(channels)

    def _add(self, pieces: npt.NDArray[np.float32]) -> None:
        spectrum = scipy.fft.rfft(pieces * self._taper, axis=-1)
        squares = np.square(spectrum.view(np.float32))
        power = np.einsum("c,cp->p", self._gains, squares @ np.repeat(self._weights, 2))
        blocks = self._blocks.feed(power.astype(np.float32)).mean(axis=-1, dtype=np.float64)
        place = (_loudness(np.maximum(blocks, 1e-12)) - _ABSOLUTE_GATE) * _BINS_PER_UNIT
        heard = place >= 0
        place = np.minimum(place[heard], len(self._count) - 1).astype(np.intp)
        self._count += np.bincount(place, minlength=len(self._count))
        self._power += np.bincount(place, weights=blocks[heard], minlength=len(self._count))


def _loudness(power: npt.ArrayLike) -> Row:
    return np.asarray(_OFFSET_LUFS + 10 * np.log10(power))


def _channel_gains(channels: int) -> Row:
    """Left, right, centre count once, the low-frequency channel not at all, those behind more."""
    gains = np.ones(channels)
    if channels in (4, 5):
        gains[-2:] = _SURROUND
    elif channels >= 6:
        gains[3], gains[4:] = 0, _SURROUND
    return gains


def _taper(step: int) -> npt.NDArray[np.float32]:
    """Pieces overlap a little, with powers that add up to one; hard borders would spill bass upwards."""
    overlap = step // _OVERLAP
    rise = np.sin(np.pi / 2 * (np.arange(overlap) + 0.5) / overlap)
    return np.concatenate([rise, np.ones(step - overlap), rise[::-1]]).astype(np.float32)


def _k_weighting(size: int, rate: int) -> Row:
    """Power gain of each bin; bins between the ends stand for two."""
    z = np.exp(-2j * np.pi * np.arange(size // 2 + 1) / size)
    response = np.abs(_shelf(z, rate) * _high_pass(z, rate)) ** 2
    response[1 : (size + 1) // 2] *= 2
    return np.asarray(response)


def _shelf(z: npt.NDArray[np.complex128], rate: int) -> npt.NDArray[np.complex128]:
    corner, quality, gain = _SHELF
    k, high = np.tan(np.pi * corner / rate), 10 ** (gain / 20)
    middle = high**0.4996667741545416
    above = (high + middle * k / quality + k**2, 2 * (k**2 - high), high - middle * k / quality + k**2)
    below = (1 + k / quality + k**2, 2 * (k**2 - 1), 1 - k / quality + k**2)
    return _polynomial(above, z) / _polynomial(below, z)


def _high_pass(z: npt.NDArray[np.complex128], rate: int) -> npt.NDArray[np.complex128]:
    corner, quality = _HIGH_PASS
    k = np.tan(np.pi * corner / rate)
    scale = 1 + k / quality + k**2
    below = (1, 2 * (k**2 - 1) / scale, (1 - k / quality + k**2) / scale)
    return _polynomial((1, -2, 1), z) / _polynomial(below, z)


def _polynomial(
    coefficients: tuple[float, float, float], z: npt.NDArray[np.complex128]
) -> npt.NDArray[np.complex128]:
    a, b, c = coefficients
    return a + b * z + c * z**2
