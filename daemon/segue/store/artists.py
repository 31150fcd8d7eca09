"""Artists: who is heard, and the models of how they sound, each beside what it was fitted to."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from psycopg.rows import class_row, scalar_row, tuple_row

from segue.model import RecordingId, ServerKey, SpaceId, TrackId
from segue.store.pool import Connection

__all__ = [
    "Artist",
    "Heard",
    "digests",
    "load",
    "meant",
    "of_server",
    "remove",
    "samples",
    "save",
    "search",
    "stale",
    "vectors",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Artist:
    """Somebody by the name that most tracks write; `artist` is the same in lower case."""

    artist: str
    name: str
    recordings: int
    digest: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """All vectors of one artist, by recording."""

    recordings: list[RecordingId]
    vectors: npt.NDArray[np.float32]


async def stale(c: Connection, space: SpaceId, *, version: int) -> list[Artist]:
    """Whose model is not of their present tracks or of this version; no digest: they are gone."""
    async with c.cursor(row_factory=class_row(Artist)) as cursor:
        await cursor.execute(_STALE, {"space": space, "version": version})
        return await cursor.fetchall()


async def vectors(c: Connection, space: SpaceId, artists: Sequence[str]) -> dict[str, Heard]:
    """What these sound like, recording by recording."""
    async with c.cursor(row_factory=tuple_row, binary=True) as cursor:
        await cursor.execute(
            """select distinct on (lower(t.artist), e.recording_id)
                      lower(t.artist), e.recording_id, e.vector
                 from tracks t join embeddings e on e.recording_id = t.recording_id and e.space_id = %s
                where lower(t.artist) = any(%s) and t.missing_since is null and e.vector is not null
                order by 1, 2""",
            (space, list(artists)),
        )
        found: dict[str, list[tuple[int, bytes]]] = {}
        for artist, recording, vector in await cursor.fetchall():
            found.setdefault(artist, []).append((recording, vector))
    return {
        artist: Heard(
            recordings=[RecordingId(recording) for recording, _ in rows],
            vectors=np.array([np.frombuffer(vector, "<f4") for _, vector in rows], np.float32),
        )
        for artist, rows in found.items()
    }


async def save(c: Connection, space: SpaceId, fitted: Sequence[tuple[Artist, bytes]]) -> None:
    """Keep these models instead of those before."""
    async with c.cursor() as cursor:
        await cursor.executemany(
            """insert into artist_models (space_id, artist, name, recordings, digest, model)
               select id, %s, %s, %s, %s, %s from spaces where id = %s
               on conflict (space_id, artist) do update
                  set name = excluded.name, recordings = excluded.recordings, digest = excluded.digest,
                      model = excluded.model""",
            [(one.artist, one.name, one.recordings, one.digest, model, space) for one, model in fitted],
        )


async def remove(c: Connection, space: SpaceId, artists: Sequence[str]) -> None:
    """Forget the models of artists without tracks."""
    await c.execute(
        "delete from artist_models where space_id = %s and artist = any(%s)", (space, list(artists))
    )


async def digests(c: Connection, space: SpaceId) -> dict[str, int]:
    """Which models there are, and what each was fitted to."""
    async with c.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute("select artist, digest from artist_models where space_id = %s", (space,))
        return dict(await cursor.fetchall())


async def load(c: Connection, space: SpaceId, artists: Sequence[str]) -> list[tuple[Artist, bytes]]:
    """The models of these artists."""
    async with c.cursor(row_factory=tuple_row, binary=True) as cursor:
        await cursor.execute(
            """select artist, name, recordings, digest, model from artist_models
                where space_id = %s and artist = any(%s) order by artist""",
            (space, list(artists)),
        )
        return [
            (Artist(artist=artist, name=name, recordings=recordings, digest=digest), bytes(model))
            for artist, name, recordings, digest, model in await cursor.fetchall()
        ]


async def meant(c: Connection, name: str) -> str | None:
    """Whose tracks write this name, in lower case; accents and signs may be missing."""
    async with c.cursor(row_factory=scalar_row) as cursor:
        await cursor.execute(_MEANT, {"name": name})
        found: str | None = await cursor.fetchone()
        return found


async def of_server(c: Connection, server: ServerKey) -> set[str]:
    """Who has tracks on this server, in lower case."""
    async with c.cursor(row_factory=scalar_row) as cursor:
        await cursor.execute(
            """select distinct lower(artist) from tracks
                where server_id = %s and missing_since is null and artist is not null""",
            (server,),
        )
        return set(await cursor.fetchall())


async def samples(c: Connection, server: ServerKey, names: Sequence[str]) -> dict[str, TrackId]:
    """One track on this server for each of these artists, in lower case, who has one."""
    async with c.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute(
            """select distinct on (lower(artist)) lower(artist), server_track_id from tracks
                where server_id = %s and lower(artist) = any(%s) and missing_since is null
                order by lower(artist), id""",
            (server, list(names)),
        )
        return {artist: TrackId(track) for artist, track in await cursor.fetchall()}


async def search(c: Connection, words: str, limit: int, *, server: ServerKey | None = None) -> list[Artist]:
    """Artists in whose name the words stand: the whole name first, then its beginning, then many tracks."""
    async with c.cursor(row_factory=class_row(Artist)) as cursor:
        await cursor.execute(_SEARCH, {"words": words, "server": server, "limit": limit})
        return await cursor.fetchall()


# A retagged track changes the set, and with it the digest; the order of rows does not matter.
_STALE = """
with played as (
    select distinct on (lower(t.artist), t.recording_id) lower(t.artist) as artist, t.artist as written,
           e.recording_id, e.change
      from tracks t join embeddings e on e.recording_id = t.recording_id and e.space_id = %(space)s
     where t.missing_since is null and e.vector is not null and t.artist <> ''
     order by lower(t.artist), t.recording_id, t.id
), present as (
    select artist, mode() within group (order by written) as name, count(*)::int as recordings,
           bit_xor(hashint8extended(change, recording_id)) # %(version)s::bigint as digest
      from played group by artist
)
select coalesce(p.artist, m.artist) as artist, coalesce(p.name, m.name) as name,
       coalesce(p.recordings, 0) as recordings, p.digest
  from present p full join (select * from artist_models where space_id = %(space)s) m using (artist)
 where p.digest is distinct from m.digest or p.name is distinct from m.name
 order by 1
"""

_MEANT = """
select lower(artist) from tracks
 where missing_since is null
   and (lower(artist) = lower(%(name)s)
        or (fold(%(name)s) <> '' and search like '%%' || fold(%(name)s) || '%%'
            and fold(artist) = fold(%(name)s)))
 group by lower(artist) order by lower(artist) = lower(%(name)s) desc, count(*) desc, lower(artist) limit 1
"""

# The trigrams of all words leave few tracks; folding is dear, so each spelling is folded once.
_SEARCH = """
with found as materialized (
    select artist, recording_id from tracks
     where missing_since is null and search like '%%' || fold(%(words)s) || '%%'
       and (%(server)s::bigint is null or server_id = %(server)s)
       and (fold(%(words)s) <> '' or btrim(%(words)s) = '')
), named as materialized (
    select artist, fold(artist) as folded from (select distinct artist from found where artist <> '') spelt
)
select lower(artist) as artist, mode() within group (order by artist) as name,
       count(distinct recording_id)::int as recordings
  from named join found using (artist)
 where strpos(folded, fold(%(words)s)) > 0
 group by lower(artist)
 order by min(folded) = fold(%(words)s) desc, strpos(min(folded), fold(%(words)s)) = 1 desc,
          count(distinct recording_id) desc, lower(artist)
 limit %(limit)s
"""
