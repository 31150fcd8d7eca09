"""DBSCAN on a graph of nearest neighbours, so that a candidate costs milliseconds.

Equal to DBSCAN as long as no place has more neighbours within eps than the graph keeps; beyond
that a link may be missing, which the many other ways between dense places make up for.
"""

import numpy as np
import numpy.typing as npt

from segue.clustering.corpus import Rows
from segue.clustering.graph import Graph

__all__ = ["dense_groups", "eps_at"]


def eps_at(graph: Graph, *, min_samples: int, reach: float) -> float:
    """The quantile `reach` of the distances to the neighbour that makes a place dense.

    A place counts itself among its samples.
    """
    neighbour = min(max(min_samples - 1, 1), graph.distances.shape[1])
    return float(np.quantile(graph.distances[:, neighbour - 1], reach))


def dense_groups(graph: Graph, *, min_samples: int, reach: float) -> Rows:
    """A label for each point, -1 for what lies in no dense place."""
    return _groups(graph, min_samples=min_samples, eps=eps_at(graph, min_samples=min_samples, reach=reach))


def _groups(graph: Graph, *, min_samples: int, eps: float) -> Rows:
    from scipy.sparse import coo_array  # noqa: PLC0415
    from scipy.sparse.csgraph import connected_components  # noqa: PLC0415

    points, each = graph.neighbours.shape
    near = graph.distances <= eps
    core = near.sum(axis=1) >= min(min_samples - 1, each)
    one, two = np.repeat(np.arange(points), each)[near.ravel()], graph.neighbours.ravel()[near.ravel()]
    both = core[one] & core[two]
    links = coo_array((np.ones(both.sum(), np.int8), (one[both], two[both])), shape=(points, points))
    _, components = connected_components(links, directed=False)
    labels = np.full(points, -1, np.int64)
    labels[core] = np.unique(components[core], return_inverse=True)[1]
    return _with_borders(labels, graph, near & core[graph.neighbours])


def _with_borders(labels: Rows, graph: Graph, to_core: npt.NDArray[np.bool_]) -> Rows:
    """A point that is not dense itself joins its nearest dense neighbour within eps."""
    borders = np.flatnonzero((labels < 0) & to_core.any(axis=1))
    joined = labels.copy()
    joined[borders] = labels[graph.neighbours[borders, to_core[borders].argmax(axis=1)]]
    return joined
