"""Recordings near a direction, each with a track that may stand for it."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from segue.index import Found, Ids, NearestLists, Neighbours, Vectors
from segue.model import RecordingId
from segue.similarity.roster import Card, Roster
from segue.store import tracks, traits
from segue.store.pool import Pool, reading
from segue.store.tracks import TrackRow
from segue.store.traits import Filter

__all__ = ["Candidate", "Candidates", "Source", "allowed_by", "nearest", "playing", "shown"]


class Candidate(NamedTuple):
    """A recording, the card of the track that stands for it, how far it is and where it points."""

    recording: RecordingId
    card: Card
    distance: float
    unit: Vectors


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """Nearest first; several tracks of one recording follow one another. `is_all`: there are no more."""

    rows: list[Candidate]
    is_all: bool

    @property
    def ids(self) -> list[RecordingId]:
        return list(dict.fromkeys(one.recording for one in self.rows))


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where candidates come from; for a narrow filter `allowed` has the recordings it lets through."""

    index: Neighbours
    roster: Roster
    query: Vectors
    alone: RecordingId | None  # the recording whose own direction is asked about
    lists: NearestLists | None
    without: Collection[RecordingId]
    allowed: dict[RecordingId, int] | None  # with our key of the track that stands for each

    async def take(self, count: int) -> Candidates:
        """The nearest so many, from the first on."""
        asked = count + len(self.without)
        found = self._ready(asked)
        if found is None:
            among = None if self.allowed is None else np.array(list(self.allowed), np.int64)
            found = await nearest(self.index, self.query, asked, among=among)
        cards = playing(self.roster, found.ids, self.allowed)
        return Candidates(
            rows=[
                Candidate(recording, card, distance, unit)
                for recording, distance, unit in zip(
                    found.ids.tolist(), found.distances.tolist(), found.units, strict=True
                )
                if recording not in self.without
                for card in cards.get(recording, ())
            ],
            is_all=len(found) < asked,
        )

    def _ready(self, count: int) -> Found | None:
        if self.lists is None or self.alone is None or self.allowed is not None:
            return None
        return self.lists.nearest(self.alone, count)


async def allowed_by(pool: Pool, bounds: Filter) -> dict[RecordingId, int] | None:
    """A narrow filter is asked of the database first, so that even a rare thing is found."""
    if not bounds.is_narrow:
        return None
    async with reading(pool) as c:
        return await traits.matching(c, bounds)


async def nearest(index: Neighbours, query: Vectors, count: int, *, among: Ids | None = None) -> Found:
    """Ask the index without holding up anyone else."""
    if index.is_quick(count, among=among):
        return index.nearest(query, count, among=among)
    return await asyncio.to_thread(index.nearest, query, count, among=among)


def playing(
    roster: Roster, ids: Ids, allowed: Mapping[RecordingId, int] | None
) -> dict[RecordingId, list[Card]]:
    """The present tracks of these recordings; the one that keeps the filter where that is known."""
    if allowed is None:
        return roster.of_recordings(ids)
    cards = roster.of_tracks([allowed[recording] for recording in ids.tolist() if recording in allowed])
    return {card.recording: [card] for card in cards}


async def shown(pool: Pool, roster: Roster, keys: Sequence[int]) -> dict[int, TrackRow]:
    """These tracks, as far as there are such; the database is asked only for what memory lacks."""
    rows = roster.shown(keys)
    if lacking := [key for key in keys if key not in rows]:
        async with reading(pool) as c:
            rows |= {row.id: row for row in await tracks.by_ids(c, lacking)}
    return rows
