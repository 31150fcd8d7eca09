"""From a server's payloads to our model; pure."""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from html import unescape
from typing import Any, TypeVar

from pydantic import ValidationError

from segue.model import PlaylistHeader, PlaylistId, Track, TrackId, UserId
from segue.sdk import Malformed, Unsupported
from segue_navidrome.payloads import Named, Payload, Playlist, Song
from segue_navidrome.refusals import Refusal

__all__ = ["header", "payload", "payloads", "read", "read_reply", "rough_path", "track"]

Kind = TypeVar("Kind", bound=Payload)

_XML_ERROR = re.compile(rb"<error\b([^>]*)>", re.IGNORECASE)
_XML_CODE = re.compile(rb"\bcode\s*=\s*[\"'](-?\d{1,9})[\"']")
_XML_TEXT = re.compile(rb"\bmessage\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")


def read_reply(body: bytes) -> Mapping[str, Any]:
    """The envelope's content; Refusal when the server refused, in JSON or XML."""
    if body.lstrip()[:1] == b"<":
        raise _xml_refusal(body)
    try:
        envelope = json.loads(body)
        reply = envelope["subsonic-response"]
        status = reply["status"]
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise Malformed("What answers there does not speak Subsonic.") from error
    if status == "ok":
        return reply  # type: ignore[no-any-return]
    if status != "failed":
        raise Malformed("The server's answer neither succeeds nor fails.")
    told = reply.get("error")
    told = told if isinstance(told, dict) else {}
    code = str(told.get("code"))
    number = int(code) if code.isascii() and code.isdecimal() and len(code) < 9 else 0
    raise Refusal(number, str(told.get("message") or "")[:300])


def read(kind: type[Kind], value: object, key: str) -> Kind:
    """A payload of this kind; Malformed when it is none."""
    try:
        return kind.model_validate(value)
    except (ValidationError, RecursionError) as error:
        raise Malformed(f"The server's {key} lacks what it must have.", sample=repr(value)) from error


def payload(kind: type[Kind], reply: Mapping[str, Any], key: str) -> Kind:
    """The object under this key; Malformed when it is none of its kind."""
    return read(kind, reply.get(key), key)


def payloads(kind: type[Kind], holder: object, key: str) -> list[Kind]:
    """The list under this key of an object that may be missing, which is how servers say "none"."""
    if holder in (None, [], {}):
        return []
    if not isinstance(holder, dict):
        raise Malformed(f"The server's list of {key} is none.", sample=repr(holder))
    rows = holder.get(key)
    if rows is None or rows == {}:
        return []
    if isinstance(rows, dict):
        rows = [rows]
    if not isinstance(rows, list):
        raise Malformed(f"The server's list of {key} is none.", sample=repr(rows))
    return [read(kind, row, key) for row in rows]


def track(song: Song, *, library: str | None = None, content_key: str | None = None) -> Track:
    """A song as a track. Its revision holds all that tells another file or other tags."""
    artist = song.displayArtist or song.artist
    album_artist = song.displayAlbumArtist or _names(song.albumArtists)
    genres = tuple(genre.name for genre in song.genres if genre.name) or ((song.genre,) if song.genre else ())
    size = song.size if song.size is not None and song.size > 0 else None
    facts = (
        song.title, artist, album_artist, song.album, song.track, song.discNumber, song.year, genres,
        song.duration, size, song.suffix, song.path, song.bitRate, song.musicBrainzId,
        song.created.isoformat() if song.created else None, content_key,
    )  # fmt: skip
    return Track(
        id=TrackId(song.id),
        title=song.title or rough_path(song) or song.id,
        revision=hashlib.blake2b(repr(facts).encode("utf-8", "replace"), digest_size=12).hexdigest(),
        artist=artist,
        album_artist=album_artist,
        album=song.album,
        track_number=song.track or None,
        disc_number=song.discNumber or None,
        year=song.year or None,
        genres=genres,
        seconds=float(song.duration) if song.duration is not None and song.duration > 0 else None,
        bytes=size,
        format=song.suffix.lower() if song.suffix else None,
        path=song.path,
        musicbrainz_recording=song.musicBrainzId,
        content_key=content_key,
        added_at=song.created,
        library=library,
    )


def rough_path(song: Song) -> str | None:
    """The last part of its path, for want of a title."""
    return song.path.rstrip("/").rsplit("/", 1)[-1] or None if song.path else None


def header(playlist: Playlist) -> PlaylistHeader:
    """A playlist without its entries."""
    return PlaylistHeader(
        id=PlaylistId(playlist.id),
        name=playlist.name or playlist.id,
        revision=f"{playlist.changed or playlist.created or ''}|{playlist.songCount}",
        owner=UserId(playlist.owner) if playlist.owner else None,
        public=playlist.public,
        size=playlist.songCount,
    )


def _names(named: Iterable[Named]) -> str | None:
    return ", ".join(one.name for one in named if one.name) or None


def _xml_refusal(body: bytes) -> Exception:
    if b"subsonic-response" not in body[:4000]:
        return Malformed("What answers there does not speak Subsonic.")
    found = _XML_ERROR.search(body[:100_000])
    if found is None:
        return Unsupported("The server answers in XML only; we need JSON.")
    code, text = _XML_CODE.search(found[1]), _XML_TEXT.search(found[1])
    words = (text[1] or text[2] or b"").decode("utf-8", "replace") if text else ""
    return Refusal(int(code[1]) if code else 0, unescape(words)[:300])
