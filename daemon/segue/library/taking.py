"""Brings what a server told of some tracks into the database, in the caller's transaction."""

from collections.abc import Sequence
from dataclasses import dataclass

from segue.library.reconcile import Delta, compare, is_storable, storable
from segue.model import Quality, ServerKey, Track
from segue.store import identity, tracks
from segue.store.pool import Connection

__all__ = ["Taken", "take_in"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """How much was news; `same` are our keys of tracks that were told as we know them."""

    new: int
    changed: int
    same: tuple[int, ...]
    wants_hearing: bool


async def take_in(c: Connection, server: ServerKey, told: Sequence[Track], *, quality: Quality) -> Taken:
    """Write what is news; nothing is written of tracks that are as we know them."""
    told = [storable(track) for track in told if is_storable(track)]
    known = await tracks.known(c, server, [track.id for track in told])
    delta = compare(told, known)
    await _write(c, server, delta, quality)
    return Taken(
        new=len(delta.new),
        changed=len(delta.replaced) + len(delta.retold),
        same=tuple(one.key for one in delta.same),
        wants_hearing=bool(delta.new or delta.replaced),
    )


async def _write(c: Connection, server: ServerKey, delta: Delta, quality: Quality) -> None:
    if delta.new:
        found = await identity.recordings_for(c, delta.new, quality, alike=True)
        await tracks.insert(c, server, zip(delta.new, found, strict=True))
    other = [track for _, track in delta.replaced]
    heard_anew = await identity.recordings_for(c, other, quality, alike=False)
    rows = [
        (old.key, track, recording)
        for (old, track), recording in zip(delta.replaced, heard_anew, strict=True)
    ]
    rows += [(old.key, track, old.recording_id) for old, track in delta.retold]
    if rows:
        await tracks.update(c, rows)
