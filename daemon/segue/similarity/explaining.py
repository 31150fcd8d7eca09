"""Says of every answer why it stands there."""

from collections.abc import Mapping, Sequence

import numpy as np

from segue.analysis.moods import cold_start
from segue.index import Neighbours
from segue.model import RecordingId
from segue.similarity.candidates import Candidate
from segue.similarity.rules import Rules
from segue.similarity.seeds import Found
from segue.similarity.why import Why, explain
from segue.store import traits
from segue.store.pool import Pool, reading

__all__ = ["Arrangement", "reasons"]


class Arrangement:
    """An answer before and after it was put in the order of playing."""

    def __init__(self, chosen: Sequence[Candidate], answer: Sequence[RecordingId], rules: Rules) -> None:
        near = sorted(chosen, key=lambda one: (one.distance, one.recording)) if rules.unhub else chosen
        self.answer = answer
        self._by_distance = {one.recording: place for place, one in enumerate(near, 1)}
        self._chosen = {one.recording: place for place, one in enumerate(chosen, 1)}
        self._answered = {recording: place for place, recording in enumerate(answer, 1)}
        self._arranged = (("walk",) if rules.walk else ()) + (("gap",) if rules.gap else ())

    def place(self, recording: RecordingId) -> int:
        """Where it would stand by distance alone."""
        return self._by_distance[recording]

    def moved(self, recording: RecordingId) -> tuple[str, ...]:
        """What brought it elsewhere."""
        chosen = self._chosen[recording]
        return (("unhub",) if chosen != self.place(recording) else ()) + (
            self._arranged if chosen != self._answered[recording] else ()
        )


async def reasons(
    pool: Pool, index: Neighbours, seeds: Found, arrangement: Arrangement
) -> Mapping[RecordingId, Why]:
    """Each is compared with the seed it is nearest to; a direction alone explains nothing."""
    compared = _nearest_seeds(index, seeds, arrangement.answer)
    async with reading(pool) as c:
        heard = await traits.of_recordings(c, list({*compared, *compared.values()}))
    return {
        one: explain(
            heard[seed],
            heard[one],
            cold_start(),
            place=arrangement.place(one),
            moved=arrangement.moved(one),
        )
        for one, seed in compared.items()
        if one in heard and seed in heard
    }


def _nearest_seeds(
    index: Neighbours, seeds: Found, answer: Sequence[RecordingId]
) -> dict[RecordingId, RecordingId]:
    """For each answer, which of the wanted seeds that were heard it sounds most like."""
    wanted = seeds.wanted
    view, rows = index.table.find(wanted)
    known = [recording for recording, row in zip(wanted, rows.tolist(), strict=True) if row >= 0]
    there, places = index.table.find(list(answer))
    if not known or not answer:
        return {}
    cosines = there.units[np.maximum(places, 0)] @ view.units[rows[rows >= 0]].T
    best = np.argmax(np.round(cosines, 6), axis=1).tolist()
    return {one: known[at] for one, at in zip(answer, best, strict=True)}
