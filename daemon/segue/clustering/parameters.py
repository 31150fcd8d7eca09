"""What a person may set about clustering; known names keep their names."""

import json
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any, Self

__all__ = ["PARAMETER_DOCS", "Algorithm", "ClusteringParameters", "Source"]


class Algorithm(StrEnum):
    """How groups are found; `ALL` lets every one of them compete."""

    KMEANS = "kmeans"
    GMM = "gmm"
    SPECTRAL = "spectral"
    DBSCAN = "dbscan"
    ALL = "all"


class Source(StrEnum):
    """What is grouped: the network's vectors, or tempo, energy, tags and moods."""

    VECTORS = "vectors"
    FEATURES = "features"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusteringParameters:
    """One search; every field has a sentence in `PARAMETER_DOCS`."""

    algorithm: Algorithm = Algorithm.KMEANS
    source: Source = Source.VECTORS

    clustering_runs: int = 1000
    iterations_per_batch: int = 20
    concurrent_batches: int = 10
    patience: int = 3
    top_n_elites: int = 10
    exploitation_start_fraction: float = 0.2
    exploitation_probability: float = 0.7
    refinement_fraction: float = 0.5

    num_clusters_min: int = 40
    num_clusters_max: int = 100
    pca_components_min: int = 8
    pca_components_max: int = 64
    dbscan_min_samples_min: int = 5
    dbscan_min_samples_max: int = 20
    spectral_neighbors: int = 20
    landmarks: int = 8000

    stratified: bool = True
    min_songs_per_genre: int = 100
    stratified_sampling_target_percentile: float = 50.0

    top_n_playlists: int = 8
    min_playlist_size: int = 20
    max_songs_per_cluster: int = 0
    max_songs_per_artist: int = 3
    max_distance: float = 0.5

    score_weight_diversity: float = 2.0
    score_weight_purity: float = 1.0
    score_weight_other_diversity: float = 0.0
    score_weight_other_purity: float = 0.0
    score_weight_silhouette: float = 0.0
    score_weight_davies_bouldin: float = 0.0
    score_weight_calinski_harabasz: float = 0.0

    def __post_init__(self) -> None:
        """ValueError names the field that makes no sense."""
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, int | float) and not abs(value) <= _LARGEST:  # NaN is not either
                raise ValueError(f"{field.name} must be a number of ordinary size.")
        for low, high in _RANGES:
            if getattr(self, low) > getattr(self, high):
                raise ValueError(f"{low} must not be greater than {high}.")
        for name in _AT_LEAST_ONE:
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1.")
        for name in _FRACTIONS:
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must lie between 0 and 1.")
        if self.num_clusters_min < 2:
            raise ValueError("num_clusters_min must be at least 2.")
        if not 0 <= self.stratified_sampling_target_percentile <= 100:
            raise ValueError("stratified_sampling_target_percentile must lie between 0 and 100.")
        if self.max_songs_per_cluster < 0 or self.max_songs_per_artist < 0:
            raise ValueError(
                "max_songs_per_cluster and max_songs_per_artist must not be negative; 0 is no limit."
            )
        weights = self.weights
        if min(weights.values()) < 0 or sum(weights.values()) <= 0:
            raise ValueError("Score weights must not be negative, and one of them must be above 0.")

    @property
    def weights(self) -> dict[str, float]:
        """Weight by metric."""
        return {name: getattr(self, f"score_weight_{name}") for name in _WEIGHTED}

    @property
    def generation_size(self) -> int:
        """How many candidates compete with one another."""
        return self.iterations_per_batch * self.concurrent_batches

    def as_json(self) -> str:
        """The same text for the same parameters."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """ValueError names an unknown field or a value that makes no sense."""
        given: dict[str, Any] = json.loads(text)
        unknown = set(given) - {field.name for field in fields(cls)}
        if unknown:
            raise ValueError(f"Unknown clustering parameters: {', '.join(sorted(unknown))}.")
        for name, kind in (("algorithm", Algorithm), ("source", Source)):
            if name in given:
                given[name] = kind(given[name])
        return cls(**given)


_LARGEST = 1e9
_WEIGHTED = (
    "diversity",
    "purity",
    "other_diversity",
    "other_purity",
    "silhouette",
    "davies_bouldin",
    "calinski_harabasz",
)
_RANGES = (
    ("num_clusters_min", "num_clusters_max"),
    ("pca_components_min", "pca_components_max"),
    ("dbscan_min_samples_min", "dbscan_min_samples_max"),
)
_AT_LEAST_ONE = (
    "clustering_runs",
    "iterations_per_batch",
    "concurrent_batches",
    "patience",
    "top_n_elites",
    "pca_components_min",
    "dbscan_min_samples_min",
    "spectral_neighbors",
    "landmarks",
    "min_songs_per_genre",
    "top_n_playlists",
    "min_playlist_size",
)
_FRACTIONS = (
    "exploitation_start_fraction",
    "exploitation_probability",
    "refinement_fraction",
    "max_distance",
)

PARAMETER_DOCS: dict[str, str] = {
    "algorithm": "How groups are found: kmeans, gmm, spectral, dbscan, or all to let them compete.",
    "source": "What is grouped: vectors (the network's) or features (tempo, energy, tags, moods).",
    "clustering_runs": "How many different groupings are tried in all.",
    "iterations_per_batch": "How many of them make one batch, the piece of work that a worker takes.",
    "concurrent_batches": "How many batches make one generation; they may be worked on at the same time.",
    "patience": "The search ends early after so many generations without a better grouping.",
    "top_n_elites": "How many of the best groupings are varied to find better ones.",
    "exploitation_start_fraction": "Share of the runs that is drawn blindly before the best are varied.",
    "exploitation_probability": "Later, the share of candidates that vary the best.",
    "refinement_fraction": "Share of the runs that improves the best by splitting, dropping, moving groups.",
    "num_clusters_min": "The fewest groups to try; less where the library is small.",
    "num_clusters_max": "The most groups to try; less where the library is small.",
    "pca_components_min": "The fewest principal components to group by.",
    "pca_components_max": "The most principal components to group by; all groupings are judged by 64.",
    "dbscan_min_samples_min": "DBSCAN: the fewest neighbours that make a place dense.",
    "dbscan_min_samples_max": "DBSCAN: the most neighbours that make a place dense.",
    "spectral_neighbors": "Neighbours per recording in the graph of spectral clustering.",
    "landmarks": "Spectral and DBSCAN work on so many recordings; the rest joins the nearest group.",
    "stratified": "Draw samples so that rare genres count too.",
    "min_songs_per_genre": "A sample takes up to so many songs of a genre before common genres get more.",
    "stratified_sampling_target_percentile": "Or up to this percentile of the sizes of genres, if more.",
    "top_n_playlists": "How many playlists are kept in the end.",
    "min_playlist_size": "The fewest songs of a playlist; less where the library is small.",
    "max_songs_per_cluster": "The most songs of a playlist, nearest to its centre first; 0 is no limit.",
    "max_songs_per_artist": "The most songs of one artist in one playlist; 0 is no limit.",
    "max_distance": "Leave out songs farther from their centre than this share of the library's reach.",
    "score_weight_diversity": "Weight of diversity: playlists that differ in what is typical of them.",
    "score_weight_purity": "Weight of purity: songs of a playlist that agree in all tags.",
    "score_weight_other_diversity": "Weight of the diversity of the six moods.",
    "score_weight_other_purity": "Weight of the purity of the six moods.",
    "score_weight_silhouette": "Weight of the silhouette coefficient.",
    "score_weight_davies_bouldin": "Weight of the Davies-Bouldin index.",
    "score_weight_calinski_harabasz": "Weight of the Calinski-Harabasz index.",
}
"""One sentence for each field."""
