"""Tracks as replies show them."""

from datetime import datetime

from pydantic import Field

from segue.store.tracks import TrackRow
from segue.web.shapes import Told

__all__ = ["TrackReply", "told_track"]


class TrackReply(Told):
    """One item of one server."""

    id: int
    server: str = Field(examples=["attic"])
    server_track: str = Field(description="The id that the server gives it.")
    recording: int = Field(description="The piece of audio that it plays.")
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
    missing_since: datetime | None = Field(
        description="Since when the server no longer has it, or its filter leaves it out."
    )
    excluded: bool = Field(description="Whether the server's filter leaves it out.")


def told_track(row: TrackRow) -> TrackReply:
    return TrackReply(
        id=row.id,
        server=row.server,
        server_track=row.track_id,
        recording=row.recording_id,
        title=row.title,
        artist=row.artist,
        album_artist=row.album_artist,
        album=row.album,
        track_number=row.track_number,
        disc_number=row.disc_number,
        year=row.year,
        genres=row.genres,
        seconds=row.seconds,
        format=row.format,
        library=row.library,
        missing_since=row.missing_since,
        excluded=row.excluded,
    )
