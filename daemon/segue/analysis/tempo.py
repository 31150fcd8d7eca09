"""Tempo from the autocorrelation of onsets; also pulse and flux, inputs of the mood scores."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.fft

from segue.analysis.mel import FRAMES_PER_SECOND, Frames
from segue.analysis.windows import Windows

_WINDOW = 1000
"""16 s of frames."""
_STEP = 250
_TREND = 63
"""About 1 s: what an onset must stand out from."""
_SHORTEST = 250
_FASTEST_BPM, _SLOWEST_BPM = 240.0, 40.0
_LIKELY_BPM, _LIKELY_OCTAVES = 130.0, 1.0
_BEATS = {1: 1.0, 2: 0.5, 4: 0.25}
"""What repeats after a beat repeats after two and four, unless it was three halves of a beat."""
_PULSE_BPM = 200.0, 50.0
_CERTAIN = 1e-9

Row = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tempo:
    """`tempo` is None where nothing repeats."""

    tempo: float | None
    confidence: float | None
    pulse: float | None
    flux: float


class TempoMeter:
    """Reads log-mel frames in order."""

    def __init__(self) -> None:
        self._last: Frames | None = None
        self._rise = 0.0
        self._frames = 0
        self._windows = Windows(_WINDOW + _TREND - 1, _STEP)
        self._sum: Row = np.zeros(_WINDOW)
        self._count = 0
        self._heard_window = False

    def feed(self, mel: Frames) -> None:
        if self._last is not None:
            mel = np.concatenate([self._last, mel])
        self._last = mel[-1:]
        rise = np.maximum(0, np.diff(mel, axis=0)).mean(axis=1, dtype=np.float64)
        self._rise += float(rise.sum())
        self._frames += len(rise)
        for onsets in self._windows.feed(rise.astype(np.float32)):
            self._add(onsets)

    def end_of_stretch(self) -> None:
        """What comes next does not follow on what came."""
        rest = self._windows.end()
        if not self._heard_window and len(rest) >= _SHORTEST + _TREND:
            self._add(rest)
        self._last = None
        self._heard_window = False

    def result(self) -> Tempo:
        flux = float(np.log(self._rise / max(1, self._frames) + 1e-4))
        if self._count == 0:
            return Tempo(tempo=None, confidence=None, pulse=None, flux=flux)
        repeats = self._sum / self._count
        fast, slow = (round(60 * FRAMES_PER_SECOND / bpm) for bpm in _PULSE_BPM)
        lag, height = _best_lag(repeats)
        return Tempo(
            tempo=60 * FRAMES_PER_SECOND / lag,
            confidence=min(1.0, max(0.0, height)),
            pulse=float(repeats[fast : slow + 1].max()),
            flux=flux,
        )

    def _add(self, rise: Frames) -> None:
        trend = np.convolve(rise, np.full(_TREND, 1 / _TREND), mode="valid")
        onsets = np.maximum(0.0, rise[_TREND // 2 :][: len(trend)] - trend)
        repeats = _autocorrelation(onsets * _hann(len(onsets)))
        if repeats[0] <= _CERTAIN:
            return
        taper = _autocorrelation(_hann(len(onsets)))
        scaled = repeats / repeats[0] / np.maximum(taper / taper[0], 1e-3)
        self._sum[: len(scaled)] += scaled[:_WINDOW]
        self._count += 1
        self._heard_window = True


def _best_lag(repeats: Row) -> tuple[float, float]:
    """The lag in frames, sharpened on its multiples, and how well the music repeats after it."""
    first = int(np.ceil(60 * FRAMES_PER_SECOND / _FASTEST_BPM))
    last = int(60 * FRAMES_PER_SECOND / _SLOWEST_BPM)
    lags = np.arange(first, last + 1)
    octaves = np.log2(60 * FRAMES_PER_SECOND / lags / _LIKELY_BPM)
    beats = sum(weight * _highest_near(repeats, lags * beat) for beat, weight in _BEATS.items())
    likely = beats * np.exp(-0.5 * (octaves / _LIKELY_OCTAVES) ** 2)
    best = int(lags[np.argmax(likely)])
    lag = float(best)
    for multiple in (1, 2, 4, 8, 16):
        peak = _peak_near(repeats, multiple * lag)
        if peak is None:
            break
        lag = peak / multiple
    return lag, float(repeats[best])


def _highest_near(repeats: Row, lags: npt.NDArray[np.intp]) -> Row:
    """The highest value at a multiple of a beat; the further it is, the less a whole frame tells."""
    reach = int(lags[0] // 30)
    near = [repeats[np.minimum(lags + shift, len(repeats) - 1)] for shift in range(-reach, reach + 1)]
    highest: Row = np.max(near, axis=0)
    return highest


def _peak_near(repeats: Row, lag: float) -> float | None:
    """The top of the parabola through the highest point within two frames; None at the border."""
    start = round(lag) - 2
    if start < 1 or start + 6 > len(repeats):
        return None
    centre = start + int(np.argmax(repeats[start : start + 5]))
    left, top, right = repeats[centre - 1 : centre + 2]
    bend = left - 2 * top + right
    if bend >= 0 or top < left or top < right:
        return None
    return float(centre + 0.5 * (left - right) / bend)


def _autocorrelation(values: Row) -> Row:
    size = scipy.fft.next_fast_len(2 * len(values), real=True)
    spectrum = scipy.fft.rfft(values, size)
    product: Row = scipy.fft.irfft(np.abs(spectrum) ** 2, size)
    return product[: len(values)]


def _hann(size: int) -> Row:
    return np.hanning(size + 2)[1:-1]
