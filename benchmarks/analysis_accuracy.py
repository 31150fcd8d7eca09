"""How often tempo and key are right on generated music whose tempo and key are known.

    .venv/bin/python benchmarks/analysis_accuracy.py [PIECES]

Ours beside librosa as the peer calls it: `beat_track` at 16 kHz, and the mean of `chroma_cqt` against
the Krumhansl-Kessler profiles, each scale's scores standardised. Prints a Markdown table.
"""

import sys
from collections.abc import Callable

import librosa
import numpy as np

from segue.analysis.key import KEYS, KeyMeter
from segue.analysis.mel import SAMPLE_RATE, LogMel, Samples
from segue.analysis.tempo import TempoMeter
from tests.daemon.analysis.ground_truth import Piece, compose

FIRST_SEED = 7_000
FACTORS = (1.0, 2.0, 0.5, 3.0, 1 / 3)

KRUMHANSL = {
    "major": (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88),
    "minor": (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17),
}

Estimate = tuple[float, str, str]


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 240
    pieces = [compose(FIRST_SEED + number) for number in range(count)]
    print(f"{count} generated pieces of 30 s, seeds {FIRST_SEED} to {FIRST_SEED + count - 1}\n")
    print("| | tempo within 1 % | up to a factor of 2 or 3 | within 4 % | the same, folded | key and scale |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name, estimate in (("Segue", ours), ("librosa, as the peer calls it", peers)):
        print(f"| {name} | " + " | ".join(f"{share:.2f}" for share in score(pieces, estimate)) + " |")


def score(pieces: list[Piece], estimate: Callable[[Samples], Estimate]) -> list[float]:
    rows = []
    for piece in pieces:
        bpm, key, scale = estimate(piece.samples)
        errors = [abs(bpm / (piece.bpm * factor) - 1) for factor in FACTORS]
        tempo = [errors[0] < 0.01, min(errors) < 0.01, errors[0] < 0.04, min(errors) < 0.04]
        rows.append([*tempo, (key, scale) == (piece.key, piece.scale)])
    return [float(share) for share in np.mean(rows, axis=0)]


def ours(samples: Samples) -> Estimate:
    tempo, key = TempoMeter(), KeyMeter()
    tempo.feed(LogMel()(samples))
    key.feed(samples)
    found = key.result()
    return tempo.result().tempo or 1.0, found.key if found else "", found.scale if found else ""


def peers(samples: Samples) -> Estimate:
    bpm, _ = librosa.beat.beat_track(y=samples, sr=SAMPLE_RATE)
    chroma = librosa.feature.chroma_cqt(y=samples, sr=SAMPLE_RATE).mean(axis=1)
    chroma = chroma / np.linalg.norm(chroma)
    best = []
    for scale, profile in KRUMHANSL.items():
        scores = np.array([chroma @ np.roll(profile, tonic) for tonic in range(12)])
        standard = (scores - scores.mean()) / scores.std()
        best.append((float(standard.max()), KEYS[int(standard.argmax())], scale))
    _, key, scale = max(best)
    return float(np.atleast_1d(bpm)[0]) or 1.0, key, scale


if __name__ == "__main__":
    main()
