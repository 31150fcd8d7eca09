"""Which few playlists stand for the library: large ones that are far from one another."""

from collections.abc import Collection

import numpy as np

from segue.clustering.corpus import Matrix, Rows

__all__ = ["choose_playlists"]

_FAITH = 1.15  # what is published already stays unless another one is clearly better


def choose_playlists(
    centres: Matrix, sizes: Rows, count: int, *, published: Collection[int] = ()
) -> tuple[int, ...]:
    """Places of at most `count` playlists, the most telling first; a size of 0 is no playlist.

    The first is the largest. Each further one is the best product of its distance to the nearest
    chosen one and the logarithm of its size: what it adds, and to how much music.
    """
    places = np.flatnonzero(sizes > 0)
    if not len(places) or count < 1:
        return ()
    weights = np.log1p(sizes[places].astype(np.float64))
    weights *= np.where(np.isin(places, list(published)), _FAITH, 1.0)
    points = centres[places].astype(np.float64)
    apart = np.full(len(places), np.inf)
    chosen = [int(np.argmax(weights))]
    while len(chosen) < min(count, len(places)):
        apart = np.minimum(apart, np.linalg.norm(points - points[chosen[-1]], axis=1))
        worth = apart * weights
        worth[chosen] = -1
        chosen.append(int(np.argmax(worth)))
    return tuple(int(places[one]) for one in chosen)
