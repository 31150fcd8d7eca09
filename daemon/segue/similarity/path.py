"""A path of songs from one to another, each a little further than the one before."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from segue.index import Found, Ids, Neighbours, Vectors
from segue.model import RecordingId
from segue.similarity.candidates import Candidate, playing
from segue.similarity.errors import UnknownSeed
from segue.similarity.follower import Follower
from segue.similarity.rules import Rules
from segue.similarity.seeds import Seed, find, middle
from segue.similarity.walking import Walk
from segue.store import tracks, traits
from segue.store.pool import Connection, Pool
from segue.store.tracks import TrackRow

__all__ = ["Step", "path", "waypoints"]

_CANDIDATES = 24  # for each waypoint, at first
_STRAIGHT = 1e-4


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A song of a path; `step` is how far it is from the one before, `distance` from the first."""

    recording: RecordingId
    track: TrackRow
    step: float
    distance: float


async def path(
    pool: Pool,
    follower: Follower,
    start: Seed,
    end: Seed,
    count: int,
    *,
    rules: Rules | None = None,
    fixed_length: bool = True,
) -> list[Step]:
    """At most `count` songs from the start to the end, both included, each once.

    Without `fixed_length`, places stay empty where no song leads further.
    """
    rules = rules or Rules()
    index = follower.live.index
    async with pool.connection() as c:
        first, last = [await _end(c, index, seed) for seed in (start, end)]
        if first.recording == last.recording or count < 2:
            return _steps([first])
        points = waypoints(first.unit, last.unit, count - 2)
        length = 1 - float(first.unit @ (points or [last.unit])[0])
        allowed = await traits.matching(c, rules.filter) if rules.filter.is_narrow else None
        among = None if allowed is None else np.array(list(allowed), np.int64)
        wanted = _CANDIDATES
        while True:
            near = await asyncio.to_thread(_nearest, index, points, wanted, among)
            songs = await _songs(c, index, near, allowed)
            walk = Walk(first, last, rules, length=length, must=fixed_length)
            for found in near:
                walk.step(found, songs)
            if walk.is_whole or all(len(found) < wanted for found in near):
                return _steps([*walk.songs, last])
            wanted *= 8


def waypoints(start: Vectors, end: Vectors, count: int) -> list[Vectors]:
    """Directions evenly spaced on the great circle between two; straight on where there is no such circle."""
    angle = float(np.arccos(np.clip(start @ end, -1, 1)))
    found = []
    for part in np.linspace(0, 1, count + 2)[1:-1]:
        if np.sin(angle) < _STRAIGHT:
            along = (1 - part) * start + part * end
            along = along if np.linalg.norm(along) > _STRAIGHT else start
        else:
            along = np.sin((1 - part) * angle) * start + np.sin(part * angle) * end
        found.append((along / np.linalg.norm(along)).astype(np.float32))
    return found


async def _end(c: Connection, index: Neighbours, seed: Seed) -> Candidate:
    """One end of the path, which must be one recording that somebody can play."""
    meant = await find(c, [seed])
    if len(meant.recordings) != 1:
        raise UnknownSeed("A path begins and ends with one song.")
    unit = await middle(c, index, meant)
    (recording,) = meant.recordings
    rows = await tracks.of_recordings(c, [recording], missing=True)
    if not rows:
        raise UnknownSeed(f"No track plays recording {recording} any more.")
    return Candidate(recording=recording, track=rows[0], distance=0.0, unit=unit)


def _nearest(index: Neighbours, points: Sequence[Vectors], count: int, among: Ids | None) -> list[Found]:
    return [index.nearest(point, count, among=among) for point in points]


async def _songs(
    c: Connection, index: Neighbours, near: Sequence[Found], allowed: dict[RecordingId, int] | None
) -> dict[int, list[Candidate]]:
    """Everything that was found, by recording, with the tracks that may stand for it."""
    everything = {recording for found in near for recording in found.ids.tolist()}
    ids = [RecordingId(recording) for recording in sorted(everything)]
    view, rows = index.table.find(ids)
    played = await playing(c, ids, allowed)
    return {
        recording: [
            Candidate(recording=recording, track=track, distance=0.0, unit=view.units[row])
            for track in played.get(recording, ())
        ]
        for recording, row in zip(ids, rows.tolist(), strict=True)
        if row >= 0
    }


def _steps(songs: Sequence[Candidate]) -> list[Step]:
    first = songs[0]
    return [
        Step(
            recording=song.recording,
            track=song.track,
            step=_apart(before, song),
            distance=_apart(first, song),
        )
        for before, song in zip([first, *songs], songs, strict=False)
    ]


def _apart(one: Candidate, other: Candidate) -> float:
    cosine = float(one.unit.astype(np.float64) @ other.unit.astype(np.float64))
    return round(min(max(1 - cosine, 0.0), 2.0), 6)
