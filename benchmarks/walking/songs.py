"""A library of any size, whose songs follow from their numbers."""

from typing import Any

from segue.model import Track, TrackId

__all__ = ["told", "track"]


def track(number: int, prefix: str = "") -> Track:
    """A song as an adapter tells it that reads the file itself."""
    return Track(
        id=TrackId(f"{prefix}{number}"),
        title=f"Song number {number}",
        artist=f"Artist {number // 40}",
        album=f"Album {number // 12}",
        track_number=number % 12 + 1,
        year=1960 + number // 40 % 60,
        genres=("Rock", "Pop"),
        seconds=200.0,
        bytes=5_000_000 + number,
        format="flac",
        path=f"/music/Artist {number // 40}/Album {number // 12}/{number}.flac",
        revision=f"{number}-1",
        content_key=f"flac-{number}-0123456789abcdef0123456789abcdef",
    )


def told(number: int, prefix: str) -> dict[str, Any]:
    """The same as a Subsonic server tells it."""
    song = track(number, prefix)
    return {
        "id": song.id,
        "isDir": False,
        "title": song.title,
        "artist": song.artist,
        "album": song.album,
        "albumId": f"{prefix}album-{number // 12}",
        "track": song.track_number,
        "discNumber": 1,
        "year": song.year,
        "genre": "Rock",
        "genres": [{"name": genre} for genre in song.genres],
        "duration": 200,
        "size": song.bytes,
        "suffix": "flac",
        "contentType": "audio/flac",
        "created": "2026-01-01T00:00:00Z",
        "type": "music",
        "path": song.path,
    }
