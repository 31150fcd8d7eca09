"""Songs that a test can hear: chords that differ, made from nothing."""

import math
import wave
from array import array
from pathlib import Path

RATE = 16000


def write_chord(path: Path, number: int, *, seconds: float = 8.0) -> Path:
    """A pulsing major chord, `number` semitones above A2."""
    tones = [110 * 2 ** ((number + step) / 12) for step in (0, 4, 7)]
    samples = array("h", (_sample(tones, index / RATE) for index in range(int(RATE * seconds))))
    with wave.open(str(path), "wb") as song:
        song.setnchannels(1)
        song.setsampwidth(2)
        song.setframerate(RATE)
        song.writeframes(samples.tobytes())
    return path


def _sample(tones: list[float], second: float) -> int:
    pulse = 0.3 + 0.7 * (second * 2 % 1)
    return int(8000 * pulse * sum(math.sin(2 * math.pi * tone * second) for tone in tones) / len(tones))
