"""Corrects for hubs: recordings that are near to everything and so answer every question; pure.

Mutual proximity: two recordings belong together when each is nearer to the other than usual for it.
What is usual for one is judged by how far it is from a fixed sample of the library.
"""

from math import erfc, sqrt

import numpy as np
import numpy.typing as npt

from segue.index import Vectors, View
from segue.similarity.candidates import Candidate

__all__ = ["sample", "without_hubs"]

_SAMPLE = 300
_FEW = 30  # below so many the usual can't be told
_SCATTER = np.uint64(0x9E3779B97F4A7C15)
_DECIMALS = 9

Numbers = npt.NDArray[np.float64]


def sample(view: View) -> Vectors:
    """Directions of some recordings, the same ones for the same library."""
    living = np.flatnonzero(view.alive)
    order = np.argsort(view.ids[living].astype(np.uint64) * _SCATTER, kind="stable")[:_SAMPLE]
    chosen: Vectors = view.units[living[order]]
    return chosen


def without_hubs(candidates: list[Candidate], query: Vectors, others: Vectors) -> list[Candidate]:
    """The candidates by how much nearer than usual they and the query are to one another."""
    if not candidates or len(others) < _FEW:
        return candidates
    units = np.array([one.unit for one in candidates])
    direction = (query / np.linalg.norm(query)).astype(np.float32)
    apart = np.array([one.distance for one in candidates])
    theirs = _share_nearer(apart, *_usual(units, others))
    ours = _share_nearer(apart, *_usual(direction[None], others))
    score = np.round(theirs + ours - theirs * ours, _DECIMALS)
    recordings = np.array([one.recording for one in candidates])
    order = np.lexsort((recordings, apart, score))
    return [candidates[at] for at in order.tolist()]


def _usual(units: Vectors, others: Vectors) -> tuple[Numbers, Numbers]:
    """Mean and spread of the distances from these to the sample."""
    apart = 1 - (units.astype(np.float64) @ others.T.astype(np.float64))
    return apart.mean(axis=1), np.maximum(apart.std(axis=1), 1e-6)


def _share_nearer(apart: Numbers, mean: Numbers, spread: Numbers) -> Numbers:
    """Which share of the library is nearer than this, if distances are spread like a bell."""
    return np.array([0.5 * erfc(-place / sqrt(2)) for place in ((apart - mean) / spread).tolist()])
