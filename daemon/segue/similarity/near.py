"""Tracks that sound like given ones."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from segue.index import Found, Neighbours, Vectors
from segue.model import RecordingId, ServerKey
from segue.similarity.follower import Follower
from segue.similarity.seeds import Seed, centre, find_recordings
from segue.store import tracks
from segue.store.pool import Connection, Pool
from segue.store.tracks import TrackRow

__all__ = ["Neighbour", "near", "nearest"]

_FIRST_CANDIDATES = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """A recording near the seeds, the track that stands for it, and 1 - cosine."""

    recording: RecordingId
    track: TrackRow
    distance: float


async def near(
    pool: Pool,
    follower: Follower,
    seeds: Sequence[Seed],
    count: int,
    *,
    server: ServerKey | None = None,
    per_artist: int | None = 3,
) -> list[Neighbour]:
    """The nearest present tracks, nearest first: one per recording, no seed, at most so many per artist.

    With a `server`, only its tracks. The same index and library give the same answer.
    """
    index = follower.live.index
    async with pool.connection() as c:
        known = await find_recordings(c, seeds)
        query = await centre(c, index, known)
        without, wanted = set(known), max(_FIRST_CANDIDATES, 4 * count)
        while True:
            found = await nearest(index, query, wanted + len(without))
            chosen = await _choose(c, found, without, server)
            kept = _cap(chosen, per_artist)[:count]
            if len(kept) == count or len(found) < wanted + len(without):
                return kept
            wanted *= 4


async def nearest(index: Neighbours, query: Vectors, count: int) -> Found:
    """Ask the index without holding up anyone else."""
    if index.is_quick(count):
        return index.nearest(query, count)
    return await asyncio.to_thread(index.nearest, query, count)


async def _choose(
    c: Connection, found: Found, without: set[RecordingId], server: ServerKey | None
) -> list[Neighbour]:
    """One present track for each recording that has any there."""
    pairs = zip(found.ids.tolist(), found.distances.tolist(), strict=True)
    apart = {RecordingId(recording): distance for recording, distance in pairs}
    rows = await tracks.of_recordings(c, [recording for recording in apart if recording not in without])
    standing: dict[RecordingId, TrackRow] = {}
    for row in rows:
        if server is None or row.server_id == server:
            standing.setdefault(row.recording_id, row)
    return [
        Neighbour(recording=recording, track=standing[recording], distance=distance)
        for recording, distance in apart.items()
        if recording in standing
    ]


def _cap(neighbours: Iterable[Neighbour], per_artist: int | None) -> list[Neighbour]:
    """Let no artist have more than so many places; tracks without an artist are nobody's."""
    places: Counter[str] = Counter()
    kept = []
    for neighbour in neighbours:
        artist = (neighbour.track.artist or neighbour.track.album_artist or "").casefold()
        places[artist] += 1
        if per_artist is None or not artist or places[artist] <= per_artist:
            kept.append(neighbour)
    return kept
