"""What a Lyrion server sends, under its own names; it writes numbers as numbers or as text, as it likes."""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from segue_lyrion.urls import path_of

__all__ = ["Entry", "Payload", "Stored", "Title"]

_LARGEST = 2**53


def _text(value: Any) -> str | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return value or None if isinstance(value, str) else None


def _needed(value: Any) -> Any:
    return _text(value) or value


def _whole(value: Any) -> int | None:
    try:
        number = int(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if abs(number) < _LARGEST else None


def _seconds(value: Any) -> float | None:
    try:
        seconds = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return seconds if 0 < seconds < 1e6 else None


def _yes(value: Any) -> bool:
    return _whole(value) not in (None, 0)


Id = Annotated[str, Field(min_length=1), BeforeValidator(_needed)]
Text = Annotated[str | None, BeforeValidator(_text)]
Whole = Annotated[int | None, BeforeValidator(_whole)]
Seconds = Annotated[float | None, BeforeValidator(_seconds)]
Yes = Annotated[bool, BeforeValidator(_yes)]


class Payload(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Title(Payload):
    """A row of `titles`; the roles of its artists depend on how the file is tagged."""

    id: Id
    url: Text = None
    title: Text = None
    artist: Text = None
    trackartist: Text = None
    albumartist: Text = None
    band: Text = None
    album: Text = None
    tracknum: Whole = None
    disc: Whole = None
    year: Whole = None
    genres: Text = None
    duration: Seconds = None
    filesize: Whole = None
    type: Text = None
    remote: Yes = False
    extid: Text = None
    modificationTime: Whole = None
    addedTime: Whole = None
    lastUpdated: Whole = None
    rating: Whole = None
    playcount: Whole = None

    @property
    def size(self) -> int | None:
        return self.filesize if self.filesize and self.filesize > 0 else None

    @property
    def path(self) -> str | None:
        """Its file's path on the server."""
        return path_of(self.url) if self.url else None


class Stored(Payload):
    """A row of `playlists`."""

    id: Id
    url: Text = None
    playlist: Text = None


class Entry(Payload):
    """A row of `playlists tracks`."""

    url: Text = None
