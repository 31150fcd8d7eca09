"""Loudness and true peak agree with libebur128 and soxr."""

import numpy as np
import numpy.typing as npt
import pyebur128
import pytest
import soxr
from pyebur128 import MeasurementMode

from segue.analysis.blocks import Block
from segue.analysis.loudness import LoudnessMeter
from segue.analysis.peak import TruePeakMeter
from tests.daemon.analysis.sounds import song

Samples = npt.NDArray[np.float32]


def stereo(rate: int, *, gain: float = 1.0, rumble: float = 0.0) -> Samples:
    left, right = (song(seconds=20, seed=seed, rate=rate) for seed in (51, 52))
    low = rumble * np.sin(2 * np.pi * 25 * np.arange(len(left)) / rate)
    quiet_middle = np.where(np.abs(np.arange(len(left)) / len(left) - 0.5) < 0.2, 0.01, 1.0)
    return (gain * quiet_middle * np.stack([left, right]) + low).astype(np.float32)


def blocks(samples: Samples, rate: int) -> list[Block]:
    return [Block(samples[:, start : start + 30_000], rate) for start in range(0, samples.shape[1], 30_000)]


def libebur128(samples: Samples, rate: int) -> float:
    state = pyebur128.R128State(len(samples), rate, MeasurementMode.MODE_I)
    state.add_frames(np.ascontiguousarray(samples.T).reshape(-1), samples.shape[1])
    return float(pyebur128.get_loudness_global(state))


@pytest.mark.parametrize("rate", [16_000, 22_050, 44_100, 48_000, 96_000])
@pytest.mark.parametrize(("gain", "rumble"), [(1.0, 0.0), (0.02, 0.0), (0.5, 0.1)])
def test_loudness_is_libebur128s(rate: int, gain: float, rumble: float) -> None:
    samples = stereo(rate, gain=gain, rumble=rumble)
    meter = LoudnessMeter()
    for block in blocks(samples, rate):
        meter.feed(block)
    assert meter.result() == pytest.approx(libebur128(samples, rate), abs=0.15)


def test_surround_channels_weigh_as_in_libebur128() -> None:
    samples = np.concatenate([stereo(48_000), stereo(48_000) * 0.8, stereo(48_000) * 0.6])
    meter = LoudnessMeter()
    for block in blocks(samples, 48_000):
        meter.feed(block)
    assert meter.result() == pytest.approx(libebur128(samples, 48_000), abs=0.1)


def test_silence_has_no_loudness_and_no_peak() -> None:
    loudness, peak = LoudnessMeter(), TruePeakMeter()
    for block in blocks(np.zeros((2, 100_000), np.float32), 44_100):
        loudness.feed(block)
        peak.feed(block)
    assert loudness.result() is None
    assert peak.result() is None


def test_the_true_peak_is_that_of_the_oversampled_signal() -> None:
    samples = np.clip(3 * stereo(44_100), -0.8, 0.8)
    meter = TruePeakMeter()
    for block in blocks(samples, 44_100):
        meter.feed(block)
    oversampled = soxr.resample(samples.T, 44_100, 4 * 44_100, quality="VHQ")
    assert meter.result() == pytest.approx(20 * np.log10(np.abs(oversampled).max()), abs=0.3)
