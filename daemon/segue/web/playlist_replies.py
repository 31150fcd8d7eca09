"""Playlists as replies show them."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from pydantic import Field, JsonValue

from segue.model import RecordingId
from segue.store import tracks
from segue.store.copies import Standing
from segue.store.playlists import Playlist, Version
from segue.store.pool import Connection
from segue.web.shapes import Told

__all__ = [
    "CopyReply",
    "PlaylistReply",
    "SongReply",
    "VersionReply",
    "told_copy",
    "told_playlist",
    "told_songs",
    "told_version",
]


class PlaylistReply(Told):
    """A playlist of ours, wherever it has copies."""

    id: int
    name: str
    description: str
    kind: str = Field(
        description="Who makes it: a `cluster`, a `recipe`, a person once (`static`), or a person's own list "
        "that is filled (`asked`)."
    )
    public: bool
    version: int = Field(description="The newest version's number; 0 when nothing was made yet.")
    songs: int = Field(description="How many songs it holds: bans are out, pins are in.")
    held: bool = Field(description="It was rolled back, and stays so until it is refreshed.")
    withdrawn: bool = Field(description="No server shall have it.")
    retired_at: datetime | None = Field(description="Since when the group that it was made of is gone.")
    recipe: dict[str, JsonValue] | None
    refresh_hours: float | None
    made_at: datetime | None
    last_error: str | None


class SongReply(Told):
    """A song of a playlist."""

    recording: int
    title: str | None
    artist: str | None


class VersionReply(Told):
    """What was made at one time."""

    number: int
    songs: int
    created_at: datetime


class CopyReply(Told):
    """A playlist on one server."""

    server: str
    user: str | None
    server_playlist: str | None = Field(description="Its id there; null while it is not there.")
    name: str | None = Field(description="What it is called there.")
    songs: int
    up_to_date: bool
    published_at: datetime | None
    given_up: str | None = Field(
        description="Why it is left alone: a person `deleted` it, made it something else (`taken_over`), or "
        "the server `refused`."
    )
    withdrawn_at: datetime | None
    last_error: str | None


def told_playlist(playlist: Playlist) -> PlaylistReply:
    return PlaylistReply(
        id=playlist.id,
        name=playlist.name,
        description=playlist.description,
        kind=playlist.kind.value,
        public=playlist.public,
        version=playlist.version,
        songs=playlist.songs,
        held=playlist.held,
        withdrawn=playlist.withdrawn,
        retired_at=playlist.retired_at,
        recipe=None if playlist.recipe is None else dict(playlist.recipe),
        refresh_hours=playlist.refresh_hours,
        made_at=playlist.made_at,
        last_error=playlist.last_error,
    )


def told_version(version: Version) -> VersionReply:
    return VersionReply(number=version.number, songs=version.songs, created_at=version.created_at)


def told_copy(copy: Standing) -> CopyReply:
    return CopyReply(
        server=copy.server,
        user=copy.user,
        server_playlist=copy.id,
        name=copy.name,
        songs=copy.songs,
        up_to_date=copy.up_to_date,
        published_at=copy.published_at,
        given_up=copy.given_up,
        withdrawn_at=copy.withdrawn_at,
        last_error=copy.last_error,
    )


async def told_songs(c: Connection, recordings: Sequence[RecordingId]) -> tuple[SongReply, ...]:
    """These recordings by the words of a track that plays them."""
    rows: Mapping[RecordingId, tracks.TrackRow] = {
        row.recording_id: row for row in reversed(await tracks.of_recordings(c, recordings, missing=True))
    }
    return tuple(
        SongReply(
            recording=one,
            title=rows[one].title if one in rows else None,
            artist=rows[one].artist if one in rows else None,
        )
        for one in recordings
    )
