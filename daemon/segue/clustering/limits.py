"""Sizes that fit the library: what people set is meant for large ones."""

from dataclasses import dataclass
from typing import Self

from segue.clustering.parameters import ClusteringParameters

__all__ = ["FEWEST_RECORDINGS", "Limits"]

FEWEST_RECORDINGS = 50
"""Below this, groups are accidents."""

_SMALLEST_PLAYLIST = 5
_SONGS_PER_CLUSTER_WANTED = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of groups and playlists for one library or a sample of it; 0 is no limit."""

    clusters_min: int
    clusters_max: int
    playlist_min: int
    playlist_max: int
    per_artist: int
    playlists: int
    max_distance: float

    @classmethod
    def of(cls, parameters: ClusteringParameters, count: int) -> Self:
        """For a library of `count` recordings."""
        fair = count // (2 * parameters.top_n_playlists)
        smallest = min(parameters.min_playlist_size, max(_SMALLEST_PLAYLIST, fair))
        most = max(2, min(parameters.num_clusters_max, count // smallest))
        wanted = max(2, count // _SONGS_PER_CLUSTER_WANTED)
        return cls(
            clusters_min=min(parameters.num_clusters_min, wanted, most),
            clusters_max=most,
            playlist_min=smallest,
            playlist_max=parameters.max_songs_per_cluster,
            per_artist=parameters.max_songs_per_artist,
            playlists=max(2, min(parameters.top_n_playlists, count // (2 * smallest))),
            max_distance=parameters.max_distance,
        )

    def for_share(self, share: float) -> "Limits":
        """The same limits for a sample that holds this share of the library."""

        def scaled(value: int, least: int) -> int:
            return max(least, round(value * share)) if value else 0

        return Limits(
            clusters_min=self.clusters_min,
            clusters_max=self.clusters_max,
            playlist_min=scaled(self.playlist_min, 2),
            playlist_max=scaled(self.playlist_max, 2),
            per_artist=scaled(self.per_artist, 1),
            playlists=self.playlists,
            max_distance=self.max_distance,
        )
