"""What Subsonic servers send, under their own names; tolerant where servers differ."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict

__all__ = [
    "Album", "Folder", "Indexes", "Named", "NativeSong", "Payload", "Player", "Playlist", "Rights",
    "ScanStatus", "Song", "TokenOwner",
]  # fmt: skip

Item = TypeVar("Item")


def _id(value: Any) -> Any:
    """Ids are text, although some servers write numbers."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if value == "":
        raise ValueError("an id is empty")
    return value


def _text(value: Any) -> str | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return value or None if isinstance(value, str) else None


def _whole(value: Any) -> int | None:
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError):
        return None


def _yes(value: Any) -> bool:
    return value is True or value in ("true", "True", "1", 1)


def _moment(value: Any) -> datetime | None:
    """With any number of digits, with a zone or without (then UTC)."""
    if not isinstance(value, str):
        return None
    head, dot, tail = value.partition(".")
    if dot:
        digits = len(tail) - len(tail.lstrip("0123456789"))
        value = f"{head}.{tail[: min(digits, 6)].ljust(6, '0')}{tail[digits:]}"
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _many(value: Any) -> Any:
    """A list of one may come bare, an empty one as nothing or as an empty object."""
    if value is None or value == {}:
        return []
    return [value] if isinstance(value, dict) else value


Id = Annotated[str, BeforeValidator(_id)]
Text = Annotated[str | None, BeforeValidator(_text)]
Whole = Annotated[int | None, BeforeValidator(_whole)]
Yes = Annotated[bool, BeforeValidator(_yes)]
Moment = Annotated[datetime | None, BeforeValidator(_moment)]
Many = Annotated[Sequence[Item], BeforeValidator(_many)]


class Payload(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Named(Payload):
    name: Text = None


class Song(Payload):
    """`Child`, as far as we use it."""

    id: Id
    title: Text = None
    album: Text = None
    albumId: Text = None
    artist: Text = None
    artistId: Text = None
    displayArtist: Text = None
    displayAlbumArtist: Text = None
    albumArtists: Many[Named] = ()
    track: Whole = None
    discNumber: Whole = None
    year: Whole = None
    genre: Text = None
    genres: Many[Named] = ()
    duration: Whole = None
    size: Whole = None
    suffix: Text = None
    path: Text = None
    bitRate: Whole = None
    created: Moment = None
    musicBrainzId: Text = None
    isDir: Yes = False
    isVideo: Yes = False
    playCount: Whole = None
    played: Moment = None
    starred: Moment = None
    userRating: Whole = None


class Album(Payload):
    id: Id
    songCount: Whole = None
    created: Moment = None
    song: Many[Song] = ()


class Folder(Payload):
    id: Id
    name: Text = None


class ScanStatus(Payload):
    scanning: Yes = False
    count: Whole = None
    folderCount: Whole = None
    lastScan: Text = None


class Playlist(Payload):
    id: Id
    name: Text = None
    owner: Text = None
    comment: Text = None
    public: Yes = False
    songCount: Whole = None
    created: Text = None
    changed: Text = None
    entry: Many[Song] = ()


class Indexes(Payload):
    lastModified: Whole = None


class Rights(Payload):
    """`User`: what is not told is allowed."""

    streamRole: Yes = True
    downloadRole: Yes = True
    playlistRole: Yes = True


class TokenOwner(Payload):
    username: Text = None


class NativeSong(Payload):
    """Navidrome's own view of a song."""

    id: Id
    createdAt: Moment = None
    updatedAt: Moment = None


class Player(Payload):
    """Navidrome's memory of a client."""

    id: Id
    client: Text = None
    reportRealPath: Yes = False
