"""Compares what a server lists with what we know of it; pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from segue.model import Track, TrackId
from segue.store.tracks import Known

__all__ = ["Delta", "SeenKeys", "compare", "is_doubtful", "is_retold", "is_storable", "storable"]

_SECONDS_APART = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Delta:
    """What a listing tells us: `new` and `replaced` need a recording, the others keep theirs."""

    new: tuple[Track, ...]
    replaced: tuple[tuple[Known, Track], ...]  # other audio under the same id
    retold: tuple[tuple[Known, Track], ...]  # other tags, or there again
    same: tuple[Known, ...]


def compare(listed: Iterable[Track], known: Iterable[Known]) -> Delta:
    """Sort listed tracks by what is news about them; one listed twice counts once, as told last."""
    before: Mapping[TrackId, Known] = {one.track_id: one for one in known}
    new, replaced, retold, same = [], [], [], []
    for track in {track.id: track for track in listed}.values():
        old = before.get(track.id)
        if old is None:
            new.append(track)
        elif old.revision == track.revision and not old.missing:
            same.append(old)
        elif audio_differs(old, track):
            replaced.append((old, track))
        else:
            retold.append((old, track))
    return Delta(new=tuple(new), replaced=tuple(replaced), retold=tuple(retold), same=tuple(same))


def audio_differs(old: Known, track: Track) -> bool:
    """Whether a changed track may sound different: by its content, or else its size, length and format."""
    if old.revision == track.revision:
        return False
    if old.content_key is not None and track.content_key is not None:
        return old.content_key != track.content_key
    if old.bytes is not None and track.bytes is not None and old.bytes != track.bytes:
        return True
    if old.format is not None and track.format is not None and old.format != track.format:
        return True
    if old.seconds is not None and track.seconds is not None:
        return abs(old.seconds - track.seconds) > _SECONDS_APART
    return old.bytes is None or track.bytes is None


def is_retold(old: Known, track: Track) -> bool:
    """Whether what seems to be other audio is as long and of the same format: its tags were edited."""
    return (
        old.content_key is None
        and track.content_key is None
        and old.format == track.format
        and old.seconds is not None
        and track.seconds is not None
        and abs(old.seconds - track.seconds) <= _SECONDS_APART
    )


def is_doubtful(*, present: int, lost: int, doubted: int | None) -> bool:
    """Whether a loss needs a second opinion: over a third, unless the walk before lost as many."""
    if lost * 3 <= present:
        return False
    return doubted is None or abs(lost - doubted) > max(1, doubted // 50)


def is_storable(track: Track) -> bool:
    """Whether its id is one that a database can hold; another text would be another track."""
    return bool(track.id) and track.id == _fit(track.id)


def storable(track: Track) -> Track:
    """The track without what a database's text cannot hold."""
    if _is_fit("".join(filter(None, (*track.genres, *(getattr(track, name) for name in _TEXTS))))):
        return track
    return replace(
        track,
        title=_fit(track.title),
        revision=_fit(track.revision),
        artist=_fit_or_none(track.artist),
        album_artist=_fit_or_none(track.album_artist),
        album=_fit_or_none(track.album),
        genres=tuple(map(_fit, track.genres)),
        format=_fit_or_none(track.format),
        path=_fit_or_none(track.path),
        library=_fit_or_none(track.library),
        musicbrainz_recording=_fit_or_none(track.musicbrainz_recording),
        content_key=_fit_or_none(track.content_key),
    )


class SeenKeys:
    """A set of whole numbers that lie close together: a bit each, 8 KiB per 65,536 at most."""

    _BITS = 16

    def __init__(self) -> None:
        self._pages: dict[int, bytearray] = {}

    def add(self, keys: Iterable[int]) -> None:
        for key in keys:
            page = self._pages.get(key >> self._BITS)
            if page is None:
                page = self._pages[key >> self._BITS] = bytearray(1 << self._BITS - 3)
            page[(key & 0xFFFF) >> 3] |= 1 << (key & 7)

    def without(self, keys: Sequence[int]) -> list[int]:
        """Those of the keys that were not added."""
        return [key for key in keys if key not in self]

    def __contains__(self, key: int) -> bool:
        page = self._pages.get(key >> self._BITS)
        return page is not None and bool(page[(key & 0xFFFF) >> 3] & 1 << (key & 7))


_TEXTS = (
    "title", "revision", "artist", "album_artist", "album", "format", "path", "library",
    "musicbrainz_recording", "content_key",
)  # fmt: skip


def _is_fit(text: str) -> bool:
    return (text.isascii() and "\0" not in text) or text == _fit(text)


def _fit(text: str) -> str:
    return text.replace("\0", " ").encode("utf-8", "replace").decode()


def _fit_or_none(text: str | None) -> str | None:
    return None if text is None else _fit(text)
