"""From what was heard to groups of music that belong together; pure and the same for the same seed.

`segue.clustering.search` looks for a grouping, `identity` finds the groups of the last one in it,
`naming`, `choosing` and `ordering` make playlists of them. Importing this package loads nothing
heavy; scikit-learn and SciPy load when something is fitted, which belongs in a child process.
"""

from segue.clustering.parameters import PARAMETER_DOCS, Algorithm, ClusteringParameters, Source

__all__ = ["PARAMETER_DOCS", "Algorithm", "ClusteringParameters", "Source"]
