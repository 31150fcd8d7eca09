"""Seeded music made of sines and noise, and the files that hold it."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

Samples = npt.NDArray[np.float32]

C_MAJOR = np.array([0, 0, 0, 2, 4, 4, 5, 7, 7, 9, 11])
"""The chord's notes come more often."""


def song(
    *, seconds: float, seed: int = 1, rate: int = 16_000, bpm: float = 120.0, drums: float = 0.8
) -> Samples:
    """Drums on a beat under a wandering melody in C major, [n], peak 0.5."""
    generator = np.random.default_rng(seed)
    time = np.arange(round(seconds * rate)) / rate
    beat = time * bpm / 60
    pitch = 60 + generator.choice(C_MAJOR, size=int(seconds * bpm / 60) + 1)[beat.astype(int)]
    phase = 2 * np.pi * np.cumsum(440 * 2 ** ((pitch - 69) / 12)) / rate
    tone = sum((np.sin(phase * k) / k for k in (1, 2, 3)), start=np.zeros(len(time)))
    drum = generator.standard_normal(len(time)) * np.exp(-12 * (beat % 1))
    mixed = tone * np.exp(-2 * (beat % 1)) + drums * drum
    return (0.5 * mixed / np.abs(mixed).max(initial=1e-9)).astype(np.float32)


def write_wav(path: Path, samples: Samples, *, rate: int = 16_000, subtype: str = "PCM_16") -> Path:
    """[n] or [n, channels]."""
    soundfile.write(path, samples, rate, subtype=subtype)
    return path
