"""One item of one server, as the server describes it."""

from dataclasses import dataclass
from datetime import datetime

from segue.model.ids import TrackId


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """A track under its server's own id; what the server does not say is None.

    `revision` is opaque and changes whenever the audio or the tags may have changed.
    `content_key` is equal only for equal bytes, whatever the file's name or tags' age.
    """

    id: TrackId
    title: str
    revision: str
    artist: str | None = None
    album_artist: str | None = None
    album: str | None = None
    track_number: int | None = None
    disc_number: int | None = None
    year: int | None = None
    genres: tuple[str, ...] = ()
    seconds: float | None = None
    bytes: int | None = None
    format: str | None = None
    path: str | None = None
    musicbrainz_recording: str | None = None
    content_key: str | None = None
    added_at: datetime | None = None
    library: str | None = None
