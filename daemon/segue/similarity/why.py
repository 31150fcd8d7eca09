"""Why a recording stands in an answer; pure."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from segue.analysis.moods import Calibration, mood_inputs
from segue.model import MODEL_TAGS
from segue.similarity.keys import compatible
from segue.store.traits import Traits

__all__ = ["Why", "explain"]

_MOST_TAGS = 4
_MARKED = 0.5  # standard deviations above what is usual


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """What agrees with the nearest of the seeds, and where the recording stood by distance alone.

    `tags` are those that mark both; `tempo` is how much faster it is (0.05: five percent), counting
    half and double time as equal; `key_fits` whether the keys go together; None is unknown.
    `place` counts from 1; `moved` says what brought it elsewhere.
    """

    tags: tuple[str, ...]
    tempo: float | None
    key_fits: bool | None
    energy: float | None
    place: int
    moved: tuple[str, ...]


def explain(
    seed: Traits, found: Traits, calibration: Calibration, *, place: int, moved: tuple[str, ...]
) -> Why:
    """Compare what was heard in both."""
    here, there = seed.descriptors, found.descriptors
    fits = None
    if here.key and here.scale and there.key and there.scale:
        fits = (there.key, there.scale) in compatible(here.key, here.scale)
    energy = None if here.energy is None or there.energy is None else round(there.energy - here.energy, 3)
    return Why(
        tags=_shared_tags(_marks(seed, calibration), _marks(found, calibration)),
        tempo=_faster(here.tempo, there.tempo),
        key_fits=fits,
        energy=energy,
        place=place,
        moved=moved,
    )


def _marks(traits: Traits, calibration: Calibration) -> npt.NDArray[np.float64]:
    tags = len(MODEL_TAGS)
    inputs = mood_inputs(traits.tags, traits.descriptors)[:tags]
    marks: npt.NDArray[np.float64] = (inputs - calibration.mean[:tags]) / calibration.spread[:tags]
    return marks


def _shared_tags(one: npt.NDArray[np.float64], other: npt.NDArray[np.float64]) -> tuple[str, ...]:
    both = np.minimum(one, other)
    best = np.argsort(-both, kind="stable")[:_MOST_TAGS]
    return tuple(MODEL_TAGS[tag] for tag in best if both[tag] >= _MARKED)


def _faster(here: float | None, there: float | None) -> float | None:
    if not here or not there:
        return None
    octaves = np.log2(there / here)
    return round(float(2 ** (octaves - np.round(octaves)) - 1), 3)
