"""Directions as places on a map: the two axes along which they differ most."""

import numpy as np
import numpy.typing as npt

__all__ = ["flattened"]

_DECIMALS = 4


def flattened(directions: npt.NDArray[np.float64]) -> list[tuple[float, float]]:
    """Around the middle, at most 1 from it along each axis; the same directions give the same map."""
    centred = directions - directions.mean(axis=0)
    _, axes = np.linalg.eigh(centred.T @ centred)
    axes = axes[:, ::-1][:, :2]  # the largest come last
    axes = axes * np.where(axes[np.abs(axes).argmax(axis=0), [0, 1]] < 0, -1.0, 1.0)
    places = centred @ axes
    extent = float(np.abs(places).max())
    places = np.round(places / extent if extent > _NOWHERE else np.zeros_like(places), _DECIMALS) + 0.0
    return [(float(x), float(y)) for x, y in places]


_NOWHERE = 1e-9
