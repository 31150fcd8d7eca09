"""From a server's answers to our model; pure."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from pydantic import ValidationError

from segue.model import Track, TrackId
from segue.sdk import Malformed
from segue_lyrion.payloads import Payload, Title

__all__ = ["TAGS", "count", "result", "rows", "track"]

TAGS = "uAGldtiqynDUfoxE"
"""What a walk asks to be told of each song; `s`, `a` and `R` would leave songs out."""

Kind = TypeVar("Kind", bound=Payload)
_LAST_MOMENT = 32_503_680_000


def result(answer: object) -> Mapping[str, Any]:
    """What a JSON-RPC answer holds."""
    held = answer.get("result") if isinstance(answer, dict) else None
    if not isinstance(held, dict):
        raise Malformed("What answers there is no Lyrion Music Server.", sample=repr(answer)[:500])
    return held


def rows(kind: type[Kind], answer: Mapping[str, Any], key: str) -> list[Kind]:
    """A list that is left out when it is empty."""
    listed = answer.get(key, [])
    if not isinstance(listed, list):
        raise Malformed(f"The server's {key} is no list.", sample=repr(listed)[:500])
    try:
        return [kind.model_validate(one) for one in listed]
    except (ValidationError, RecursionError) as error:
        raise Malformed(f"The server's {key} lacks what it must have.", sample=repr(listed)[:500]) from error


def count(answer: Mapping[str, Any], key: str) -> int:
    """A number that must be there."""
    try:
        return int(answer[key])
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise Malformed(f"The server does not tell its {key}.", sample=repr(answer)[:500]) from error


def track(title: Title, *, content_key: str | None = None) -> Track:
    """A song under its file's address. Its revision holds all that tells another file or other tags."""
    url = title.url or ""
    artist = title.artist or title.trackartist or title.albumartist or title.band
    album_artist = title.albumartist or title.band
    genres = tuple(dict.fromkeys(one.strip() for one in (title.genres or "").split(",") if one.strip()))
    facts = (
        title.title, artist, album_artist, title.album, title.tracknum, title.disc, title.year, genres,
        title.duration, title.size, title.type, title.modificationTime, content_key,
    )  # fmt: skip
    return Track(
        id=TrackId(url),
        title=title.title or _name(title.path) or url,
        revision=hashlib.blake2b(repr(facts).encode("utf-8", "replace"), digest_size=12).hexdigest(),
        artist=artist,
        album_artist=album_artist,
        album=title.album,
        track_number=title.tracknum or None,
        disc_number=title.disc or None,
        year=title.year or None,
        genres=genres,
        seconds=title.duration,
        bytes=title.size,
        format=_FORMATS.get(title.type or "", title.type),
        path=title.path,
        content_key=content_key,
        added_at=_moment(title.addedTime),
    )


_FORMATS = {"flc": "flac", "alc": "m4a", "mp4": "m4a", "ops": "opus", "aif": "aiff"}


def _name(path: str | None) -> str | None:
    return path.rstrip("/").rpartition("/")[2] or None if path else None


def _moment(seconds: int | None) -> datetime | None:
    if seconds is None or not 0 < seconds < _LAST_MOMENT:
        return None
    return datetime.fromtimestamp(seconds, UTC)
