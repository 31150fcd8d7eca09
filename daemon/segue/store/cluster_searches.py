"""Searches for groups under way: the library as pieces, the checkpoint, and what batches are asked.

Rows are locked in this order: search, its run, the runs of its batches.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg.rows import class_row, scalar_row, tuple_row

from segue.model import RecordingId, RunId, ServerKey, SpaceId
from segue.store import runs
from segue.store.clusterings import ClusteringId
from segue.store.pool import Connection

__all__ = [
    "Batch",
    "Heard",
    "Scope",
    "Search",
    "add_piece",
    "advance",
    "answer",
    "answers",
    "ask",
    "batch",
    "close",
    "get",
    "heard",
    "hold",
    "keys",
    "latest_automatic",
    "open_",
    "pieces",
    "sweep",
    "unanswered",
    "unheard_share",
    "want",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """The music that a search is about; None is all of it."""

    servers: Sequence[ServerKey] | None = None
    libraries: Sequence[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """One search; `state` is its checkpoint, `key` names its library, `last_id` the clustering before.

    A `fresh` one does not begin at the last groups.
    """

    run_id: RunId
    key: str
    last_id: ClusteringId | None
    parameters: str
    seed: int
    space_id: SpaceId | None
    servers: Sequence[ServerKey] | None
    libraries: Sequence[str] | None
    recordings: int
    state: bytes
    finished: bool
    fresh: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What a child run is asked, as JSON; `results` once it is answered."""

    search_id: RunId
    request: str
    results: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A recording as a search sees it; `lineage` and `ordinal` tell of the last clustering, if any."""

    recording: RecordingId
    vector: bytes
    tags: bytes
    tempo: float | None
    key: str | None
    scale: str | None
    energy: float | None
    loudness: float | None
    dance: float | None
    pulse: float | None
    flux: float | None
    mode: float | None
    artist: str
    genre: str
    lineage: int | None
    ordinal: int | None


async def want(c: Connection, arguments: Mapping[str, Any]) -> RunId | None:
    """A run that looks for groups; None while another one has not ended."""
    await c.execute("select pg_advisory_xact_lock(hashtextextended('clustering', 0))")
    cursor = await c.execute("select 1 from runs where kind = 'clustering' and finished_at is null limit 1")
    if await cursor.fetchone() is not None:
        return None
    return await runs.create(c, "clustering", arguments=arguments)


async def latest_automatic(c: Connection) -> tuple[float, bool] | None:
    """The latest run that nobody asked for: how many hours ago it was wanted, and whether it failed."""
    cursor = c.cursor(row_factory=tuple_row)
    await cursor.execute(
        """select extract(epoch from now() - created_at)::double precision / 3600,
                  state in ('FAILURE', 'REVOKED')
             from runs
            where kind = 'clustering' and arguments @> '{"automatic": true}'
            order by created_at desc, id desc limit 1"""
    )
    return await cursor.fetchone()


async def unheard_share(c: Connection) -> tuple[int, float]:
    """How many recordings were heard, and the share of all that still wait for their first hearing."""
    cursor = c.cursor(row_factory=tuple_row)
    await cursor.execute(
        """select (select count(*) from analyses),
                  (select count(*) from recordings r where r.wanted is not null
                      and not exists (select from analyses a where a.recording_id = r.id)
                      and exists (select from tracks t join servers s on s.id = t.server_id
                           where t.recording_id = r.id and t.missing_since is null
                             and s.state = 'connected' and not s.withdrawn))"""
    )
    row = await cursor.fetchone()
    assert row is not None
    known, waiting = row
    return known, waiting / max(known + waiting, 1)


async def heard(
    c: Connection,
    space: SpaceId,
    dimensions: int,
    scope: Scope,
    *,
    last: ClusteringId | None = None,
    after: int = 0,
    only: Sequence[RecordingId] | None = None,
    limit: int = 1000,
) -> Sequence[Heard]:
    """A page of what was heard and is on some server within the scope, by recording."""
    cursor = c.cursor(row_factory=class_row(Heard), binary=True)
    await cursor.execute(
        _HEARD,
        {
            "space": space,
            "bytes": 4 * dimensions,
            "servers": None if scope.servers is None else list(scope.servers),
            "libraries": None if scope.libraries is None else list(scope.libraries),
            "last": last,
            "after": after,
            "only": None if only is None else list(only),
            "limit": limit,
        },
    )
    return await cursor.fetchall()


async def add_piece(c: Connection, run: RunId, number: int, piece: bytes) -> None:
    """Keep a part of the library; number 0 begins it anew."""
    if number == 0:
        await c.execute("delete from cluster_search_pieces where run_id = %s", [run])
    await c.execute(
        "insert into cluster_search_pieces (run_id, number, piece) values (%s, %s, %b)", [run, number, piece]
    )


async def pieces(c: Connection, run: RunId, *, after: int) -> tuple[int, bytes] | None:
    """The next part of the library, and its number."""
    cursor = c.cursor(row_factory=tuple_row, binary=True)
    await cursor.execute(
        """select number, piece from cluster_search_pieces where run_id = %s and number > %s
            order by number limit 1""",
        [run, after],
    )
    return await cursor.fetchone()


async def open_(
    c: Connection,
    run: RunId,
    *,
    key: str,
    last: ClusteringId | None,
    parameters: str,
    seed: int,
    space: SpaceId,
    scope: Scope,
    recordings: int,
) -> None:
    """Keep a new search; its checkpoint is empty until it has begun."""
    await c.execute(
        _OPEN,
        {
            "run": run,
            "key": key,
            "last": last,
            "parameters": parameters,
            "seed": seed,
            "space": space,
            "servers": None if scope.servers is None else list(scope.servers),
            "libraries": None if scope.libraries is None else list(scope.libraries),
            "recordings": recordings,
        },
    )


async def get(c: Connection, run: RunId) -> Search | None:
    return await _get(c, _GET, run)


async def hold(c: Connection, run: RunId) -> Search | None:
    """The search, which nobody else changes until the transaction ends."""
    return await _get(c, _GET + " for update of s", run)


async def advance(c: Connection, run: RunId, state: bytes, *, finished: bool) -> None:
    """Another checkpoint; what was answered before it is forgotten."""
    await c.execute("delete from cluster_batches where search_id = %s", [run])
    await c.execute(
        "update cluster_searches set state = %b, finished = %s, updated_at = now() where run_id = %s",
        [state, finished, run],
    )


async def close(c: Connection, run: RunId) -> None:
    """Forget a search and its library."""
    await c.execute("delete from cluster_search_pieces where run_id = %s", [run])
    await c.execute("delete from cluster_searches where run_id = %s", [run])


async def sweep(c: Connection) -> None:
    """Forget what was left behind by runs that are over."""
    await c.execute(_SWEEP_PIECES)
    await c.execute(_SWEEP_SEARCHES)


async def keys(c: Connection) -> set[str]:
    """The keys of all searches there are."""
    cursor = c.cursor(row_factory=scalar_row)
    await cursor.execute("select key from cluster_searches")
    return set(await cursor.fetchall())


async def ask(c: Connection, run: RunId, search: RunId, request: str) -> None:
    """What a child run shall find out."""
    await c.execute(
        "insert into cluster_batches (run_id, search_id, request) values (%s, %s, %s)", [run, search, request]
    )


async def batch(c: Connection, run: RunId) -> Batch | None:
    """What a child run is asked; None when its search has gone on or is over."""
    cursor = c.cursor(row_factory=class_row(Batch))
    await cursor.execute("select search_id, request, results from cluster_batches where run_id = %s", [run])
    return await cursor.fetchone()


async def answer(c: Connection, run: RunId, results: str) -> None:
    """What a child run has found out."""
    await c.execute("update cluster_batches set results = %s where run_id = %s", [results, run])


async def unanswered(c: Connection, search: RunId) -> int:
    """How many batches are still out."""
    cursor = c.cursor(row_factory=scalar_row)
    await cursor.execute(
        "select count(*) from cluster_batches where search_id = %s and results is null", [search]
    )
    return int(await cursor.fetchone() or 0)


async def answers(c: Connection, search: RunId) -> Sequence[str]:
    """What came back, in the order in which it was asked."""
    cursor = c.cursor(row_factory=scalar_row)
    await cursor.execute(
        """select results from cluster_batches where search_id = %s and results is not null
            order by run_id""",
        [search],
    )
    return await cursor.fetchall()


async def _get(c: Connection, query: str, run: RunId) -> Search | None:
    cursor = c.cursor(row_factory=class_row(Search), binary=True)
    await cursor.execute(query.encode(), [run])
    return await cursor.fetchone()


_GET = """
select s.run_id, s.key, s.last_id, s.parameters, s.seed, s.space_id, s.servers, s.libraries, s.recordings,
       s.state, s.finished, coalesce((r.arguments ->> 'fresh')::boolean, false) as fresh
  from cluster_searches s join runs r on r.id = s.run_id where s.run_id = %s
"""

_OPEN = """
insert into cluster_searches
    (run_id, key, last_id, parameters, seed, space_id, servers, libraries, recordings)
values (%(run)s, %(key)s, %(last)s, %(parameters)s, %(seed)s, %(space)s, %(servers)s, %(libraries)s,
    %(recordings)s)
"""

_SWEEP_PIECES = """
delete from cluster_search_pieces p using runs r where r.id = p.run_id and r.finished_at is not null
"""
_SWEEP_SEARCHES = """
delete from cluster_searches s using runs r where r.id = s.run_id and r.finished_at is not null
"""

_HEARD = """
select a.recording_id as recording, e.vector, a.tags, a.tempo, a.key, a.scale, a.energy, a.loudness,
       a.dance, a.pulse, a.flux, a.mode, t.artist, t.genre, l.lineage, l.ordinal
  from analyses a
       join embeddings e on e.space_id = %(space)s and e.recording_id = a.recording_id
                        and octet_length(e.vector) = %(bytes)s
       join lateral (
           select coalesce(artist, '') as artist, coalesce(genres[1], '') as genre from tracks t
            where t.recording_id = a.recording_id and t.missing_since is null
              and (%(servers)s::bigint[] is null or t.server_id = any(%(servers)s))
              and (%(libraries)s::text[] is null or t.library = any(%(libraries)s))
            order by t.id limit 1) t on true
       left join lateral (
           select k.lineage, m.ordinal from cluster_members m join clusters k on k.id = m.cluster_id
            where m.recording_id = a.recording_id and k.clustering_id = %(last)s limit 1) l on true
 where a.recording_id > %(after)s
   and (%(only)s::bigint[] is null or a.recording_id = any(%(only)s))
 order by a.recording_id limit %(limit)s
"""
