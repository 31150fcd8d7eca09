"""Brings what a server told of some tracks into the database, in the caller's transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from segue.library.reconcile import Delta, compare, is_retold, is_storable, storable
from segue.library.renaming import Renames, recording_of
from segue.model import Quality, RecordingId, ServerKey, Track
from segue.store import exclusions, identity, recordings, tracks
from segue.store.pool import Connection
from segue.store.renames import Candidate

__all__ = ["Taken", "take_in"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """How much was news; `same` are our keys of tracks that were told as we know them.

    `recognised` are those of the `arrived` tracks, by number, that may be known under another id.
    """

    new: int
    changed: int
    same: tuple[int, ...]
    wants_hearing: bool
    arrived: tuple[Track, ...] = ()
    recognised: Mapping[int, Candidate] = field(default_factory=dict)


async def take_in(
    c: Connection,
    server: ServerKey,
    told: Sequence[Track],
    *,
    quality: Quality,
    renames: Renames | None = None,
) -> Taken:
    """Write what is news; nothing is written of tracks that are as we know them."""
    told = [storable(track) for track in told if is_storable(track)]
    known = await tracks.known(c, server, [track.id for track in told])
    delta = compare(told, known)
    recognised: Mapping[int, Candidate] = {}
    if renames is not None and delta.new:
        recognised = await renames.recognise(c, server, delta.new)
    await _write(c, server, delta, quality, recognised)
    return Taken(
        new=len(delta.new),
        changed=len(delta.replaced) + len(delta.retold),
        same=tuple(one.key for one in delta.same),
        wants_hearing=len(delta.new) > len(recognised) or bool(delta.replaced),
        arrived=delta.new,
        recognised=recognised,
    )


async def _write(
    c: Connection, server: ServerKey, delta: Delta, quality: Quality, recognised: Mapping[int, Candidate]
) -> None:
    if delta.new:
        found = await _recordings(c, delta.new, quality, recognised)
        await tracks.insert(c, server, zip(delta.new, found, strict=True))
    rows = await _replaced(c, delta, quality)
    rows += [(old.key, track, old.recording_id) for old, track in delta.retold]
    if rows:
        await tracks.update(c, rows)
    written = [*delta.new, *(track for _, track in delta.replaced), *(track for _, track in delta.retold)]
    if written:
        await exclusions.judge(c, server, [track.id for track in written])


async def _replaced(c: Connection, delta: Delta, quality: Quality) -> list[tuple[int, Track, RecordingId]]:
    """What may have new tags only is heard again where it is; other audio is another recording."""
    retold = [old.recording_id for old, track in delta.replaced if is_retold(old, track)]
    staying = await recordings.rehear(c, retold, quality) if retold else set()
    other = [track for old, track in delta.replaced if old.recording_id not in staying]
    found = iter(await identity.recordings_for(c, other, quality, alike=False))
    return [
        (old.key, track, old.recording_id if old.recording_id in staying else next(found))
        for old, track in delta.replaced
    ]


async def _recordings(
    c: Connection, new: Sequence[Track], quality: Quality, recognised: Mapping[int, Candidate]
) -> list[RecordingId]:
    """What is recognised keeps its recording; the others find one or want hearing."""
    kept = {number: recording_of(new[number], candidate) for number, candidate in recognised.items()}
    others = [track for number, track in enumerate(new) if kept.get(number) is None]
    found = iter(await identity.recordings_for(c, others, quality, alike=True))
    return [recording if (recording := kept.get(number)) else next(found) for number in range(len(new))]
