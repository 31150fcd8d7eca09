"""The network's front end: 16 kHz mono samples to log-mel frames."""

import numpy as np
import numpy.typing as npt
import scipy.fft

from segue.analysis.windows import windows

SAMPLE_RATE = 16_000
FFT_SIZE = 512
HOP = 256
BANDS = 96
PATCH_FRAMES = 187
PATCH_SAMPLES = (PATCH_FRAMES - 1) * HOP + FFT_SIZE
"""One patch of audio: 48,128 samples, 3.008 s."""
PATCH_STEP = PATCH_FRAMES * HOP
FRAMES_PER_SECOND = SAMPLE_RATE / HOP

Samples = npt.NDArray[np.float32]
Frames = npt.NDArray[np.float32]


def filterbank() -> npt.NDArray[np.float32]:
    """[96, 257]: triangles on the Slaney mel scale from 0 to 8000 Hz, each of unit area."""
    edges = _mel_to_hz(np.linspace(0.0, _TOP_MEL, BANDS + 2))
    bins = np.arange(FFT_SIZE // 2 + 1) * SAMPLE_RATE / FFT_SIZE
    left, centre, right = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    triangles = np.minimum((bins - left) / (centre - left), (right - bins) / (right - centre))
    return np.asarray(np.maximum(0.0, triangles) * 2 / (right - left), np.float32)


def window() -> npt.NDArray[np.float64]:
    """Periodic Hann."""
    return 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(FFT_SIZE) / FFT_SIZE)


class LogMel:
    """Turns samples into `log10(1 + 10000 * mel power)`, [frames, 96]."""

    def __init__(self) -> None:
        self._window = window().astype(np.float32)
        self._weights = np.ascontiguousarray(filterbank().T)

    def __call__(self, samples: Samples) -> Frames:
        frames = windows(samples, FFT_SIZE, HOP)
        spectrum = scipy.fft.rfft(frames * self._window, axis=1)
        power = spectrum.real**2 + spectrum.imag**2
        mel: Frames = power @ self._weights
        mel *= 10_000
        mel += 1
        np.log10(mel, out=mel)
        return mel


_LINEAR_HZ_PER_MEL = 200 / 3
_LOG_START_MEL = 15
_LOG_STEP = np.log(6.4) / 27
_TOP_MEL = _LOG_START_MEL + np.log(SAMPLE_RATE / 2 / 1000) / _LOG_STEP


def _mel_to_hz(mel: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    logarithmic = 1000 * np.exp((mel - _LOG_START_MEL) * _LOG_STEP)
    return np.where(mel < _LOG_START_MEL, mel * _LINEAR_HZ_PER_MEL, logarithmic)
