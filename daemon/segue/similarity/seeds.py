"""From what a person names to the vectors that are asked about."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from segue.index import Neighbours, Vectors
from segue.model import RecordingId, ServerKey, TrackId
from segue.similarity.errors import CannotBeHeard, NotHeardYet, UnknownSeed
from segue.store import recordings, tracks
from segue.store.pool import Connection

__all__ = ["Seed", "TrackKey", "centre", "find_recordings"]


@dataclass(frozen=True, slots=True)
class TrackKey:
    """A track by its server and the server's own id."""

    server: ServerKey
    track: TrackId


Seed = RecordingId | TrackKey


async def find_recordings(c: Connection, seeds: Sequence[Seed]) -> list[RecordingId]:
    """The recordings of these seeds, in their order, each once."""
    keys = [seed for seed in seeds if isinstance(seed, TrackKey)]
    played: dict[Seed, RecordingId] = {}
    for server in {key.server for key in keys}:
        ids = [key.track for key in keys if key.server == server]
        rows = await tracks.of_server(c, server, ids)
        played |= {TrackKey(server, row.track_id): row.recording_id for row in rows}
    unknown = [key for key in keys if key not in played]
    if unknown:
        raise UnknownSeed(f"No track is known by the id {unknown[0].track!r}.")
    return list(dict.fromkeys(seed if not isinstance(seed, TrackKey) else played[seed] for seed in seeds))


async def centre(c: Connection, index: Neighbours, seeds: Sequence[RecordingId]) -> Vectors:
    """The middle of the seeds' directions; those not heard are left out, unless none is."""
    view, rows = index.table.find(seeds)
    heard = rows[rows >= 0]
    if not len(heard):
        await _explain(c, seeds)
    middle: Vectors = view.units[heard].astype(np.float64).mean(axis=0).astype(np.float32)
    first: Vectors = view.units[heard[0]]
    return middle if np.any(np.abs(middle) > 1e-6) else first  # opposite seeds have no middle


async def _explain(c: Connection, seeds: Sequence[RecordingId]) -> None:
    """Say why the first of them has no vector."""
    standings = await recordings.standings(c, seeds)
    if not standings:
        raise UnknownSeed(f"There is no recording {seeds[0]}." if seeds else "No seed was given.")
    first = standings[0]
    if first.wanted is None and first.failure is not None:
        raise CannotBeHeard(f"This recording could not be heard: {first.failure}")
    raise NotHeardYet("This recording has not been heard yet; ask again later.")
