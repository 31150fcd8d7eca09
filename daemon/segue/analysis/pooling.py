"""Patches to one recording: means and spread, in constant memory."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from segue.analysis.network import Heard


@dataclass(frozen=True, slots=True, kw_only=True)
class Pooled:
    """What all patches say together."""

    patches: int
    embedding: npt.NDArray[np.float32]
    tags: npt.NDArray[np.float32]
    features_mean: npt.NDArray[np.float16]
    features_std: npt.NDArray[np.float16]


class Pooling:
    """Sums over patches, in double precision so that their order does not show."""

    def __init__(self) -> None:
        self.patches = 0
        self._embedding: npt.NDArray[np.float64] = np.zeros(1)
        self._tags: npt.NDArray[np.float64] = np.zeros(1)
        self._features: npt.NDArray[np.float64] = np.zeros(1)
        self._squares: npt.NDArray[np.float64] = np.zeros(1)

    def add(self, heard: Heard) -> None:
        features = heard.features.astype(np.float64)
        self.patches += len(features)
        self._embedding = self._embedding + heard.embedding.sum(axis=0, dtype=np.float64)
        self._tags = self._tags + heard.tags.sum(axis=0, dtype=np.float64)
        self._features = self._features + features.sum(axis=0)
        self._squares = self._squares + (features**2).sum(axis=0)

    def result(self) -> Pooled:
        mean = self._features / self.patches
        variance = np.maximum(0, self._squares / self.patches - mean**2)
        return Pooled(
            patches=self.patches,
            embedding=(self._embedding / self.patches).astype(np.float32),
            tags=(self._tags / self.patches).astype(np.float32),
            features_mean=mean.astype(np.float16),
            features_std=np.sqrt(variance).astype(np.float16),
        )
