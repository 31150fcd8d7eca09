"""Tags of audio files, as mutagen reads them, in our words."""

import math
import re
import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mutagen
from mutagen.apev2 import APETextValue
from mutagen.id3 import ID3
from mutagen.mp4 import MP4Tags

__all__ = ["Tags", "UnreadableError", "read_tags"]

_SURPRISES = (
    mutagen.MutagenError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError, EOFError,
    AssertionError, struct.error,
)  # fmt: skip
"""What mutagen lets out for broken files."""


class UnreadableError(Exception):
    """The file is not what its name says, or is broken; a sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tags:
    """What a file says of itself; what it does not say is None."""

    title: str | None = None
    artist: str | None = None
    album_artist: str | None = None
    album: str | None = None
    track_number: int | None = None
    disc_number: int | None = None
    year: int | None = None
    genres: tuple[str, ...] = ()
    musicbrainz_recording: str | None = None
    seconds: float | None = None


def read_tags(path: Path) -> Tags:
    """The tags and the length of a file."""
    try:
        file = mutagen.File(path)
        if file is None:
            raise UnreadableError("Its content is of no kind that is known.")
        return _tags(file.tags, file.info)
    except OSError as error:
        raise UnreadableError(f"It cannot be read: {error.strerror or error}.") from error
    except _SURPRISES as error:
        raise UnreadableError(f"Its tags are broken: {type(error).__name__}.") from error


def _tags(tags: Any, info: Any) -> Tags:
    words = _Words(tags)
    return Tags(
        title=words.one("title"),
        artist=words.all("artist"),
        album_artist=words.all("album_artist"),
        album=words.one("album"),
        track_number=_number(words.one("track_number")),
        disc_number=_number(words.one("disc_number")),
        year=_year(words.one("year")),
        genres=tuple(dict.fromkeys(words.each("genres"))),
        musicbrainz_recording=_uuid(words.one("musicbrainz_recording")),
        seconds=_seconds(getattr(info, "length", None)),
    )


class _Words:
    """Looks a field up under the names that each family of tags has for it."""

    def __init__(self, tags: Any) -> None:
        self._find: Callable[[str], Iterable[object]]
        if tags is None:
            self._find = lambda field: ()
        elif isinstance(tags, ID3):
            self._find = lambda field: _in_id3(tags, field)
        elif isinstance(tags, MP4Tags):
            self._find = lambda field: _in_named(tags, _MP4[field])
        else:
            lowered = {key.lower(): value for key, value in _items(tags)}
            self._find = lambda field: _in_named(lowered, _COMMENTS[field])

    def each(self, field: str) -> list[str]:
        values = (_text(value) for value in self._find(field))
        return [value for value in values if value]

    def one(self, field: str) -> str | None:
        return next(iter(self.each(field)), None)

    def all(self, field: str) -> str | None:
        """Several artists are told together."""
        return "; ".join(dict.fromkeys(self.each(field))) or None


_ID3 = {
    "title": ("TIT2",),
    "artist": ("TPE1",),
    "album_artist": ("TPE2",),
    "album": ("TALB",),
    "track_number": ("TRCK",),
    "disc_number": ("TPOS",),
    "year": ("TDRC", "TDOR", "TYER"),
    "genres": ("TCON",),
    "musicbrainz_recording": ("UFID:http://musicbrainz.org",),
}
_MP4 = {
    "title": ("©nam",),
    "artist": ("©ART",),
    "album_artist": ("aART",),
    "album": ("©alb",),
    "track_number": ("trkn",),
    "disc_number": ("disk",),
    "year": ("©day",),
    "genres": ("©gen", "gnre"),
    "musicbrainz_recording": ("----:com.apple.iTunes:MusicBrainz Track Id",),
}
_COMMENTS = {  # Vorbis comments, APEv2, ASF
    "title": ("title",),
    "artist": ("artist", "author"),
    "album_artist": ("albumartist", "album artist", "wm/albumartist"),
    "album": ("album", "wm/albumtitle"),
    "track_number": ("tracknumber", "track", "wm/tracknumber"),
    "disc_number": ("discnumber", "disc", "wm/partofset"),
    "year": ("date", "year", "originaldate", "wm/year"),
    "genres": ("genre", "wm/genre"),
    "musicbrainz_recording": ("musicbrainz_trackid", "musicbrainz/track id"),
}


def _in_id3(tags: Any, field: str) -> Iterable[object]:
    for name in _ID3[field]:
        frame = tags.get(name)
        if frame is None:
            continue
        if field == "musicbrainz_recording":
            return [frame.data]
        return list(frame.genres if field == "genres" else frame.text)
    return ()


def _in_named(tags: Any, names: Iterable[str]) -> Iterable[object]:
    for name in names:
        if name in tags:
            found = tags[name]
            return found if isinstance(found, list) else [found]
    return ()


def _items(tags: Any) -> Iterable[tuple[str, Any]]:
    """APEv2 writes several values as one text; the others have lists."""
    for key in list(tags.keys()):
        value = tags[key]
        yield key, str(value).split("\0") if isinstance(value, APETextValue) else value


def _text(value: object) -> str | None:
    if isinstance(value, tuple):  # MP4 numbers: (3, 12)
        value = value[0] or ""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    text = str(value).replace("\0", " ").encode("utf-8", "replace").decode()
    return " ".join(text.split()) or None


def _number(text: str | None) -> int | None:
    """`3`, `03/12`, `A1` -> None; 0 says nothing."""
    found = re.match(r"\d{1,6}(?!\d)", text or "")
    return (int(found[0]) or None) if found else None


def _year(text: str | None) -> int | None:
    found = re.search(r"(?<!\d)(1[5-9]\d\d|20\d\d)(?!\d)", text or "")
    return int(found[0]) if found else None


def _uuid(text: str | None) -> str | None:
    found = re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", (text or "").lower())
    return found[0] if found else None


def _seconds(length: object) -> float | None:
    if not isinstance(length, int | float) or not math.isfinite(length) or length <= 0:
        return None
    return round(float(length), 3)
