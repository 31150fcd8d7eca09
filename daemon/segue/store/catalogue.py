"""Which recordings an album or an artist has, by the names that servers give them.

A name that nobody bears is looked for without its accents and signs.
"""

from collections.abc import Mapping, Sequence

from psycopg.rows import scalar_row

from segue.model import RecordingId, ServerKey
from segue.store.pool import Connection

__all__ = ["of_album", "of_artist"]


async def of_album(
    c: Connection, album: str, artist: str | None, *, server: ServerKey | None = None
) -> list[RecordingId]:
    """The present recordings of an album, in its order; of any artist's where none is named."""
    wanted = {"album": album, "artist": artist, "server": server}
    return await _first_of(c, (_ALBUM, _ALBUM_FOLDED), wanted)


async def of_artist(c: Connection, artist: str, *, server: ServerKey | None = None) -> list[RecordingId]:
    """The present recordings of an artist."""
    return await _first_of(c, (_ARTIST, _ARTIST_FOLDED), {"artist": artist, "server": server})


async def _first_of(
    c: Connection, statements: Sequence[str], wanted: Mapping[str, object]
) -> list[RecordingId]:
    """What the first statement finds that finds anything, each recording once."""
    async with c.cursor(row_factory=scalar_row) as cursor:
        for statement in statements:
            await cursor.execute(statement, wanted)
            if rows := await cursor.fetchall():
                return [RecordingId(row) for row in dict.fromkeys(rows)]
    return []


_THERE = "missing_since is null and (%(server)s::bigint is null or server_id = %(server)s)"
_ALBUM = f"""
select recording_id from tracks
 where lower(album) = lower(%(album)s) and {_THERE}
   and (%(artist)s::text is null or lower(%(artist)s) in (lower(album_artist), lower(artist)))
 order by disc_number, track_number, id
"""
_ALBUM_FOLDED = f"""
select recording_id from tracks
 where fold(%(album)s) <> '' and search like '%%' || fold(%(album)s) || '%%'
   and fold(album) = fold(%(album)s) and {_THERE}
   and (%(artist)s::text is null or fold(%(artist)s) in (fold(album_artist), fold(artist)))
 order by disc_number, track_number, id
"""
_ARTIST = f"""
select recording_id from tracks where lower(artist) = lower(%(artist)s) and {_THERE} order by id
"""
_ARTIST_FOLDED = f"""
select recording_id from tracks
 where fold(%(artist)s) <> '' and search like '%%' || fold(%(artist)s) || '%%'
   and fold(artist) = fold(%(artist)s) and {_THERE}
 order by id
"""
