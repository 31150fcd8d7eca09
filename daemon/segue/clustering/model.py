"""What is kept of a grouping so that new music can join it at once."""

import io
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from segue.clustering.corpus import Matrix, Rows
from segue.clustering.geometry import Geometry
from segue.clustering.grouping import group

__all__ = ["Assigned", "Model"]


@dataclass(frozen=True, slots=True)
class Assigned:
    """For each vector its nearest group, how far its centre is, and whether it is near enough to play."""

    groups: Rows
    distances: Matrix
    near: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """The shared space, the centres in it, and how far from one a song of its playlist may lie."""

    geometry: Geometry
    centres: Matrix
    reach: float

    def assign(self, vectors: Matrix) -> Assigned:
        """The same group that a recording had when the grouping was found, if it was part of it."""
        grouped = group(self.geometry.project(vectors), self.centres)
        return Assigned(grouped.labels, grouped.distances, grouped.distances <= self.reach)

    def vectors(self) -> Matrix:
        """The centres as vectors, which outlive this space: the next search may begin at them."""
        return self.geometry.lift(self.centres)

    def to_bytes(self) -> bytes:
        """One value to store; about 70 kB."""
        stream = io.BytesIO()
        np.savez(
            stream,
            mean=self.geometry.mean,
            scale=self.geometry.scale,
            components=self.geometry.components,
            centres=self.centres,
            reach=np.float64(self.reach),
        )
        return stream.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """What `to_bytes` wrote."""
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            geometry = Geometry(mean=arrays["mean"], scale=arrays["scale"], components=arrays["components"])
            return cls(geometry=geometry, centres=arrays["centres"], reach=float(arrays["reach"]))
