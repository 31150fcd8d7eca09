"""Recognises tracks that a server lists under other ids than before; pure but for asking the store."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from segue.library.reconcile import SeenKeys
from segue.model import RecordingId, ServerKey, Track, TrackId
from segue.store import renames
from segue.store.pool import Connection
from segue.store.renames import Candidate

__all__ = ["Renames", "choose"]


@dataclass(slots=True)
class Renames:
    """What one walk believes so far: which known track a new id may be of. Only its end proves it."""

    seen: SeenKeys
    believed: dict[int, Candidate] = field(default_factory=dict)  # by our key
    ids: dict[int, TrackId] = field(default_factory=dict)

    async def recognise(
        self, c: Connection, server: ServerKey, tracks: Sequence[Track]
    ) -> Mapping[int, Candidate]:
        """Who these new ones may have been, by their numbers in the sequence."""
        found = await renames.candidates(c, server, tracks)
        open_ = [one for one in found if one.key not in self.seen]
        return choose(open_, taken=self.believed)

    def believe(self, recognised: Mapping[int, Candidate], tracks: Sequence[Track]) -> None:
        """Once what was told is committed."""
        for number, candidate in recognised.items():
            self.believed[candidate.key] = candidate
            self.ids[candidate.key] = tracks[number].id

    def proved(self, lost: Collection[int]) -> dict[int, TrackId]:
        """Those whose former ids were not listed any more."""
        return {key: self.ids[key] for key in lost if key in self.ids}

    def evidence(self, keys: Iterable[int]) -> dict[str, int]:
        """How many of them were recognised by what."""
        counts: dict[str, int] = {}
        for key in keys:
            how = self.believed[key].evidence
            counts[how] = counts.get(how, 0) + 1
        return counts


def choose(candidates: Iterable[Candidate], *, taken: Collection[int]) -> dict[int, Candidate]:
    """One candidate for each number, and no candidate twice; the best evidence chooses first."""
    ranked = sorted(candidates, key=lambda one: _RANK[one.evidence])  # stable: the store's order within
    chosen: dict[int, Candidate] = {}
    used: set[int] = set()
    for one in ranked:
        if one.number not in chosen and one.key not in used and one.key not in taken:
            chosen[one.number] = one
            used.add(one.key)
    return chosen


def recording_of(track: Track, candidate: Candidate) -> RecordingId | None:
    """The recording that a recognised track plays on; None where the contents are known to differ."""
    if track.content_key is not None and candidate.content_key not in (None, track.content_key):
        return None
    return candidate.recording_id


_RANK = {"content": 0, "path": 1, "words": 2}
