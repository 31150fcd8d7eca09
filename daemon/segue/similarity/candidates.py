"""Recordings near a direction, each with a track that may stand for it."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from segue.index import Found, Ids, Neighbours, Vectors
from segue.model import RecordingId
from segue.store import tracks, traits
from segue.store.pool import Connection
from segue.store.tracks import TrackRow
from segue.store.traits import Filter

__all__ = ["Candidate", "Candidates", "Source", "nearest", "playing", "source"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A recording, the track that stands for it, how far it is and where it points."""

    recording: RecordingId
    track: TrackRow
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
    query: Vectors
    without: Collection[RecordingId]
    allowed: dict[RecordingId, int] | None  # with our key of the track that stands for each

    async def take(self, c: Connection, count: int) -> Candidates:
        """The nearest so many, from the first on."""
        asked = count + len(self.without)
        among = None if self.allowed is None else np.array(list(self.allowed), np.int64)
        found = await nearest(self.index, self.query, asked, among=among)
        apart = {
            RecordingId(recording): distance
            for recording, distance in zip(found.ids.tolist(), found.distances.tolist(), strict=True)
            if recording not in self.without
        }
        rows = await playing(c, list(apart), self.allowed)
        view, places = self.index.table.find(list(apart))
        units = dict(zip(apart, view.units[np.maximum(places, 0)], strict=True))
        return Candidates(
            rows=[
                Candidate(recording=recording, track=row, distance=distance, unit=units[recording])
                for recording, distance in apart.items()
                for row in rows.get(recording, ())
            ],
            is_all=len(found) < asked,
        )


async def source(
    c: Connection, index: Neighbours, query: Vectors, bounds: Filter, *, without: Collection[RecordingId]
) -> Source:
    """A narrow filter is asked of the database first, so that even a rare thing is found."""
    allowed = await traits.matching(c, bounds) if bounds.is_narrow else None
    return Source(index=index, query=query, without=without, allowed=allowed)


async def nearest(index: Neighbours, query: Vectors, count: int, *, among: Ids | None = None) -> Found:
    """Ask the index without holding up anyone else."""
    if index.is_quick(count, among=among):
        return index.nearest(query, count, among=among)
    return await asyncio.to_thread(index.nearest, query, count, among=among)


async def playing(
    c: Connection, ids: Sequence[RecordingId], allowed: Mapping[RecordingId, int] | None
) -> dict[RecordingId, list[TrackRow]]:
    """The present tracks of these recordings; the one that keeps the filter where that is known."""
    if allowed is None:
        rows = await tracks.of_recordings(c, ids)
    else:
        rows = await tracks.by_ids(c, [allowed[recording] for recording in ids if recording in allowed])
    found: dict[RecordingId, list[TrackRow]] = {}
    for row in rows:
        found.setdefault(row.recording_id, []).append(row)
    return found
