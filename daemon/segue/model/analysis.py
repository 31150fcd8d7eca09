"""What was heard in a recording."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the command line and settings know our words and load no numbers
    import numpy as np
    import numpy.typing as npt

MODEL_TAGS = (
    "rock", "pop", "alternative", "indie", "electronic", "female vocalists", "dance", "00s",
    "alternative rock", "jazz", "beautiful", "metal", "chillout", "male vocalists", "classic rock",
    "soul", "indie rock", "Mellow", "electronica", "80s", "folk", "90s", "chill", "instrumental",
    "punk", "oldies", "blues", "hard rock", "ambient", "acoustic", "experimental",
    "female vocalist", "guitar", "Hip-Hop", "70s", "party", "country", "easy listening", "sexy",
    "catchy", "funk", "electro", "heavy metal", "Progressive rock", "60s", "rnb", "indie pop",
    "sad", "House", "happy",
)  # fmt: skip
"""The 50 tags of MusicNN trained on the Million Song Dataset, in the network's order."""


class Quality(StrEnum):
    """Which 3-second patches of a recording were heard."""

    FAST = "fast"
    BALANCED = "balanced"
    FULL = "full"


@dataclass(frozen=True, slots=True, kw_only=True)
class Descriptors:
    """Measurements on the signal; None is "could not be measured", with the reason in `missing`.

    `tempo` in beats per minute; `key` one of C C# D ... B; `scale` major or minor; `energy`
    0..1; `loudness` integrated LUFS (EBU R128); `true_peak` dBTP; `dance` inverse DFA slope;
    `pulse`, `flux`, `mode` raw inputs of the mood scores; silences in seconds.
    """

    tempo: float | None = None
    tempo_confidence: float | None = None
    key: str | None = None
    scale: str | None = None
    key_confidence: float | None = None
    energy: float | None = None
    loudness: float | None = None
    true_peak: float | None = None
    dance: float | None = None
    pulse: float | None = None
    flux: float | None = None
    mode: float | None = None
    intro_silence: float | None = None
    outro_silence: float | None = None
    missing: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """One hearing of one recording by one version of the engine.

    `embedding` float32 [200], mean over patches, not normalised; `tags` float32 [50]
    probabilities in the order of `MODEL_TAGS`; `features_mean` and `features_std` float16 [424]
    pooled features over patches; `audio_hash` identifies the decoded audio (None when only
    windows were decoded); `fingerprint` an acoustic fingerprint, algorithm in its first byte;
    `spaces` and `heads` what other people's models make of it by their name, mean over patches.
    """

    version: int
    quality: Quality
    seconds: float
    patches: int
    embedding: npt.NDArray[np.float32]
    tags: npt.NDArray[np.float32]
    features_mean: npt.NDArray[np.float16]
    features_std: npt.NDArray[np.float16]
    descriptors: Descriptors
    audio_hash: bytes | None = None
    fingerprint: bytes | None = None
    spaces: dict[str, npt.NDArray[np.float32]] = field(default_factory=dict)
    heads: dict[str, npt.NDArray[np.float32]] = field(default_factory=dict)
