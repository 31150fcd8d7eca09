"""Clusterings: look for groups of music, see what was found, compare."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field, JsonValue, TypeAdapter, ValidationError

from segue.clustering import PARAMETER_DOCS, ClusteringParameters
from segue.clustering.order import DEFAULT_SEED, Order
from segue.model import RunId, ServerKey
from segue.settings.clustering import parameters_of
from segue.store import cluster_searches, clusterings, runs
from segue.store.clusterings import Cluster, Clustering, ClusteringId
from segue.store.pool import Connection
from segue.web import cursors, reading
from segue.web.context import Call
from segue.web.errors import CONFLICT, NOT_FOUND, Fault, Refusal
from segue.web.naming import named_server, server_names
from segue.web.routing import Scope, get, post
from segue.web.run_replies import RunReply, told
from segue.web.shapes import Asked, Id, Name, Page, PageQuery, Text, Told

__all__ = ["ROUTES"]

_TAG = "Clusterings"
_ADAPTER = TypeAdapter(ClusteringParameters)
_MOST_SONGS = 500

Parameters = Annotated[
    dict[Text, JsonValue],
    Field(
        max_length=100,
        json_schema_extra={
            "properties": {name: {"description": sentence} for name, sentence in PARAMETER_DOCS.items()}
        },
    ),
]


class ClusteringReply(Told):
    """One outcome: groups of a library, the best of them playlists."""

    id: int
    run: int | None = Field(description="The run that found it, if it is still remembered.")
    algorithm: str = Field(examples=["kmeans"])
    source: str = Field(examples=["vectors"])
    parameters: dict[str, JsonValue]
    seed: int
    score: float | None
    recordings: int = Field(description="How many were grouped.")
    servers: tuple[str, ...] | None = Field(description="Of these servers only; null is all.")
    libraries: tuple[str, ...] | None = Field(description="Of these libraries only; null is all.")
    remarks: tuple[str, ...]
    created_at: datetime


class ClusteringPage(Page[ClusteringReply]):
    """Clusterings, newest first."""


class ClusterReply(Told):
    """A group of music that belongs together."""

    lineage: int = Field(description="Stays while the group lives on in later clusterings.")
    position: int | None = Field(description="Its rank among the playlists, from 0; null for none.")
    name: str = Field(examples=["Mellow Acoustic Folk"])
    description: str
    recordings: int
    songs: int = Field(description="How many of them are played.")


class ClusterList(Told):
    """The groups of a clustering: playlists by rank, then the others."""

    items: tuple[ClusterReply, ...]


class SongReply(Told):
    """A recording of a group."""

    recording: int
    title: str | None
    artist: str | None
    album: str | None
    distance: float = Field(description="To the centre of its group.")
    ordinal: int | None = Field(description="Its place in the order of playing, from 0; null is not played.")
    joined_at: datetime | None = Field(description="When it came, if later than the groups were found.")


class ClusterSongs(ClusterReply):
    """A group with its songs."""

    items: tuple[SongReply, ...]


class ClusterDiff(Told):
    """What became of one group; a null name is of the side where it is not."""

    lineage: int
    before: str | None
    after: str | None
    was_playlist: bool
    is_playlist: bool
    stayed: int = Field(description="How many recordings are in it both times.")
    came: int
    went: int


class ClusteringDiff(Told):
    """What is different between two clusterings."""

    before: int
    after: int
    playlists_kept: int = Field(description="How many playlists of before are playlists still.")
    names_kept: int = Field(description="How many of these have the same name.")
    items: tuple[ClusterDiff, ...]


class ClusteringPath(Asked):
    """Which clustering."""

    clustering: Id = Field(description="The clustering's id.")


class ClusterPath(ClusteringPath):
    """Which group of it."""

    lineage: Id = Field(description="The group's lineage.")


class DiffPath(ClusteringPath):
    """Which two clusterings."""

    other: Id = Field(description="The id of the one to compare with, usually the later one.")


class ClusteringWanted(Asked):
    """What to look for; what is left out is as the settings say."""

    parameters: Parameters = Field(
        default_factory=dict,
        description="Values by name, such as `algorithm`, `clustering_runs` or `top_n_playlists`.",
        examples=[{"algorithm": "kmeans", "top_n_playlists": 12}],
    )
    seed: int = Field(
        default=DEFAULT_SEED, ge=1, le=2**31 - 1, description="The same seed finds the same groups again."
    )
    fresh: bool = Field(
        default=False,
        description="Look everywhere, not from the last groups on; what is found may still continue them.",
    )
    servers: tuple[Name, ...] | None = Field(
        default=None, min_length=1, max_length=100, description="Only music of these servers."
    )
    libraries: tuple[Text, ...] | None = Field(
        default=None, min_length=1, max_length=100, description="Only music of these libraries."
    )


@post(
    "/api/v1/clusterings",
    tag=_TAG,
    scope=Scope.ADMIN,
    summary="Look for groups",
    refusals=[NOT_FOUND, CONFLICT],
    status=202,
)
async def start_clustering(call: Call, body: ClusteringWanted | None = None) -> RunReply:
    """The run can be followed and cancelled as every run; when it has ended, its outcome is the newest."""
    wanted = body or ClusteringWanted()
    parameters = _parameters({**parameters_of(call.services.settings.clustering), **wanted.parameters})
    async with call.context.connection() as c:
        servers = [(await named_server(c, name)).id for name in wanted.servers or ()]
        order = Order(
            parameters=parameters,
            seed=wanted.seed,
            servers=servers or None,
            libraries=wanted.libraries,
            fresh=wanted.fresh,
        )
        run = await cluster_searches.want(c, order.as_dict())
        if run is None:
            raise Refusal(CONFLICT, "Groups are being looked for already; `GET /api/v1/runs` shows the run.")
        reply = await _run(c, run)
    await call.services.wake("clustering")
    return reply


@get("/api/v1/clusterings", tag=_TAG, scope=Scope.READ, summary="List clusterings, newest first")
async def list_clusterings(call: Call, query: PageQuery) -> ClusteringPage:
    """The newest one makes the playlists; some older ones are kept to compare."""
    async with call.context.connection() as c:
        before = cursors.read("clusterings", query.cursor)
        found = await clusterings.list_(
            c, before=None if before is None else ClusteringId(before), limit=query.limit + 1
        )
        names = await server_names(c)
    shown, following = cursors.cut("clusterings", found, query.limit, lambda one: one.id)
    return ClusteringPage(items=tuple(_told(one, names) for one in shown), next=following)


@get(
    "/api/v1/clusterings/{clustering}",
    tag=_TAG,
    scope=Scope.READ,
    summary="Show one clustering",
    refusals=[NOT_FOUND],
)
async def show_clustering(call: Call, path: ClusteringPath) -> ClusteringReply:
    async with call.context.connection() as c:
        return _told(await _existing(c, path.clustering), await server_names(c))


@get(
    "/api/v1/clusterings/{clustering}/clusters",
    tag=_TAG,
    scope=Scope.READ,
    summary="List the groups of a clustering",
    refusals=[NOT_FOUND],
)
async def list_clusters(call: Call, path: ClusteringPath) -> ClusterList:
    async with call.context.connection() as c:
        one = await _existing(c, path.clustering)
        found = await clusterings.all_clusters(c, one.id)
    return ClusterList(items=tuple(ClusterReply(**_cluster(cluster)) for cluster in found))


@get(
    "/api/v1/clusterings/{clustering}/clusters/{lineage}",
    tag=_TAG,
    scope=Scope.READ,
    summary="Show a group with its songs",
    refusals=[NOT_FOUND],
)
async def show_cluster(call: Call, path: ClusterPath) -> ClusterSongs:
    """In the order of playing, then what is not played by distance; 500 songs at most."""
    async with call.context.connection() as c:
        one = await _existing(c, path.clustering)
        every = await clusterings.all_clusters(c, one.id)
        cluster = next((found for found in every if found.lineage == path.lineage), None)
        if cluster is None:
            raise Refusal(NOT_FOUND, f"Clustering {one.id} has no group with the lineage {path.lineage}.")
        songs = await clusterings.songs(c, cluster.id, limit=_MOST_SONGS)
    items = tuple(SongReply.model_validate(song, from_attributes=True) for song in songs)
    return ClusterSongs(**_cluster(cluster), items=items)


@get(
    "/api/v1/clusterings/{clustering}/diff/{other}",
    tag=_TAG,
    scope=Scope.READ,
    summary="Compare two clusterings",
    refusals=[NOT_FOUND],
)
async def diff_clusterings(call: Call, path: DiffPath) -> ClusteringDiff:
    """Group by group, by lineage: what stayed, came and went."""
    async with call.context.connection() as c:
        one, two = await _existing(c, path.clustering), await _existing(c, path.other)
        before, after = await _groups(c, one), await _groups(c, two)
    items = tuple(
        _difference(lineage, before.get(lineage), after.get(lineage))
        for lineage in sorted(before.keys() | after.keys())
    )
    kept = [item for item in items if item.was_playlist and item.is_playlist]
    return ClusteringDiff(
        before=one.id,
        after=two.id,
        playlists_kept=len(kept),
        names_kept=sum(item.before == item.after for item in kept),
        items=items,
    )


_Group = tuple[Cluster, frozenset[int]]


async def _groups(c: Connection, clustering: Clustering) -> dict[int, _Group]:
    clusters = await clusterings.all_clusters(c, clustering.id)
    members = await clusterings.members(c, [cluster.id for cluster in clusters])
    return {one.lineage: (one, frozenset(member.recording for member in members[one.id])) for one in clusters}


def _difference(lineage: int, before: _Group | None, after: _Group | None) -> ClusterDiff:
    old, new = before[1] if before else frozenset[int](), after[1] if after else frozenset[int]()
    return ClusterDiff(
        lineage=lineage,
        before=before[0].name if before else None,
        after=after[0].name if after else None,
        was_playlist=before is not None and before[0].position is not None,
        is_playlist=after is not None and after[0].position is not None,
        stayed=len(old & new),
        came=len(new - old),
        went=len(old - new),
    )


async def _existing(c: Connection, number: int) -> Clustering:
    found = await clusterings.get(c, ClusteringId(number))
    if found is None:
        raise Refusal(
            NOT_FOUND,
            f"There is no clustering {number}; `GET /api/v1/clusterings` lists those that are kept.",
        )
    return found


async def _run(c: Connection, number: RunId) -> RunReply:
    run = await runs.get(c, number)
    assert run is not None
    return told(run, await server_names(c))


def _parameters(values: Mapping[str, Any]) -> ClusteringParameters:
    strange = [name for name in values if name not in PARAMETER_DOCS]
    if strange:
        known = list(PARAMETER_DOCS)
        faults = [reading.unknown("body.parameters", name, known=known) for name in strange[:10]]
        sentence = f"may hold {', '.join(known)}"
        raise reading.refuse([*faults, Fault(where="body.parameters", message=sentence)])
    try:
        return _ADAPTER.validate_python(dict(values))
    except ValidationError as error:
        raise reading.refuse(reading.invalid(error, "body.parameters")) from error


def _cluster(cluster: Cluster) -> dict[str, Any]:
    return {
        "lineage": cluster.lineage,
        "position": cluster.position,
        "name": cluster.name,
        "description": cluster.description,
        "recordings": cluster.recordings,
        "songs": cluster.songs,
    }


def _told(one: Clustering, names: Mapping[ServerKey, str]) -> ClusteringReply:
    return ClusteringReply(
        id=one.id,
        run=one.run_id,
        algorithm=one.algorithm,
        source=one.source,
        parameters=dict(one.parameters),
        seed=one.seed,
        score=one.score,
        recordings=one.recordings,
        servers=None if one.servers is None else tuple(names.get(key, "") for key in one.servers),
        libraries=None if one.libraries is None else tuple(one.libraries),
        remarks=tuple(one.remarks),
        created_at=one.created_at,
    )


ROUTES = (
    start_clustering,
    list_clusterings,
    show_clustering,
    list_clusters,
    show_cluster,
    diff_clusterings,
)
