"""The smallest edit that gives a playlist its content, for servers that only remove and append; pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from segue.model import Playlist, TrackId

__all__ = ["Edit", "Entry", "batches", "edit", "title", "unique"]

_BATCH = 100  # so many ids fit into an address, whatever stands between us and the server


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry of a playlist under the server's id for it."""

    id: str
    track: TrackId


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """First or last these entries go, and these tracks are put at the end."""

    remove: tuple[str, ...]
    append: tuple[TrackId, ...]

    def __bool__(self) -> bool:
        return bool(self.remove or self.append)


def edit(held: Sequence[Entry], wanted: Sequence[TrackId]) -> Edit:
    """Entries that stand in the wanted order from the beginning stay; all others go."""
    kept = 0
    remove = []
    for entry in held:
        if kept < len(wanted) and entry.track == wanted[kept]:
            kept += 1
        else:
            remove.append(entry.id)
    return Edit(remove=tuple(remove), append=tuple(wanted[kept:]))


def unique(tracks: Sequence[TrackId]) -> tuple[TrackId, ...]:
    """Each once, where it stands first."""
    return tuple(dict.fromkeys(tracks))


def batches(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    """So many at a time as one request can name."""
    for start in range(0, len(ids), _BATCH):
        yield ids[start : start + _BATCH]


def title(playlist: Playlist) -> str:
    """Its name as one line with something in it."""
    return " ".join(playlist.name.split()).encode("utf-8", "replace").decode() or "Segue"
