"""The generated audio that the stored figures belong to; change neither without the other."""

import numpy as np

from tests.daemon.analysis.sounds import Samples, song

PIECES = ("slow", "fast", "noise", "quiet")
SECONDS = 9.1
"""Three patches."""


def piece(name: str) -> Samples:
    """Samples at 16 kHz."""
    if name == "slow":
        return song(seconds=SECONDS, seed=11, bpm=72)
    if name == "fast":
        return song(seconds=SECONDS, seed=12, bpm=174)
    if name == "noise":
        return (0.3 * np.random.default_rng(13).standard_normal(round(SECONDS * 16_000))).astype(np.float32)
    return (0.02 * song(seconds=SECONDS, seed=14, bpm=100)).astype(np.float32)
