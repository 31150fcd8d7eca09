"""MPD's songs as our tracks; pure."""

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import PurePosixPath

from segue.model import Track, TrackId
from segue.sdk import Malformed
from segue.sdk.local import LocalFile
from segue_mpd.wire import Pair

__all__ = ["TAGS", "Song", "read_song", "track"]

TAGS = (
    "Artist", "AlbumArtist", "Album", "Title", "Track", "Disc", "Date", "OriginalDate", "Genre",
    "MUSICBRAINZ_TRACKID",
)  # fmt: skip
"""What a walk asks MPD to tell of each song."""


@dataclass(frozen=True, slots=True)
class Song:
    """One song of a reply: the protocol's own words, each of which may stand several times."""

    uri: str
    words: dict[str, list[str]] = field(default_factory=dict)

    def one(self, name: str) -> str | None:
        return next((value for value in self.words.get(name, ()) if value.strip()), None)

    def all(self, name: str) -> list[str]:
        return [value for value in dict.fromkeys(self.words.get(name, ())) if value.strip()]

    @property
    def is_part(self) -> bool:
        """Whether it has no file of its own, as a track of a cue sheet."""
        return "Range" in self.words


def read_song(pairs: Iterable[Pair]) -> Song:
    """One object of a reply that begins with `file`."""
    words: dict[str, list[str]] = {}
    for key, value in pairs:
        words.setdefault(key, []).append(value)
    uris = words.pop("file", [])
    if len(uris) != 1 or not uris[0]:
        raise Malformed("MPD told of a song without its file.", sample=str(sorted(words)))
    return Song(uris[0], words)


def track(song: Song, local: LocalFile | None) -> Track:
    """A song as a track; what MPD does not say is None."""
    name = PurePosixPath(song.uri)
    seconds = _seconds(song.one("duration") or song.one("Time"))
    return Track(
        id=TrackId(song.uri),
        title=song.one("Title") or name.stem,
        revision=_revision(song, local),
        artist="; ".join(song.all("Artist")) or None,
        album_artist="; ".join(song.all("AlbumArtist")) or None,
        album=song.one("Album"),
        track_number=_number(song.one("Track")),
        disc_number=_number(song.one("Disc")),
        year=_year(song.one("Date") or song.one("OriginalDate")),
        genres=tuple(song.all("Genre")),
        seconds=seconds,
        bytes=local.bytes if local else None,
        format=name.suffix.lower().removeprefix(".") or None,
        path=str(local.path) if local else None,
        musicbrainz_recording=_uuid(song.one("MUSICBRAINZ_TRACKID")),
        content_key=local.content_key if local else None,
        added_at=_moment(song.one("Added")),
    )


def _revision(song: Song, local: LocalFile | None) -> str:
    """Another one whenever anything that MPD or the file tells is different."""
    told = [sorted(song.words.items()), local.content_key if local else None, local.bytes if local else None]
    return hashlib.blake2b(json.dumps(told).encode(), digest_size=12).hexdigest()


def _seconds(text: str | None) -> float | None:
    try:
        seconds = float(text or "")
    except ValueError:
        return None
    return seconds if 0 < seconds < 1e6 else None


def _number(text: str | None) -> int | None:
    found = re.match(r"\d{1,6}(?!\d)", text or "")
    return (int(found[0]) or None) if found else None


def _year(text: str | None) -> int | None:
    found = re.search(r"(?<!\d)(1[5-9]\d\d|20\d\d)(?!\d)", text or "")
    return int(found[0]) if found else None


def _uuid(text: str | None) -> str | None:
    found = re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", (text or "").lower())
    return found[0] if found else None


def _moment(text: str | None) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return moment if moment.tzinfo else None
