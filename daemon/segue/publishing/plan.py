"""What people did to a copy, and what is to be written there; pure."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

from segue.model import PlaylistHeader, PlaylistId, RecordingId, TrackId
from segue.store.copies import Copy, Intent
from segue.store.playlists import Pins

__all__ = [
    "Edits",
    "arranged",
    "draft_name",
    "edits_of_people",
    "effective",
    "is_taken_over",
    "jaccard",
    "likeness",
    "moved_to",
    "on_server",
    "pause_after",
    "was_ours",
]

_DRAFT = "segue-"
_ALIKE = 0.75
_FIRST_PAUSE, _LONGEST_PAUSE = 30.0, 3600.0


@dataclass(frozen=True, slots=True)
class Edits:
    """Songs that somebody took out of a copy or put into it."""

    removed: tuple[TrackId, ...] = ()
    added: tuple[TrackId, ...] = ()


def draft_name(token: str) -> str:
    """What a copy is called until its id is stored; only we know the token."""
    return f"{_DRAFT}{token}"


def edits_of_people(
    seen: Sequence[TrackId], present: Sequence[TrackId], *, intent: Sequence[TrackId] | None = None
) -> Edits:
    """What differs from what we left there; an edit of ours that may have half happened is not theirs."""
    if intent is None:
        return _difference(seen, present)
    known = set(seen) | set(intent)
    ours = [track for track in present if track in known]
    added = _difference([*seen, *intent], present).added
    if ours == list(seen[: len(ours)]) or ours == list(intent[: len(ours)]):
        return Edits(added=added)  # one of the two, or cut off while it was written
    before = set(seen)
    common = [track for track in intent if track in before]
    return Edits(removed=_difference(common, present).removed, added=added)


def is_taken_over(
    seen: Sequence[TrackId], present: Sequence[TrackId], *, intent: Sequence[TrackId] | None = None
) -> bool:
    """Whether somebody made it something else: no song of ours is left, but others are."""
    ours = set(seen) | set(intent or ())
    return bool(ours and present) and ours.isdisjoint(present)


def effective(version: Sequence[RecordingId], pins: Pins, *, at_most: int | None = None) -> list[RecordingId]:
    """What a playlist holds: what its maker chose, less what is banned, and what is pinned behind it."""
    chosen = [recording for recording in version if recording not in pins.banned]
    pinned = set(pins.pinned)
    if at_most is not None:
        loose = [recording for recording in chosen if recording not in pinned]
        kept = pinned | set(loose[: max(0, at_most - len(pinned))])
        chosen = [recording for recording in chosen if recording in kept]
    there = set(chosen)
    return chosen + [recording for recording in pins.pinned if recording not in there]


def on_server(
    wanted: Iterable[RecordingId],
    playable: Mapping[RecordingId, Sequence[TrackId]],
    present: Collection[TrackId],
) -> list[TrackId]:
    """The same in a server's own ids: the track that stands there already, else the first one known."""
    there = set(present)
    tracks = []
    for recording in wanted:
        options = playable.get(recording, ())
        if options:
            tracks.append(next((track for track in options if track in there), options[0]))
    return tracks


def arranged(
    present: Sequence[TrackId],
    wanted: Sequence[TrackId],
    *,
    fresh: bool,
    pinned: Collection[TrackId] = (),
    keep: Collection[TrackId] = (),
) -> tuple[TrackId, ...]:
    """The order to write. `fresh`: our order counts, and what people put in stays behind the same song.

    Otherwise theirs does, and what is missing comes behind the song that it follows in ours. `keep`
    are songs that stay though we know nothing of them.
    """
    chosen, staying = set(wanted), set(keep)
    if not fresh:
        kept = [track for track in present if track in chosen or track in staying]
        return tuple(_inserted(kept, _missing(kept, wanted), wanted))
    moved = set(present) & ((chosen & set(pinned)) | (staying - chosen))
    ours = [track for track in wanted if track not in moved]
    theirs = chosen | moved
    loose = [track for track in present if track in theirs]
    return tuple(_inserted(ours, [track for track in loose if track in moved], loose))


def moved_to(
    copy: Copy,
    headers: Collection[PlaylistHeader],
    known: Collection[PlaylistId],
    contents: Mapping[PlaylistId, Sequence[TrackId]],
) -> PlaylistHeader | None:
    """Where a copy went whose id is gone, on a server whose ids follow names: a new list with its songs."""
    new = [header for header in headers if header.id not in known and header.id in contents]
    alike = [(likeness(contents[header.id], copy), header.id, header) for header in new]
    best = max(alike, default=None, key=lambda one: one[:2])
    return best[2] if best is not None and best[0] >= _ALIKE else None


def likeness(tracks: Sequence[TrackId], copy: Copy) -> float:
    """How much of a list is what a copy held, from 0 to 1."""
    candidates = [copy.seen, *((copy.intent.tracks,) if copy.intent else ())]
    return max(jaccard(set(tracks), set(held)) for held in candidates)


def jaccard(one: Set[Any], other: Set[Any]) -> float:
    """What two have in common, from 0 to 1."""
    union = one | other
    return len(one & other) / len(union) if union else 0.0


def was_ours(header: PlaylistHeader, tracks: Sequence[TrackId], copy: Copy, intent: Intent) -> bool:
    """Whether this is what an edit under way has just written: it is new, and has the very songs."""
    return header.id not in intent.known and bool(tracks) and tuple(tracks) == intent.tracks


def pause_after(attempts: int, *, longest: float = _LONGEST_PAUSE) -> float:
    """Seconds until a copy that failed so often is tried again."""
    return min(longest, _FIRST_PAUSE * 2.0 ** min(attempts, 30))


def _difference(before: Sequence[TrackId], after: Sequence[TrackId]) -> Edits:
    old, new = set(before), set(after)
    return Edits(
        removed=tuple(track for track in dict.fromkeys(before) if track not in new),
        added=tuple(track for track in dict.fromkeys(after) if track not in old),
    )


def _missing(kept: Sequence[TrackId], wanted: Sequence[TrackId]) -> list[TrackId]:
    there = set(kept)
    return [track for track in wanted if track not in there]


def _inserted(base: Sequence[TrackId], songs: Sequence[TrackId], order: Sequence[TrackId]) -> list[TrackId]:
    """Put each song behind the one that it follows in `order`; without such a one at the beginning."""
    after = _Chain(base)
    before: dict[TrackId, TrackId | None] = {}
    last: TrackId | None = None
    for track in order:
        before.setdefault(track, last)
        last = track
    for song in songs:
        place = before.get(song)
        while place is not None and place not in after:
            place = before.get(place)
        after.insert(song, place)
    return list(after)


class _Chain:
    """Songs in order, in which each new one finds its place at once, however many there are."""

    def __init__(self, songs: Iterable[TrackId]) -> None:
        self._songs: list[TrackId | None] = [None]  # the head
        self._next = [-1]
        self._first: dict[TrackId | None, int] = {None: 0}
        end = 0
        for song in songs:
            end = self._link(song, end)

    def __contains__(self, song: TrackId) -> bool:
        return song in self._first

    def __iter__(self) -> Iterator[TrackId]:
        at = self._next[0]
        while at >= 0:
            song = self._songs[at]
            if song is not None:
                yield song
            at = self._next[at]

    def insert(self, song: TrackId, place: TrackId | None) -> None:
        """Behind the first that is called so, or at the beginning."""
        self._link(song, self._first[place])

    def _link(self, song: TrackId, place: int) -> int:
        self._songs.append(song)
        self._next.append(self._next[place])
        self._next[place] = len(self._songs) - 1
        self._first.setdefault(song, self._next[place])
        return self._next[place]
