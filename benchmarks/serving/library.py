"""A library written straight into the database: names as music has them, vectors that mimic real ones."""

import asyncio
from collections.abc import Iterator

import numpy as np
import psycopg
from indexing.vectors import Music, Vectors, music

__all__ = ["SERVER", "Writer", "fill"]

SERVER = "benchmark"
_WORDS = (
    "Love", "Night", "River", "Blue", "Heart", "Fire", "Road", "Dream", "Rain", "Light", "Summer", "Home",
    "Stone", "Wind", "Gold", "Moon", "Silver", "Dance", "Shadow", "Morning", "Ocean", "City", "Ghost",
    "Train", "Winter", "Sugar", "Mirror", "Garden", "Thunder", "Velvet", "Honey", "Paper", "Island",
)  # fmt: skip
_VERSIONS = ("",) * 17 + (" (Live)", " - Remastered 2011", " (Acoustic Version)")
_GENRES = ("Rock", "Jazz", "Folk", "Electronic", "Soul", "Classical", "Hip-Hop", "Ambient")
_BLOCK = 20_000


async def fill(dsn: str, count: int) -> None:
    """So many heard recordings, each with one track; nothing where they are there already."""
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as c:
        there = await (await c.execute("select count(*) from embeddings where vector is not null")).fetchone()
        if there and there[0] >= count:
            return
        await c.execute("truncate tracks, recordings, servers, embeddings cascade")
        server = await _server(c)
        found = music(count)
        for start in range(0, count, _BLOCK):
            async with c.transaction():
                await _recordings(c, min(_BLOCK, count - start))
                part = slice(start, min(start + _BLOCK, count))
                await _tracks(c, server, found, part)
                await _vectors(c, found.vectors[part])
            await c.execute("truncate benchmark_new")
        await c.execute("drop table benchmark_new")
        await c.execute("vacuum analyze")


class Writer:
    """Adds, replaces and takes away while queries go on."""

    def __init__(self, dsn: str, *, per_second: float) -> None:
        self._dsn = dsn
        self._pause = 1 / per_second
        self._chance = np.random.default_rng(7)
        self.written = 0

    async def run(self) -> None:
        """Until cancelled."""
        async with await psycopg.AsyncConnection.connect(self._dsn, autocommit=True) as c:
            (server,) = await _one(c, "select id from servers where name = %s", SERVER)
            (most,) = await _one(c, "select max(recording_id) from embeddings")
            fresh = iter(music(50_000, seed=int(most)).vectors)  # others in every run on a kept library
            while True:
                async with c.transaction():
                    recording = await self._add(c, server)
                    await _put(c, recording, next(fresh))
                    await _put(c, int(self._chance.integers(1, most)), next(fresh))
                    if self.written % 10 == 0:
                        await c.execute(
                            "update embeddings set vector = null where recording_id = %s",
                            (int(self._chance.integers(1, most)),),
                        )
                self.written += 1
                await asyncio.sleep(self._pause)

    async def _add(self, c: psycopg.AsyncConnection, server: int) -> int:
        (recording,) = await _one(c, "insert into recordings default values returning id")
        await c.execute(
            """insert into tracks (server_id, server_track_id, recording_id, revision, title, artist, album)
               values (%s, %s, %s, '1', %s, %s, %s)""",
            (server, f"new {recording}", recording, f"New song {recording}", "Newcomer", "First"),
        )
        return int(recording)


async def _server(c: psycopg.AsyncConnection) -> int:
    (server,) = await _one(
        c,
        """insert into servers (name, kind, origin, config_sealed, hook_secret_sealed, state)
           values (%s, 'folder', 'settings', '', '', 'connected') returning id""",
        SERVER,
    )
    return int(server)


async def _recordings(c: psycopg.AsyncConnection, count: int) -> None:
    """Their ids stand in a table of our own, in order."""
    await c.execute(
        """create unlogged table if not exists benchmark_new
           (place int generated always as identity, id bigint)"""
    )
    await c.execute("truncate benchmark_new restart identity")
    await c.execute(
        """with made as (insert into recordings (seconds) select 240 from generate_series(1, %s) returning id)
           insert into benchmark_new (id) select id from made order by id""",
        (count,),
    )


async def _tracks(c: psycopg.AsyncConnection, server: int, found: Music, part: slice) -> None:
    rows = list(_named(found, part))
    await c.execute(
        """create temporary table named (place int, title text, artist text, album text, year int,
                  seconds real, number int, genre text) on commit drop"""
    )
    async with c.cursor() as cursor, cursor.copy("copy named from stdin") as copy:
        for place, row in enumerate(rows, 1):
            await copy.write_row((place, *row))
    await c.execute(
        """insert into tracks (server_id, server_track_id, recording_id, revision, title, artist,
                  album_artist, album, year, seconds, track_number, genres, format, path)
           select %s, 'b' || id, id, '1', title, artist, artist, album, year, seconds, number, array[genre],
                  'flac', artist || '/' || album || '/' || title || '.flac'
             from named join benchmark_new using (place)""",
        (server,),
    )


def _named(found: Music, part: slice) -> Iterator[tuple[object, ...]]:
    chance = np.random.default_rng(part.start)
    for at in range(part.start, part.stop):
        artist, album = int(found.artist[at]), int(found.album[at])
        words = " ".join(_WORDS[i] for i in chance.integers(0, len(_WORDS), 3))
        version = _VERSIONS[int(chance.integers(0, len(_VERSIONS)))]
        yield (
            words + version, f"{_WORDS[artist % len(_WORDS)]} and the {artist}s",
            f"Album {album}", 1960 + album % 65, max(30.0, chance.normal(235, 60)), at % 12 + 1,
            _GENRES[int(found.style[at]) % len(_GENRES)],
        )  # fmt: skip


async def _vectors(c: psycopg.AsyncConnection, vectors: Vectors) -> None:
    await c.execute("create temporary table pointed (place int, vector bytea) on commit drop")
    async with c.cursor() as cursor, cursor.copy("copy pointed from stdin (format binary)") as copy:
        copy.set_types(["int4", "bytea"])
        for place, vector in enumerate(vectors, 1):
            await copy.write_row((place, vector.astype("<f4").tobytes()))
    await c.execute(
        """insert into embeddings (space_id, recording_id, vector)
           select (select id from spaces where serving), id, vector
             from pointed join benchmark_new using (place)"""
    )


async def _put(c: psycopg.AsyncConnection, recording: int, vector: Vectors) -> None:
    await c.execute(
        """insert into embeddings (space_id, recording_id, vector)
           values ((select id from spaces where serving), %s, %s)
           on conflict (space_id, recording_id) do update set vector = excluded.vector""",
        (recording, vector.astype("<f4").tobytes()),
    )


async def _one(c: psycopg.AsyncConnection, statement: str, *values: object) -> tuple[int, ...]:
    row = await (await c.execute(statement.encode(), values)).fetchone()
    assert row is not None
    return row
