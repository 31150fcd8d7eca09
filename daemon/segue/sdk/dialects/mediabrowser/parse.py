"""From payloads of both servers to our model; pure, and raises only Malformed."""

import hashlib
import json
from typing import Any, TypeVar

from pydantic import ValidationError

from segue.model import PlaylistHeader, PlaylistId, Track, TrackId
from segue.sdk.dialects.mediabrowser.payloads import Item, Payload
from segue.sdk.errors import Malformed

__all__ = ["TICKS", "header", "name_of", "payload", "payloads", "read_json", "seconds", "size", "track"]

TICKS = 10_000_000
"""A second in the servers' own unit."""

Kind = TypeVar("Kind", bound=Payload)


def read_json(body: bytes | str) -> Any:
    """A body as JSON; Malformed when it is none."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Malformed("The server's answer is no JSON.", sample=repr(body[:400])) from error


def payload(kind: type[Kind], value: object) -> Kind:
    """A payload of this kind; Malformed when it is none."""
    try:
        return kind.model_validate(value)
    except (ValidationError, RecursionError) as error:
        words = f"The server's {kind.__name__} lacks what it must have."
        if kind.is_secret:
            raise Malformed(words) from None  # the cause shows values
        raise Malformed(words, sample=repr(value)[:400]) from error


def payloads(kind: type[Kind], value: object) -> list[Kind]:
    """A bare list of payloads."""
    if not isinstance(value, list):
        raise Malformed(f"The server's list of {kind.__name__} is none.", sample=repr(value)[:400])
    return [payload(kind, one) for one in value]


def track(item: Item, *, library: str | None = None, content_key: str | None = None) -> Track:
    """A song as a track. Its revision holds all that tells another file or other tags, and no more: the
    server's own stamp changes whenever it saves the item, after an upgrade all of them."""
    artist = ", ".join(item.Artists) or None
    album_artist = name_of(item)
    facts = (
        item.Name, artist, album_artist, item.Album, item.IndexNumber, item.ParentIndexNumber,
        item.ProductionYear, tuple(item.Genres), item.RunTimeTicks, size(item), _container(item), _path(item),
        item.DateModified, item.ProviderIds.get("MusicBrainzRecording"), content_key,
    )  # fmt: skip
    return Track(
        id=TrackId(item.Id),
        title=item.Name or item.Id,
        revision=hashlib.blake2b(repr(facts).encode("utf-8", "replace"), digest_size=12).hexdigest(),
        artist=artist,
        album_artist=album_artist,
        album=item.Album,
        track_number=item.IndexNumber or None,
        disc_number=item.ParentIndexNumber or None,
        year=item.ProductionYear or None,
        genres=tuple(item.Genres),
        seconds=seconds(item),
        bytes=size(item),
        format=_container(item),
        path=_path(item),
        musicbrainz_recording=item.ProviderIds.get("MusicBrainzRecording"),
        content_key=content_key,
        added_at=item.DateCreated,
        library=library,
    )


def header(item: Item) -> PlaylistHeader:
    """A playlist without its entries. Neither server tells here whose it is or who sees it."""
    return PlaylistHeader(
        id=PlaylistId(item.Id),
        name=item.Name or item.Id,
        revision=f"{item.Etag or ''}|{item.ChildCount}|{item.RunTimeTicks}",
        size=item.ChildCount,
    )


def seconds(item: Item) -> float | None:
    """How long a song is."""
    return item.RunTimeTicks / TICKS if item.RunTimeTicks is not None and item.RunTimeTicks > 0 else None


def size(item: Item) -> int | None:
    """How many bytes its file has."""
    told = item.MediaSources[0].Size if item.MediaSources else None
    told = told if told is not None else item.Size
    return told if told is not None and told > 0 else None


def name_of(item: Item) -> str | None:
    """Its album's artists."""
    return item.AlbumArtist or ", ".join(one.Name for one in item.AlbumArtists if one.Name) or None


def _path(item: Item) -> str | None:
    return item.Path or (item.MediaSources[0].Path if item.MediaSources else None)


def _container(item: Item) -> str | None:
    told = item.Container or (item.MediaSources[0].Container if item.MediaSources else None)
    return told.partition(",")[0].lower() if told else None
