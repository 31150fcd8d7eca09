"""Generated music whose tempo and key are known, in many timbres, rhythms and progressions."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from segue.analysis.key import KEYS
from segue.analysis.mel import SAMPLE_RATE
from tests.daemon.analysis.sounds import Samples

Array = npt.NDArray[np.float64]

SECONDS = 30.0

_MAJOR, _MINOR = (0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10)
_PROGRESSIONS = {
    "major": ((0, 4, 5, 3), (0, 3, 4, 0), (0, 5, 3, 4), (0, 1, 4, 0), (0, 3, 0, 4)),
    "minor": ((0, 5, 2, 6), (0, 3, 4, 0), (0, 6, 5, 4), (0, 3, 6, 0), (0, 5, 3, 4)),
}
_TIMBRES: dict[str, tuple[tuple[float, ...], float]] = {  # strengths of harmonics, decay per second
    "flute": ((1.0, 0.1, 0.02), 0.5),
    "organ": ((1.0, 0.7, 0.4, 0.5, 0.2, 0.3), 0.2),
    "strings": ((1.0, 0.6, 0.5, 0.4, 0.3, 0.25, 0.2), 0.4),
    "pluck": ((1.0, 0.5, 0.35, 0.2, 0.1), 6.0),
    "piano": ((1.0, 0.6, 0.25, 0.15, 0.1, 0.05), 3.0),
}
# Steps of an eighth: (kick, snare, hat), 1 where it sounds.
_RHYTHMS: dict[str, tuple[str, str, str]] = {
    "none": ("00000000", "00000000", "00000000"),
    "house": ("10101010", "00000000", "01010101"),
    "rock": ("10001000", "00100010", "11111111"),
    "ballad": ("10000100", "00001000", "10101010"),
    "hats": ("00000000", "00000000", "11111111"),
    "dembow": ("10001000", "00010010", "11111111"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Mono at 16 kHz, and what is true of it."""

    samples: Samples
    bpm: float
    key: str
    scale: str
    timbre: str
    rhythm: str


def compose(seed: int) -> Piece:
    """The same piece for the same seed."""
    generator = np.random.default_rng(seed)
    bpm, tonic = float(generator.uniform(60, 180)), int(generator.integers(12))
    scale = str(generator.choice(["major", "minor"]))
    timbre, rhythm = str(generator.choice(list(_TIMBRES))), str(generator.choice(list(_RHYTHMS)))
    tuning = generator.uniform(-0.25, 0.25)
    progression = _PROGRESSIONS[scale][int(generator.integers(len(_PROGRESSIONS[scale])))]
    mix = np.zeros(round(SECONDS * SAMPLE_RATE))
    step = 30 / bpm
    for number in range(int(SECONDS / step)):
        chord = _chord(progression[number // 8 % 4], scale)
        for pitch, loudness, steps in _notes(number, chord, generator):
            _play(mix, number * step, 48 + tonic + tuning + pitch, loudness, steps * step, timbre)
        for drum, pattern in enumerate(_RHYTHMS[rhythm]):
            if pattern[number % 8] == "1":
                _hit(mix, number * step, drum, generator)
    mix += generator.standard_normal(len(mix)) * 10 ** generator.uniform(-4, -2)
    samples = (0.5 * mix / np.abs(mix).max()).astype(np.float32)
    return Piece(samples=samples, bpm=bpm, key=KEYS[tonic], scale=scale, timbre=timbre, rhythm=rhythm)


def _chord(degree: int, scale: str) -> tuple[int, ...]:
    """A triad; the fifth degree of a minor key is a major chord, as in most music."""
    steps = _MAJOR if scale == "major" else _MINOR
    notes = [steps[(degree + third) % 7] + 12 * ((degree + third) // 7) for third in (0, 2, 4)]
    if scale == "minor" and degree == 4:
        notes[1] += 1
    return tuple(notes)


def _notes(
    number: int, chord: tuple[int, ...], generator: np.random.Generator
) -> list[tuple[float, float, float]]:
    """What begins at this eighth: (pitch above the tonic, loudness, length in eighths)."""
    notes = []
    if number % 8 == 0:
        notes += [(pitch, 0.25, 8.0) for pitch in chord]
    if number % 2 == 0:
        notes.append((chord[0] - 12, 0.5, 2.0))
    if generator.random() < 0.7:
        notes.append((chord[int(generator.integers(3))] + 12, 0.35, 1.0))
    return notes


def _play(mix: Array, start: float, pitch: float, loudness: float, seconds: float, timbre: str) -> None:
    harmonics, decay = _TIMBRES[timbre]
    first = round(start * SAMPLE_RATE)
    time = np.arange(min(round(seconds * SAMPLE_RATE), len(mix) - first)) / SAMPLE_RATE
    turns = 2 * np.pi * 440 * 2 ** ((pitch - 69) / 12) * time
    turn, sounds = np.exp(1j * turns), np.zeros(len(time), complex)
    for strength in reversed(harmonics):  # powers of a turn are the harmonics
        sounds += strength
        sounds *= turn
    wave = sounds.imag
    envelope = np.minimum(1, time / 0.01) * np.exp(-decay * time) * np.minimum(1, (seconds - time) / 0.02)
    mix[first : first + len(time)] += loudness * wave * np.maximum(0, envelope)


def _hit(mix: Array, start: float, drum: int, generator: np.random.Generator) -> None:
    first = round(start * SAMPLE_RATE)
    time = np.arange(min(round(0.2 * SAMPLE_RATE), len(mix) - first)) / SAMPLE_RATE
    if drum == 0:
        sound = 1.2 * np.sin(2 * np.pi * (50 * time + 8 * (1 - np.exp(-30 * time)))) * np.exp(-15 * time)
    elif drum == 1:
        sound = 0.7 * generator.standard_normal(len(time)) * np.exp(-20 * time)
    else:
        sound = 0.25 * np.diff(generator.standard_normal(len(time) + 1)) * np.exp(-60 * time)
    mix[first : first + len(time)] += sound
