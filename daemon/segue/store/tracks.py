"""Tracks: what each server holds, as it told it last, and which recording each one plays."""

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from psycopg import AsyncCursor
from psycopg.rows import RowMaker, class_row, scalar_row, tuple_row
from psycopg.types.json import Jsonb

from segue.model import RecordingId, ServerKey, Track, TrackId
from segue.store.pool import Connection

__all__ = [
    "TRACK_COLUMNS",
    "Known",
    "TrackRow",
    "analyze",
    "by_ids",
    "confirm",
    "count_listed",
    "insert",
    "known",
    "list_",
    "listed_keys",
    "mark_missing",
    "of_recordings",
    "of_server",
    "purge",
    "search",
    "track_row",
    "update",
]


class TrackRow(NamedTuple):
    """A track as it is shown; `id` is ours, `track_id` the server's. In the order of `TRACK_COLUMNS`."""

    id: int
    server_id: ServerKey
    server: str
    track_id: TrackId
    recording_id: RecordingId
    title: str
    artist: str | None
    album_artist: str | None
    album: str | None
    track_number: int | None
    disc_number: int | None
    year: int | None
    genres: tuple[str, ...]
    seconds: float | None
    format: str | None
    library: str | None
    missing_since: datetime | None
    excluded: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What decides whether a listed track is news."""

    key: int
    track_id: TrackId
    recording_id: RecordingId
    revision: str
    content_key: str | None
    seconds: float | None
    bytes: int | None
    format: str | None
    missing: bool


async def by_ids(c: Connection, keys: Sequence[int]) -> list[TrackRow]:
    """These tracks, in the order asked for; unknown ones are left out."""
    async with c.cursor(row_factory=_track_rows) as cursor:
        await cursor.execute(_SELECT + "where t.id = any(%s)", (list(keys),))
        found = {row.id: row for row in await cursor.fetchall()}
    return [found[key] for key in dict.fromkeys(keys) if key in found]


async def of_server(c: Connection, server: ServerKey, ids: Sequence[TrackId]) -> list[TrackRow]:
    """The tracks that a server calls so."""
    async with c.cursor(row_factory=_track_rows) as cursor:
        await cursor.execute(
            _SELECT + "where t.server_id = %s and t.server_track_id = any(%s)", (server, list(ids))
        )
        return await cursor.fetchall()


async def of_recordings(
    c: Connection, recordings: Sequence[RecordingId], *, missing: bool = False
) -> list[TrackRow]:
    """The present tracks that play these recordings, and the missing ones if asked."""
    async with c.cursor(row_factory=_track_rows) as cursor:
        await cursor.execute(
            _SELECT
            + """where t.recording_id = any(%s) and (%s or t.missing_since is null)
                 order by t.recording_id, t.missing_since nulls first, t.id""",
            (list(recordings), missing),
        )
        return await cursor.fetchall()


async def list_(
    c: Connection,
    *,
    server: ServerKey | None = None,
    missing: bool = False,
    excluded: bool = False,
    after: int = 0,
    limit: int = 100,
) -> list[TrackRow]:
    """Tracks by our key, past the last one of the page before; present, missing or excluded ones."""
    async with c.cursor(row_factory=_track_rows) as cursor:
        await cursor.execute(
            _SELECT
            + """where t.id > %(after)s and (%(server)s::bigint is null or t.server_id = %(server)s)
                   and (t.missing_since is not null) = %(out)s and t.excluded = %(excluded)s
                 order by t.id limit %(limit)s""",
            {
                "server": server,
                "out": missing or excluded,
                "excluded": excluded,
                "after": after,
                "limit": limit,
            },
        )
        return await cursor.fetchall()


async def search(c: Connection, q: str, limit: int, *, server: ServerKey | None = None) -> list[TrackRow]:
    """Present tracks whose artist, title and album fit these words best, misspelt ones too."""
    async with c.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute(
            "select fold(%s), exists (select from pg_extension where extname = 'pg_trgm')", (q,)
        )
        folded, fuzzy = await cursor.fetchone() or ("", False)
    if not folded:
        return []
    patterns = [f"%{word}%" for word in sorted(set(folded.split(" ")), key=lambda word: (-len(word), word))]
    values = {"q": q, "longest": patterns[0], "patterns": patterns, "limit": limit, "server": server}
    async with c.cursor(row_factory=scalar_row) as cursor:
        await cursor.execute(_SEARCH_WORDS, values)
        keys = list(await cursor.fetchall())
        if fuzzy and len(keys) < limit:
            await cursor.execute(_SEARCH_ALIKE, values)
            keys += [key for key in await cursor.fetchall() if key not in keys]
    return await by_ids(c, keys[:limit])


async def known(c: Connection, server: ServerKey, ids: Sequence[TrackId]) -> list[Known]:
    """What we have of these ids of one server."""
    async with c.cursor(row_factory=class_row(Known)) as cursor:
        await cursor.execute(
            """select id as key, server_track_id as track_id, recording_id, revision, content_key,
                      seconds, bytes, format, missing_since is not null and not excluded as missing
                 from tracks where server_id = %s and server_track_id = any(%s)""",
            (server, list(ids)),
        )
        return await cursor.fetchall()


async def insert(c: Connection, server: ServerKey, tracks: Iterable[tuple[Track, RecordingId]]) -> int:
    """Tracks not known so far; one that became known meanwhile is written over."""
    rows = [_record(track) | {"recording_id": recording} for track, recording in tracks]
    cursor = await c.execute(_INSERT, {"server": server, "rows": Jsonb(rows)})
    return cursor.rowcount


async def update(c: Connection, tracks: Iterable[tuple[int, Track, RecordingId]]) -> int:
    """What is told anew of known tracks, which are there."""
    rows = [_record(track) | {"id": key, "recording_id": recording} for key, track, recording in tracks]
    cursor = await c.execute(_UPDATE, {"rows": Jsonb(rows)})
    return cursor.rowcount


async def confirm(c: Connection, keys: Sequence[int]) -> int:
    """These are there, unchanged: no walk that began before may call them gone."""
    cursor = await c.execute(
        """update tracks set missing_since = case when excluded then missing_since end,
                  updated_at = clock_timestamp()
            where id = any(%s)""",
        (list(keys),),
    )
    return cursor.rowcount


async def analyze(c: Connection) -> None:
    """Have the database learn how many there are now: it still plans for the few there were."""
    await c.execute("analyze tracks, recordings")


async def count_listed(c: Connection, server: ServerKey) -> int:
    """How many the server had when it was last listed, excluded ones included."""
    async with c.cursor(row_factory=scalar_row) as cursor:
        await cursor.execute(
            "select count(*) from tracks where server_id = %s and (missing_since is null or excluded)",
            (server,),
        )
        return int(await cursor.fetchone() or 0)


async def listed_keys(
    c: Connection, server: ServerKey, *, before: datetime, size: int = 10_000
) -> AsyncIterator[list[int]]:
    """Our keys of what it had when it was last listed, as far as last written before a moment, in pages."""
    after = 0
    while True:
        async with c.cursor(row_factory=scalar_row) as cursor:
            await cursor.execute(_LISTED_KEYS, (server, after, before, size))
            keys = await cursor.fetchall()
        if not keys:
            return
        yield keys
        after = keys[-1]


async def mark_missing(c: Connection, keys: Sequence[int], *, before: datetime) -> int:
    """These are gone, unless something was told of them since that moment."""
    cursor = await c.execute(
        """update tracks set missing_since = now(), excluded = false
            where id = any(%s) and (missing_since is null or excluded) and updated_at < %s""",
        (list(keys), before),
    )
    return cursor.rowcount


async def purge(c: Connection, *, days: float, limit: int) -> list[RecordingId]:
    """Forget tracks that are missing for so long; what they played, in the order of its ids.

    Only of servers that answer and whose last walk, which found them missing still, is believed.
    """
    async with c.cursor(row_factory=scalar_row) as cursor:
        await cursor.execute(_PURGE, {"days": days, "limit": limit})
        return [RecordingId(row) for row in await cursor.fetchall()]


def _record(track: Track) -> dict[str, object]:
    """The row as JSON; genres become an array in the database."""
    return {
        "server_track_id": track.id,
        "revision": track.revision,
        "title": track.title,
        "artist": track.artist,
        "album_artist": track.album_artist,
        "album": track.album,
        "track_number": track.track_number,
        "disc_number": track.disc_number,
        "year": track.year,
        "genres": list(track.genres),
        "seconds": track.seconds,
        "bytes": track.bytes,
        "format": track.format,
        "path": track.path,
        "library": track.library,
        "musicbrainz_recording": track.musicbrainz_recording,
        "content_key": track.content_key,
        "added_at": track.added_at.isoformat() if track.added_at else None,
    }


_GENRES = TrackRow._fields.index("genres")


def _track_rows(_: AsyncCursor[Any]) -> RowMaker[TrackRow]:
    """By place rather than by name: an answer of 25 tracks waits for each of them."""
    return track_row


def track_row(values: Sequence[Any]) -> TrackRow:
    """From the values of `TRACK_COLUMNS`."""
    return TrackRow._make((*values[:_GENRES], tuple(values[_GENRES]), *values[_GENRES + 1 :]))


TRACK_COLUMNS = """
       t.id, t.server_id, s.name, t.server_track_id, t.recording_id, t.title, t.artist, t.album_artist,
       t.album, t.track_number, t.disc_number, t.year, t.genres, t.seconds, t.format, t.library,
       t.missing_since, t.excluded
"""
"""Of `tracks t` and `servers s`."""

_SELECT = f"select {TRACK_COLUMNS} from tracks t join servers s on s.id = t.server_id "

# Every word must occur somewhere; the shortest text that has them all fits best. An index knows no "all",
# so that the longest word, which fewest have, is asked for by itself.
_SEARCH_WORDS = """
select id from tracks
 where missing_since is null and (%(server)s::bigint is null or server_id = %(server)s)
   and search like %(longest)s and search like all (%(patterns)s::text[])
 order by length(search), search, id limit %(limit)s
"""
_SEARCH_ALIKE = """
select id from tracks
 where missing_since is null and (%(server)s::bigint is null or server_id = %(server)s)
   and fold(%(q)s) <%% search
 order by word_similarity(fold(%(q)s), search) desc, length(search), id limit %(limit)s
"""

_COLUMNS = """
    server_track_id, recording_id, revision, title, artist, album_artist, album, track_number, disc_number,
    year, genres, seconds, bytes, format, path, library, musicbrainz_recording, content_key, added_at
"""
_TYPED = """
    server_track_id text, recording_id bigint, revision text, title text, artist text, album_artist text,
    album text, track_number integer, disc_number integer, year integer, genres text[], seconds real,
    bytes bigint, format text, path text, library text, musicbrainz_recording text, content_key text,
    added_at timestamptz
"""
_ASSIGN = """
    recording_id = new.recording_id, revision = new.revision, title = new.title, artist = new.artist,
    album_artist = new.album_artist, album = new.album, track_number = new.track_number,
    disc_number = new.disc_number, year = new.year, genres = new.genres, seconds = new.seconds,
    bytes = new.bytes, format = new.format, path = new.path, library = new.library,
    musicbrainz_recording = new.musicbrainz_recording, content_key = new.content_key,
    added_at = new.added_at, missing_since = null, excluded = false, updated_at = clock_timestamp()
"""
_INSERT = f"""
insert into tracks (server_id, updated_at, {_COLUMNS})
select %(server)s, clock_timestamp(), {_COLUMNS} from jsonb_to_recordset(%(rows)s) as new ({_TYPED})
on conflict (server_id, server_track_id) do update set {_ASSIGN.replace("new.", "excluded.")}
"""
_UPDATE = f"""
update tracks t set {_ASSIGN}
  from jsonb_to_recordset(%(rows)s) as new (id bigint, {_TYPED}) where t.id = new.id
"""

_LISTED_KEYS = """
select id from tracks
 where server_id = %s and id > %s and (missing_since is null or excluded) and updated_at < %s
 order by id limit %s
"""

_PURGE = """
with old as (
    select t.id from tracks t join servers s on s.id = t.server_id
     where t.missing_since < now() - make_interval(secs => %(days)s * 86400) and not t.excluded
       and s.state = 'connected' and not s.withdrawn
       and s.loss_doubted_at is null and s.last_walk_at > t.missing_since
     order by t.id limit %(limit)s
       for update of t skip locked
), forgotten as (
    delete from tracks t using old where t.id = old.id returning t.recording_id
)
select recording_id from forgotten order by recording_id
"""
