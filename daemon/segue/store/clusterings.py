"""Clusterings: groups of recordings, which of them make playlists, and in which order these are played."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NewType

from psycopg.rows import class_row, scalar_row, tuple_row
from psycopg.sql import SQL
from psycopg.types.json import Jsonb

from segue.model import RecordingId, RunId, ServerKey, SpaceId
from segue.store.pool import Connection

__all__ = [
    "Changes",
    "ChosenCluster",
    "Cluster",
    "Clustering",
    "ClusteringId",
    "Member",
    "NewCluster",
    "Song",
    "all_clusters",
    "changes",
    "chosen",
    "get",
    "hold",
    "join",
    "list_",
    "members",
    "model",
    "new_lineages",
    "newest",
    "of_run",
    "prune",
    "put_in_order",
    "save",
    "songs",
    "titles",
    "unassigned",
]

ClusteringId = NewType("ClusteringId", int)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clustering:
    """One outcome; `servers` and `libraries` bound the music it is about, None is all of it."""

    id: ClusteringId
    run_id: RunId | None
    space_id: SpaceId | None
    algorithm: str
    source: str
    parameters: Mapping[str, Any]
    seed: int
    score: float | None
    recordings: int
    mean_distance: float
    servers: Sequence[ServerKey] | None
    libraries: Sequence[str] | None
    remarks: Sequence[str]
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """A group; `place` is the row of its centre in the model, `position` its rank if it was chosen."""

    id: int
    lineage: int
    place: int
    position: int | None
    name: str
    description: str
    recordings: int
    songs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenCluster:
    """What becomes a playlist; `lineage` stays while the group lives on in later clusterings."""

    lineage: int
    name: str
    description: str
    recordings: list[RecordingId]


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A recording of a group; `ordinal` is its place in the order of playing."""

    recording: RecordingId
    distance: float
    ordinal: int | None
    joined_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Song:
    """A recording of a group by the names that a server gives it."""

    recording: RecordingId
    title: str | None
    artist: str | None
    album: str | None
    distance: float
    ordinal: int | None
    joined_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCluster:
    """A group to be kept, as `Cluster`; `order` are the recordings that are played."""

    lineage: int
    place: int
    position: int | None
    name: str
    description: str
    centroid: bytes
    members: Sequence[tuple[RecordingId, float]]
    order: Sequence[RecordingId]


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What has come and gone since groups were found; the distance is of what came to its groups."""

    added: int
    gone: int
    distance_of_added: float


async def newest(c: Connection) -> Clustering | None:
    """The one that counts."""
    found = await list_(c, limit=1)
    return found[0] if found else None


async def get(c: Connection, clustering: ClusteringId) -> Clustering | None:
    cursor = c.cursor(row_factory=class_row(Clustering))
    await cursor.execute(_GET, [clustering])
    return await cursor.fetchone()


async def of_run(c: Connection, run: RunId) -> ClusteringId | None:
    """What a run has found and kept."""
    cursor = c.cursor(row_factory=scalar_row)
    await cursor.execute("select id from clusterings where run_id = %s order by id desc limit 1", [run])
    found = await cursor.fetchone()
    return None if found is None else ClusteringId(found)


async def list_(
    c: Connection, *, before: ClusteringId | None = None, limit: int = 50
) -> Sequence[Clustering]:
    """Newest first; `before` is the last id of the page before."""
    cursor = c.cursor(row_factory=class_row(Clustering))
    await cursor.execute(_LIST, {"before": before, "limit": limit})
    return await cursor.fetchall()


async def model(c: Connection, clustering: ClusteringId) -> bytes | None:
    """How new music finds its group."""
    cursor = c.cursor(row_factory=scalar_row, binary=True)
    await cursor.execute("select model from clusterings where id = %s", [clustering])
    found: bytes | None = await cursor.fetchone()
    return found


async def all_clusters(c: Connection, clustering: ClusteringId) -> Sequence[Cluster]:
    """Every group: the chosen ones by rank, then the others by place."""
    cursor = c.cursor(row_factory=class_row(Cluster))
    await cursor.execute(_CLUSTERS, [clustering])
    return await cursor.fetchall()


async def chosen(c: Connection, clustering: Clustering) -> list[ChosenCluster]:
    """The groups that are to be playlists, by rank, each in the order of playing."""
    cursor = c.cursor(row_factory=tuple_row, binary=True)
    await cursor.execute(_CHOSEN, [clustering.id])
    return [
        ChosenCluster(lineage=lineage, name=name, description=description, recordings=recordings)
        async for lineage, name, description, recordings in cursor
    ]


async def members(c: Connection, clusters: Sequence[int]) -> Mapping[int, list[Member]]:
    """The recordings of each of these groups: in the order of playing, then by distance."""
    found: dict[int, list[Member]] = {cluster: [] for cluster in clusters}
    cursor = c.cursor(row_factory=tuple_row, binary=True)
    await cursor.execute(_MEMBERS, [list(clusters)])
    async for cluster, recording, distance, ordinal, joined_at in cursor:
        found[cluster].append(
            Member(recording=recording, distance=distance, ordinal=ordinal, joined_at=joined_at)
        )
    return found


async def hold(c: Connection, clustering: ClusteringId) -> bool:
    """Whether it is there and nobody else changes it, until the transaction ends."""
    cursor = c.cursor(row_factory=scalar_row)
    await cursor.execute("select id from clusterings where id = %s for update skip locked", [clustering])
    return await cursor.fetchone() is not None


async def unassigned(
    c: Connection, clustering: Clustering, *, minutes: float | None, after: int = 0, limit: int = 500
) -> list[RecordingId]:
    """Recordings that were heard, perhaps only lately, and are in none of its groups, by id."""
    cursor = c.cursor(row_factory=scalar_row)
    await cursor.execute(
        _UNASSIGNED,
        {
            "clustering": clustering.id,
            "space": clustering.space_id,
            "servers": clustering.servers,
            "libraries": clustering.libraries,
            "minutes": minutes,
            "after": after,
            "limit": limit,
        },
    )
    return list(await cursor.fetchall())


async def join(c: Connection, cluster: int, joining: Sequence[tuple[RecordingId, float]]) -> None:
    """Recordings with their distances come to a group; who is in it already stays."""
    await c.execute(
        _JOIN,
        {
            "cluster": cluster,
            "recordings": [recording for recording, _ in joining],
            "distances": [distance for _, distance in joining],
        },
    )


async def put_in_order(c: Connection, cluster: int, order: Sequence[RecordingId]) -> None:
    """In which order a group's songs are played; the others are not."""
    await c.execute(_PUT_IN_ORDER, {"cluster": cluster, "order": list(order)})


async def changes(c: Connection, clustering: Clustering) -> Changes:
    """What has come and gone since the groups were found."""
    cursor = c.cursor(row_factory=class_row(Changes))
    await cursor.execute(
        _CHANGES,
        {
            "clustering": clustering.id,
            "recordings": clustering.recordings,
            "servers": clustering.servers,
            "libraries": clustering.libraries,
        },
    )
    found = await cursor.fetchone()
    assert found is not None
    return found


async def songs(c: Connection, cluster: int, *, limit: int = 500) -> Sequence[Song]:
    """A group's recordings: in the order of playing, then the others by distance."""
    cursor = c.cursor(row_factory=class_row(Song))
    await cursor.execute(_SONGS, [cluster, limit])
    return await cursor.fetchall()


async def titles(c: Connection, recordings: Sequence[RecordingId]) -> list[str]:
    """Artist and title of each, as some server names them."""
    cursor = c.cursor(row_factory=scalar_row)
    await cursor.execute(_TITLES, [list(recordings)])
    return list(await cursor.fetchall())


async def new_lineages(c: Connection, count: int) -> list[int]:
    """Numbers for groups that continue none, never given before."""
    cursor = c.cursor(row_factory=scalar_row)
    await cursor.execute("select nextval('cluster_lineages') from generate_series(1, %s)", [count])
    return list(await cursor.fetchall())


async def save(
    c: Connection,
    *,
    run: RunId | None,
    space: SpaceId | None,
    source: str,
    parameters: Mapping[str, Any],
    seed: int,
    score: float,
    recordings: int,
    mean_distance: float,
    model: bytes,
    servers: Sequence[ServerKey] | None,
    libraries: Sequence[str] | None,
    remarks: Sequence[str],
    clusters: Iterable[NewCluster],
) -> ClusteringId:
    """Keep an outcome; recordings that are gone by now are left out."""
    cursor = c.cursor(row_factory=scalar_row)
    await cursor.execute(
        _SAVE,
        {
            "run": run,
            "space": space,
            "algorithm": parameters["algorithm"],
            "source": source,
            "parameters": Jsonb(dict(parameters)),
            "seed": seed,
            "score": score,
            "recordings": recordings,
            "mean_distance": mean_distance,
            "model": model,
            "servers": None if servers is None else list(servers),
            "libraries": None if libraries is None else list(libraries),
            "remarks": list(remarks),
        },
    )
    clustering = ClusteringId(int(await cursor.fetchone() or 0))
    for cluster in clusters:
        await _save_cluster(c, clustering, cluster)
    return clustering


async def prune(c: Connection, *, keep: int) -> int:
    """Forget all but the newest few; how many."""
    return (await c.execute(_PRUNE, [keep])).rowcount


async def _save_cluster(c: Connection, clustering: ClusteringId, cluster: NewCluster) -> None:
    cursor = c.cursor(row_factory=scalar_row)
    await cursor.execute(
        _SAVE_CLUSTER,
        {
            "clustering": clustering,
            "lineage": cluster.lineage,
            "place": cluster.place,
            "position": cluster.position,
            "name": cluster.name,
            "description": cluster.description,
            "centroid": cluster.centroid,
        },
    )
    ordinals = {recording: ordinal for ordinal, recording in enumerate(cluster.order)}
    await c.execute(
        _SAVE_MEMBERS,
        {
            "cluster": await cursor.fetchone(),
            "recordings": [recording for recording, _ in cluster.members],
            "distances": [distance for _, distance in cluster.members],
            "ordinals": [ordinals.get(recording) for recording, _ in cluster.members],
        },
    )


_COLUMNS = SQL("""
    id, run_id, space_id, algorithm, source, parameters, seed, score, recordings, mean_distance,
    servers, libraries, remarks, created_at
""")
_GET = SQL("select {} from clusterings where id = %s").format(_COLUMNS)
_LIST = SQL("""
select {} from clusterings
where %(before)s::bigint is null or id < %(before)s order by id desc limit %(limit)s
""").format(_COLUMNS)

_CLUSTERS = """
select k.id, k.lineage, k.place, k.position, k.name, k.description,
       count(m.recording_id) as recordings, count(m.ordinal) as songs
  from clusters k left join cluster_members m on m.cluster_id = k.id
 where k.clustering_id = %s
 group by k.id order by k.position, k.place
"""

_CHOSEN = """
select k.lineage, k.name, k.description,
       array(select recording_id from cluster_members m
              where m.cluster_id = k.id and ordinal is not null order by ordinal, recording_id)
  from clusters k
 where k.clustering_id = %s and k.position is not null
 order by k.position
"""

_MEMBERS = """
select cluster_id, recording_id, distance, ordinal, joined_at from cluster_members
 where cluster_id = any(%s) order by cluster_id, ordinal, distance, recording_id
"""

_SONGS = """
select m.recording_id as recording, t.title, t.artist, t.album, m.distance, m.ordinal, m.joined_at
  from cluster_members m
       left join lateral (select title, artist, album from tracks t where t.recording_id = m.recording_id
            order by t.missing_since nulls first, t.id limit 1) t on true
 where m.cluster_id = %s order by m.ordinal, m.distance, m.recording_id limit %s
"""

_TITLES = """
select case when t.artist is null then t.title else t.artist || ' - ' || t.title end
  from unnest(%s::bigint[]) with ordinality as given(recording, place)
       join lateral (select artist, title from tracks where recording_id = given.recording
            order by missing_since nulls first, id limit 1) t on true
 order by given.place
"""

_SAVE = """
insert into clusterings (run_id, space_id, algorithm, source, parameters, seed, score, recordings,
    mean_distance, model, servers, libraries, remarks)
values (%(run)s, %(space)s, %(algorithm)s, %(source)s, %(parameters)s, %(seed)s, %(score)s, %(recordings)s,
    %(mean_distance)s, %(model)s, %(servers)s, %(libraries)s, %(remarks)s)
returning id
"""

_SAVE_CLUSTER = """
insert into clusters (clustering_id, lineage, place, position, name, description, centroid)
values (%(clustering)s, %(lineage)s, %(place)s, %(position)s, %(name)s, %(description)s, %(centroid)s)
returning id
"""

_SAVE_MEMBERS = """
insert into cluster_members (cluster_id, recording_id, distance, ordinal)
select %(cluster)s, r.id, given.distance, given.ordinal
  from unnest(%(recordings)s::bigint[], %(distances)s::real[], %(ordinals)s::integer[])
       as given(recording, distance, ordinal) join recordings r on r.id = given.recording
   for key share of r
"""

_PRUNE = """
delete from clusterings where id not in (select id from clusterings order by id desc limit %s)
"""

_IN_SCOPE = """exists (
    select from tracks t where t.recording_id = {} and t.missing_since is null
       and (%(servers)s::bigint[] is null or t.server_id = any(%(servers)s))
       and (%(libraries)s::text[] is null or t.library = any(%(libraries)s)))"""

_UNASSIGNED = f"""
select a.recording_id from analyses a
 where a.recording_id > %(after)s
   and (%(minutes)s::real is null or a.analysed_at > now() - make_interval(mins => %(minutes)s::integer))
   and not exists (select from cluster_members m join clusters k on k.id = m.cluster_id
                    where m.recording_id = a.recording_id and k.clustering_id = %(clustering)s)
   and exists (select from embeddings e where e.space_id = %(space)s and e.recording_id = a.recording_id
                  and e.vector is not null)
   and {_IN_SCOPE.format("a.recording_id")}
 order by a.recording_id limit %(limit)s
"""

_JOIN = """
insert into cluster_members (cluster_id, recording_id, distance, joined_at)
select %(cluster)s, r.id, given.distance, now()
  from unnest(%(recordings)s::bigint[], %(distances)s::real[]) as given(recording, distance)
       join recordings r on r.id = given.recording
   for key share of r
on conflict do nothing
"""

_PUT_IN_ORDER = """
update cluster_members m set ordinal = given.ordinal
  from (select k.recording_id, array_position(%(order)s::bigint[], k.recording_id) - 1 as ordinal
          from cluster_members k where k.cluster_id = %(cluster)s) given
 where m.cluster_id = %(cluster)s and m.recording_id = given.recording_id
   and m.ordinal is distinct from given.ordinal
"""

_CHANGES = f"""
select count(*) filter (where m.joined_at is not null) as added,
       greatest(0, %(recordings)s - count(*) filter (where m.joined_at is null)) as gone,
       coalesce(avg(m.distance) filter (where m.joined_at is not null), 0)::double precision
           as distance_of_added
  from cluster_members m join clusters k on k.id = m.cluster_id
 where k.clustering_id = %(clustering)s and {_IN_SCOPE.format("m.recording_id")}
"""
