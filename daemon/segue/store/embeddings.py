"""Embeddings: vectors by space, and the log of their changes for followers.

A follower must not miss a row, although transactions commit in another order than they write.
Change numbers alone don't help: 7 may be committed and read while the transaction that took 6
still runs. So a follower remembers the oldest transaction that ran when it last looked (its
horizon). Whatever older transactions wrote, it has seen; whatever the others wrote, it reads
again or for the first time. What it has already read beyond the horizon it names by change
number, so that nothing is sent twice while some transaction runs for long.
"""

import asyncio
import struct
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from psycopg import sql
from psycopg.rows import scalar_row, tuple_row

from segue.model import RecordingId, SpaceId
from segue.store.following import Position, advanced, horizon, position
from segue.store.pool import Connection

__all__ = [
    "Block",
    "Change",
    "Digest",
    "Position",
    "digest",
    "follow",
    "freeze",
    "load",
    "position",
    "put",
    "remove",
    "spaces_of",
]

Vector = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A recording's vector as it is now; None when it was taken away."""

    recording: RecordingId
    vector: Vector | None
    change: int
    tx: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Some of a space's vectors, row by row."""

    recordings: npt.NDArray[np.int64]
    changes: npt.NDArray[np.int64]
    vectors: npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """A cheap summary of a space: equal for equal contents."""

    count: int
    total: int

    @staticmethod
    def of(recordings: npt.NDArray[np.int64], changes: npt.NDArray[np.int64]) -> "Digest":
        """The digest of these rows."""
        total = int((recordings % _DIGEST_PRIME * (changes % _DIGEST_PRIME)).sum())
        return Digest(count=len(recordings), total=total)


async def put(c: Connection, space: SpaceId, recording: RecordingId, vector: Vector) -> None:
    """Add or replace one vector; followers see it once the transaction is committed.

    One without direction is kept as well: an index refuses it and says so, and its recording stays heard.
    """
    await c.execute(
        """insert into embeddings (space_id, recording_id, vector) values (%s, %s, %s)
           on conflict (space_id, recording_id) do update set vector = excluded.vector""",
        (space, recording, vector.astype("<f4").tobytes()),
    )


async def fill(c: Connection, space: SpaceId, recordings: Sequence[RecordingId], vectors: Vector) -> int:
    """Add vectors made of stored analyses where there is none; what came in between is newer and stays."""
    cursor = await c.execute(
        """insert into embeddings as e (space_id, recording_id, vector)
           select %s, a.recording_id, new.vector
             from unnest(%s::bigint[], %s::bytea[]) as new(recording_id, vector)
                  join analyses a using (recording_id)
              for key share of a
           on conflict (space_id, recording_id) do update set vector = excluded.vector
            where e.vector is null""",
        (space, list(recordings), [vector.tobytes() for vector in vectors.astype("<f4")]),
    )
    return cursor.rowcount


async def spaces_of(c: Connection, recording: RecordingId) -> tuple[str, ...]:
    """The names of the spaces in which a recording has a vector, oldest space first."""
    async with c.cursor(row_factory=scalar_row) as cursor:
        await cursor.execute(
            """select s.name from embeddings e join spaces s on s.id = e.space_id
                where e.recording_id = %s and e.vector is not null order by s.id""",
            (recording,),
        )
        return tuple(await cursor.fetchall())


async def remove(c: Connection, recordings: Sequence[RecordingId]) -> int:
    """Take these out of every space; tombstones stay for the followers."""
    cursor = await c.execute(
        "update embeddings set vector = null where recording_id = any(%s) and vector is not null",
        (list(recordings),),
    )
    return cursor.rowcount


async def freeze(c: Connection) -> None:
    """Let the transaction that begins here see one moment, so that its answers fit together."""
    await c.execute("set transaction isolation level repeatable read, read only")


async def follow(
    c: Connection, space: SpaceId, since: Position, *, limit: int = 2000
) -> tuple[list[Change], Position]:
    """What changed since, oldest transaction first, and the position then; fewer than `limit`: it is all.

    The horizon is asked before the rows: what the rows' snapshot does not show was running then.
    """
    oldest = await horizon(c)
    async with c.cursor(row_factory=tuple_row, binary=True) as cursor:
        await cursor.execute(
            """select recording_id, vector, change, tx::text::bigint from embeddings e
                where space_id = %s and tx >= %s::text::xid8
                  and not exists (select from unnest(%s::bigint[]) as seen(change)
                                   where seen.change = e.change)
                order by e.tx, e.change limit %s""",
            (space, str(since.horizon), list(since.ahead), limit),
        )
        changes = [_change(*row) for row in await cursor.fetchall()]
    read = {change.change: change.tx for change in changes}
    return changes, advanced(since, oldest, read, is_all=len(changes) < limit)


async def load(c: Connection, space: SpaceId, dimensions: int, *, rows: int = 4096) -> AsyncIterator[Block]:
    """Every vector of a space, in blocks; ask `position` first and follow from there."""
    row_type = _row_type(dimensions)
    query = sql.SQL(
        """copy (select recording_id, change, vector from embeddings
                  where space_id = {} and octet_length(vector) = {}) to stdout (format binary)"""
    ).format(sql.Literal(space), sql.Literal(4 * dimensions))
    async with c.cursor() as cursor, cursor.copy(query) as copy:
        pieces: list[bytes] = []
        skip = _COPY_HEADER
        while piece := bytes(await copy.read()):
            if skip:
                piece, skip = piece[skip:], 0
            if len(piece) == row_type.itemsize:
                pieces.append(piece)
            elif piece not in (b"", _COPY_END):
                raise RuntimeError(f"An unexpected row of {len(piece)} bytes in the copy of vectors.")
            if len(pieces) == rows:
                yield _block(pieces, row_type)
                pieces = []
                await asyncio.sleep(0)  # the rows may all lie in a buffer, and others want their turn
        if pieces:
            yield _block(pieces, row_type)


async def digest(c: Connection, space: SpaceId, dimensions: int) -> Digest:
    """The digest of what a space holds now."""
    async with c.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute(
            """select count(*), coalesce(sum((recording_id %% %(prime)s) * (change %% %(prime)s)), 0)::bigint
                 from embeddings where space_id = %(space)s and octet_length(vector) = %(bytes)s""",
            {"space": space, "prime": _DIGEST_PRIME, "bytes": 4 * dimensions},
        )
        row = await cursor.fetchone()
        assert row is not None
        return Digest(count=row[0], total=row[1])


_DIGEST_PRIME = 1_000_003
_COPY_HEADER = 19  # signature 11, flags 4, extension length 4
_COPY_END = struct.pack("!h", -1)


def _change(recording: int, vector: bytes | None, change: int, tx: int) -> Change:
    return Change(
        recording=RecordingId(recording),
        vector=None if vector is None else np.frombuffer(vector, "<f4"),
        change=change,
        tx=tx,
    )


def _row_type(dimensions: int) -> np.dtype[np.void]:
    """A row of COPY's binary format: a count of fields, then each field behind its length."""
    return np.dtype(
        [
            ("fields", ">i2"),
            ("recording_length", ">i4"),
            ("recording", ">i8"),
            ("change_length", ">i4"),
            ("change", ">i8"),
            ("vector_length", ">i4"),
            ("vector", "<f4", (dimensions,)),
        ]
    )


def _block(pieces: list[bytes], row_type: np.dtype[np.void]) -> Block:
    rows = np.frombuffer(b"".join(pieces), row_type)
    return Block(
        recordings=rows["recording"].astype(np.int64),
        changes=rows["change"].astype(np.int64),
        vectors=np.ascontiguousarray(rows["vector"]),
    )
