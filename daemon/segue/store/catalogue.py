"""Which recordings an album or an artist has, by the names that servers give them."""

from psycopg.rows import scalar_row

from segue.model import RecordingId, ServerKey
from segue.store.pool import Connection

__all__ = ["of_album", "of_artist"]


async def of_album(
    c: Connection, album: str, artist: str | None, *, server: ServerKey | None = None
) -> list[RecordingId]:
    """The present recordings of an album, in its order; of any artist's where none is named."""
    async with c.cursor(row_factory=scalar_row) as cursor:
        await cursor.execute(
            """select recording_id from tracks
                where lower(album) = lower(%(album)s) and missing_since is null
                  and (%(artist)s::text is null
                       or lower(%(artist)s) in (lower(album_artist), lower(artist)))
                  and (%(server)s::bigint is null or server_id = %(server)s)
                order by disc_number, track_number, id""",
            {"album": album, "artist": artist, "server": server},
        )
        return _each_once(await cursor.fetchall())


async def of_artist(c: Connection, artist: str, *, server: ServerKey | None = None) -> list[RecordingId]:
    """The present recordings of an artist."""
    async with c.cursor(row_factory=scalar_row) as cursor:
        await cursor.execute(
            """select recording_id from tracks
                where lower(artist) = lower(%(artist)s) and missing_since is null
                  and (%(server)s::bigint is null or server_id = %(server)s)
                order by id""",
            {"artist": artist, "server": server},
        )
        return _each_once(await cursor.fetchall())


def _each_once(rows: list[int]) -> list[RecordingId]:
    return [RecordingId(row) for row in dict.fromkeys(rows)]
