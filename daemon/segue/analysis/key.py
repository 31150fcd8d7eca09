"""Key and scale from spectral peaks; also how major the music is."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.fft

from segue.analysis.mel import SAMPLE_RATE, Samples
from segue.analysis.windows import Windows

KEYS = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")

_SIZE = 8192
_LOWEST_HZ, _HIGHEST_HZ = 65.0, 2000.0
_LEAST_PEAK = 0.01
_LEAST_MAGNITUDE = 1e-4
_CENTS = 1200
_MIDDLE_C_HZ = 261.6255653

# Albrecht and Shanahan, "The use of large corpora to train a new type of key-finding algorithm", 2013.
_MAJOR = (0.238, 0.006, 0.111, 0.006, 0.137, 0.094, 0.016, 0.214, 0.009, 0.080, 0.008, 0.081)
_MINOR = (0.220, 0.006, 0.104, 0.123, 0.019, 0.103, 0.012, 0.214, 0.062, 0.022, 0.061, 0.052)
# Krumhansl and Kessler, 1982. The two err in different places, so that together they err less.
_MAJOR_HEARD = (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88)
_MINOR_HEARD = (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17)

Row = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """`confidence` is the correlation with the profile; `mode` > 0 leans to major."""

    key: str
    scale: str
    confidence: float
    mode: float


class KeyMeter:
    """Sums spectral peaks by pitch in cents, so that the tuning may be known at the end."""

    def __init__(self) -> None:
        self._windows = Windows(_SIZE, _SIZE)
        self._taper = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(_SIZE) / _SIZE)).astype(np.float32)
        self._cents: Row = np.zeros(_CENTS)

    def feed(self, samples: Samples) -> None:
        frames = self._windows.feed(samples)
        if len(frames) == 0:
            return
        bins = int(_HIGHEST_HZ * _SIZE / SAMPLE_RATE) + 2
        spectrum = scipy.fft.rfft(frames * self._taper, axis=1)[:, :bins]
        self._cents += _cents(np.abs(spectrum))

    def end_of_stretch(self) -> None:
        """What comes next does not follow on what came."""
        self._windows.end()

    def result(self) -> Key | None:
        """None where there is no pitch."""
        if not self._cents.any():
            return None
        chroma = _chroma(self._cents)
        if chroma.std() <= 1e-9 * chroma.mean():
            return None
        major, minor = _correlations(chroma, _MAJOR), _correlations(chroma, _MINOR)
        mode = float(major.max() - minor.max())
        major = (major + _correlations(chroma, _MAJOR_HEARD)) / 2
        minor = (minor + _correlations(chroma, _MINOR_HEARD)) / 2
        best, scale = (major, "major") if major.max() >= minor.max() else (minor, "minor")
        tonic = int(np.argmax(best))
        return Key(
            key=KEYS[tonic],
            scale=scale,
            confidence=float(min(1.0, max(0.0, best[tonic]))),
            mode=mode,
        )


def _cents(magnitudes: npt.NDArray[np.float32]) -> Row:
    """Weight by cent above C; every frame weighs the same."""
    low = int(np.ceil(_LOWEST_HZ * _SIZE / SAMPLE_RATE))
    left, top, right = magnitudes[:, low - 1 : -2], magnitudes[:, low:-1], magnitudes[:, low + 1 :]
    loudest = top.max(axis=1, keepdims=True)
    audible = (top > _LEAST_PEAK * loudest) & (loudest > _LEAST_MAGNITUDE)
    rows, columns = np.nonzero((top > left) & (top >= right) & audible)
    a, b, c = left[rows, columns], top[rows, columns], right[rows, columns]
    offset = 0.5 * (a - c) / (a - 2 * b + c)
    pitch = 12 * np.log2((columns + low + offset) * SAMPLE_RATE / _SIZE / _MIDDLE_C_HZ)
    cent = np.floor(pitch % 12 * 100).astype(np.intp) % _CENTS
    return np.bincount(cent, weights=b / loudest[rows, 0], minlength=_CENTS).astype(np.float64)


def _chroma(cents: Row) -> Row:
    """Twelve pitch classes in the music's own tuning."""
    pitch = (np.arange(_CENTS) + 0.5) / 100
    tuning = np.angle(cents @ np.exp(2j * np.pi * pitch)) / (2 * np.pi)
    nearest = np.round(pitch - tuning)
    weights = cents * np.cos(np.pi * (pitch - tuning - nearest)) ** 2
    return np.bincount(nearest.astype(np.intp) % 12, weights=weights, minlength=12).astype(np.float64)


def _correlations(chroma: Row, profile: tuple[float, ...]) -> Row:
    rotations = np.array([np.roll(profile, tonic) for tonic in range(12)])
    rotations = rotations - rotations.mean(axis=1, keepdims=True)
    centred = chroma - chroma.mean()
    norms = np.linalg.norm(rotations, axis=1) * np.linalg.norm(centred)
    return np.asarray(rotations @ centred / norms)
