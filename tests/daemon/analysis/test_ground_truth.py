"""Tempo and key of music that was generated with a known tempo and key."""

import numpy as np
import pytest

from segue.analysis.key import KeyMeter
from segue.analysis.mel import LogMel
from segue.analysis.tempo import TempoMeter
from tests.daemon.analysis.ground_truth import Piece, compose

SEEDS = range(7_000, 7_240)


def measure(piece: Piece) -> tuple[float, str, str]:
    tempo, key = TempoMeter(), KeyMeter()
    tempo.feed(LogMel()(piece.samples))
    key.feed(piece.samples)
    bpm, found = tempo.result().tempo, key.result()
    assert bpm is not None
    assert found is not None
    return bpm, found.key, found.scale


def tempo_error(measured: float, true: float, factors: tuple[float, ...]) -> float:
    return min(abs(measured / (true * factor) - 1) for factor in factors)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_tempo_and_key_are_mostly_right() -> None:
    exact, folded, keys = [], [], []
    for seed in SEEDS:
        piece = compose(seed)
        bpm, key, scale = measure(piece)
        exact.append(tempo_error(bpm, piece.bpm, (1,)) < 0.01)
        folded.append(tempo_error(bpm, piece.bpm, (1, 2, 0.5, 3, 1 / 3)) < 0.01)
        keys.append((key, scale) == (piece.key, piece.scale))
    assert np.mean(exact) >= 0.65
    assert np.mean(folded) >= 0.87
    assert np.mean(keys) >= 0.82
