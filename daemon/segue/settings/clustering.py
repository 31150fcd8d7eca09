"""The settings of clustering and of the names of playlists."""

from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

__all__ = ["ClusteringSection", "NamingSection", "parameters_of"]


def _address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("must begin with http:// or https:// and name a host")
    return value.rstrip("/")


_Weight = Annotated[float, Field(ge=0)]


class ClusteringSection(BaseModel):
    """How music is grouped into playlists; a run can be given other values."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    automatic: bool = Field(
        default=True,
        description="Whether groups are looked for without being asked: once the first 50 recordings have "
        "been heard, and again when enough of the library has changed.",
    )
    pause_hours: float = Field(
        default=20.0,
        ge=0,
        description="Between two such runs that nobody asked for lie at least so many hours.",
    )
    slots: int = Field(
        default=1, ge=1, le=256, description="How many batches of a run one worker computes at the same time."
    )
    gpu: bool = Field(
        default=False,
        description="Whether k-means shall run on a GPU by cuML, where that is installed and works.",
    )
    algorithm: Literal["kmeans", "gmm", "spectral", "dbscan", "all"] = Field(
        default="kmeans", description="How groups are found; `all` lets every way compete."
    )
    source: Literal["vectors", "features"] = Field(
        default="vectors",
        description="What is grouped: what the network heard (`vectors`), or tempo, energy, tags and moods "
        "(`features`).",
    )
    clustering_runs: int = Field(
        default=1000, ge=1, le=100_000, description="How many different groupings are tried in all."
    )
    iterations_per_batch: int = Field(
        default=20,
        ge=1,
        le=10_000,
        description="How many of them make one batch, the piece of work that a worker takes.",
    )
    concurrent_batches: int = Field(
        default=10, ge=1, le=1000, description="How many batches may be worked on at the same time."
    )
    num_clusters_min: int = Field(
        default=40, ge=2, description="The fewest groups to try; less where the library is small."
    )
    num_clusters_max: int = Field(
        default=100, ge=2, description="The most groups to try; less where the library is small."
    )
    stratified: bool = Field(default=True, description="Draw samples so that rare genres count too.")
    top_n_playlists: int = Field(
        default=8, ge=1, le=1000, description="How many playlists are kept in the end."
    )
    min_playlist_size: int = Field(
        default=20, ge=1, description="The fewest songs of a playlist; less where the library is small."
    )
    max_songs_per_cluster: int = Field(
        default=0, ge=0, description="The most songs of a playlist, the most typical first; 0 is no limit."
    )
    max_songs_per_artist: int = Field(
        default=3, ge=0, description="The most songs of one artist in one playlist; 0 is no limit."
    )
    score_weight_diversity: _Weight = Field(
        default=2.0, description="Weight of diversity: playlists that differ in what is typical of them."
    )
    score_weight_purity: _Weight = Field(
        default=1.0, description="Weight of purity: songs of a playlist that agree in all tags."
    )
    score_weight_other_diversity: _Weight = Field(
        default=0.0, description="Weight of the diversity of the six moods."
    )
    score_weight_other_purity: _Weight = Field(
        default=0.0, description="Weight of the purity of the six moods."
    )
    score_weight_silhouette: _Weight = Field(default=0.0, description="Weight of the silhouette coefficient.")
    score_weight_davies_bouldin: _Weight = Field(
        default=0.0, description="Weight of the Davies-Bouldin index."
    )
    score_weight_calinski_harabasz: _Weight = Field(
        default=0.0, description="Weight of the Calinski-Harabasz index."
    )
    name_template: str = Field(
        default="{mood} {style} {genre}",
        min_length=1,
        max_length=200,
        description="How new playlists are named, from `{mood}`, `{style}`, `{genre}`, `{era}`, `{voices}`, "
        "`{tempo}` and `{energy}`; what there is nothing to say of leaves no gap.",
    )


_OURS = frozenset({"automatic", "pause_hours", "slots", "gpu", "name_template"})


def parameters_of(section: ClusteringSection) -> dict[str, object]:
    """What a search is given unless somebody says otherwise."""
    return section.model_dump(exclude=set(_OURS))


class NamingSection(BaseModel):
    """A language model that may name new playlists; without an address nobody is asked."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: Annotated[str, AfterValidator(_address)] | None = Field(
        default=None,
        description="A language model that names new playlists: where its API begins, such as "
        "`http://localhost:11434` for Ollama or `http://localhost:8080/v1`. It is sent each playlist's "
        "typical tags and moods and a few titles with their artists, and nothing else.",
        json_schema_extra={"default_in_words": "nobody is asked, names are made of words"},
    )
    api: Literal["openai", "ollama"] = Field(
        default="openai",
        description="How it is spoken to: `openai` for everything with `/chat/completions`, or `ollama`.",
    )
    model: str = Field(default="", max_length=200, description="Which of its models names playlists.")
    token: SecretStr | None = Field(
        default=None,
        description="The token that it wants, if any.",
        json_schema_extra={"default_in_words": "none"},
    )
    seconds: float = Field(
        default=60.0,
        gt=0,
        le=600,
        description="How long it may take; afterwards names are made of words.",
    )
    titles: int = Field(
        default=5, ge=0, le=20, description="How many titles of a playlist it is told; 0 for none."
    )
