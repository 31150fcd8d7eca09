"""The six mood scores, computed from stored tags and descriptors; only numpy is needed.

Every score is a weighted sum of standardised tags and descriptors. The library's own means and
spreads say what is usual; until it is large enough, those of 717 pieces of game music do. No
human labels stand behind the weights, and `sad` is the weakest of the six.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from segue.analysis.mood_constants import (
    DESCRIPTOR_MEAN,
    DESCRIPTOR_SPREAD,
    DESCRIPTORS,
    FORMULAS,
    SCORE_SPREAD,
    TAG_MEAN,
    TAG_SPREAD,
)
from segue.model import MODEL_TAGS, Descriptors

MOODS = tuple(FORMULAS)
CALIBRATION_RECORDINGS = 200
"""From this many recordings on, a library's own figures are better than the shipped ones."""

Array = npt.NDArray[np.float64]

_STEEPNESS = 1.7
_LEAST_SPREAD = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """Mean and spread of every input (50 tags as log-odds, 5 descriptors) and of each raw score."""

    mean: Array
    spread: Array
    score_spread: Array


def mood_inputs(tags: npt.NDArray[np.float32], descriptors: Descriptors) -> Array:
    """[55]: what the scores are made of; NaN where it is missing."""
    probability = np.clip(tags.astype(np.float64), 1e-6, 1 - 1e-6)
    measured = [getattr(descriptors, name) for name in DESCRIPTORS]
    numbers = [np.nan if value is None else value for value in measured]
    return np.concatenate([np.log(probability / (1 - probability)), numbers])


def moods(inputs: Array, calibration: Calibration) -> dict[str, float | None]:
    """Scores 0..1 by name; None where an input is missing."""
    raw = _raw(inputs, calibration.mean, calibration.spread)
    scores = 1 / (1 + np.exp(-_STEEPNESS * raw / calibration.score_spread))
    return {
        mood: None if np.isnan(score) else float(score) for mood, score in zip(MOODS, scores, strict=True)
    }


def calibrate(inputs: Array) -> Calibration:
    """From the inputs of many recordings, [n, 55]."""
    mean = np.nanmean(inputs, axis=0)
    spread = np.maximum(np.nanstd(inputs, axis=0), _LEAST_SPREAD)
    raw = _raw(inputs, mean, spread)
    score_spread = np.maximum(np.nanstd(raw, axis=0), _LEAST_SPREAD)
    return Calibration(mean=mean, spread=spread, score_spread=score_spread)


def cold_start() -> Calibration:
    """Measured on 717 pieces of game music: a beginning, no more."""
    return Calibration(
        mean=np.array(TAG_MEAN + DESCRIPTOR_MEAN),
        spread=np.array(TAG_SPREAD + DESCRIPTOR_SPREAD),
        score_spread=np.array(SCORE_SPREAD),
    )


def _raw(inputs: Array, mean: Array, spread: Array) -> Array:
    """One raw score per mood; a missing input spoils only the moods that ask for it."""
    standard = (inputs - mean) / spread
    weights = _weights()
    spoiled = np.isnan(standard).astype(float) @ (weights != 0).T > 0
    return np.where(spoiled, np.nan, np.nan_to_num(standard) @ weights.T)


def _weights() -> Array:
    """[6, 55]: every formula is linear in the standardised inputs."""
    weights = np.zeros((len(MOODS), len(MODEL_TAGS) + len(DESCRIPTORS)))
    for row, (descriptors, groups) in zip(weights, FORMULAS.values(), strict=True):
        for name, weight in descriptors.items():
            row[len(MODEL_TAGS) + DESCRIPTORS.index(name)] = weight
        for weight, tags in groups:
            for tag in tags:
                row[MODEL_TAGS.index(tag)] += weight / len(tags)
    return weights
