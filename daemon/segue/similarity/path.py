"""A path of songs from one to another, each a little further than the one before."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from segue.analysis.moods import cold_start
from segue.index import Found, Ids, Neighbours, Vectors
from segue.model import RecordingId
from segue.similarity.candidates import Candidate, allowed_by, playing, shown
from segue.similarity.errors import UnknownSeed
from segue.similarity.follower import Follower
from segue.similarity.roster import Roster, card_of
from segue.similarity.rules import Rules
from segue.similarity.seeds import Seed, find, middle
from segue.similarity.walking import Walk
from segue.store import tracks, traits
from segue.store.pool import Pool, reading
from segue.store.tracks import TrackRow

__all__ = ["Step", "path", "waypoints"]

_CANDIDATES = 24  # for each waypoint, at first
_WIDER = 8
_MOST_CANDIDATES = _CANDIDATES * _WIDER**3  # then places stay empty
_STRAIGHT = 1e-4


Songs = dict[RecordingId, list[Candidate]]


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
    index, roster = follower.live.index, follower.roster
    first, last = [await _end(pool, index, roster, seed, rules) for seed in (start, end)]
    if first.recording == last.recording or count < 2:
        return await _steps(pool, roster, [first])
    points = waypoints(first.unit, last.unit, count - 2)
    length = 1 - float(first.unit @ (points or [last.unit])[0])
    allowed = await allowed_by(pool, rules.filter)
    among = None if allowed is None else np.array(list(allowed), np.int64)
    wanted = _CANDIDATES
    while True:
        near = await asyncio.to_thread(_nearest, index, points, wanted, among)
        songs = await _fitting(pool, _songs(index, roster, near, allowed), first, last, rules)
        walk = Walk(first, last, rules, waypoints=len(points), length=length, must=fixed_length)
        await asyncio.to_thread(_through, walk, near, songs)
        if walk.is_whole or wanted >= _MOST_CANDIDATES or all(len(found) < wanted for found in near):
            return await _steps(pool, roster, [*walk.songs, last])
        wanted *= _WIDER


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


async def _end(pool: Pool, index: Neighbours, roster: Roster, seed: Seed, rules: Rules) -> Candidate:
    """One end of the path, which must be one recording that somebody can play, on the server if it can be."""
    meant = await find(pool, [seed])
    if len(meant.recordings) != 1:
        raise UnknownSeed("A path begins and ends with one song.")
    unit = await middle(pool, index, meant)
    (recording,) = meant.recordings
    cards = roster.of_recordings(np.array([recording], np.int64)).get(recording)
    if not cards:
        async with reading(pool) as c:
            rows = await tracks.of_recordings(c, [recording], missing=True)
        cards = [card_of(row) for row in rows]
    if not cards:
        raise UnknownSeed(f"No track plays recording {recording} any more.")
    server = rules.filter.server
    card = next((card for card in cards if card.server == server), cards[0])
    return Candidate(recording=recording, card=card, distance=0.0, unit=unit)


def _nearest(index: Neighbours, points: Sequence[Vectors], count: int, among: Ids | None) -> list[Found]:
    return [index.nearest(point, count, among=among) for point in points]


def _songs(
    index: Neighbours, roster: Roster, near: Sequence[Found], allowed: dict[RecordingId, int] | None
) -> Songs:
    """Everything that was found, by recording, with the tracks that may stand for it."""
    everything = {recording for found in near for recording in found.ids.tolist()}
    ids = [RecordingId(recording) for recording in sorted(everything)]
    view, rows = index.table.find(ids)
    played = playing(roster, np.array(ids, np.int64), allowed)
    return {
        recording: [
            Candidate(recording=recording, card=card, distance=0.0, unit=view.units[row])
            for card in played.get(recording, ())
        ]
        for recording, row in zip(ids, rows.tolist(), strict=True)
        if row >= 0
    }


async def _fitting(pool: Pool, songs: Songs, first: Candidate, last: Candidate, rules: Rules) -> Songs:
    """Those that the rules let through by themselves."""
    christmas = first.card.seasonal or last.card.seasonal
    kept = {
        recording: [one for one in some if rules.allows_track(one.card, christmas=christmas)]
        for recording, some in songs.items()
        if recording not in rules.without
    }
    if not rules.moods:
        return kept
    async with reading(pool) as c:
        heard = await traits.of_recordings(c, list(kept))
    return {
        recording: some
        for recording, some in kept.items()
        if rules.allows_moods(heard.get(recording), cold_start())
    }


def _through(walk: Walk, near: Sequence[Found], songs: Songs) -> None:
    for found in near:
        walk.step(found, songs)


async def _steps(pool: Pool, roster: Roster, songs: Sequence[Candidate]) -> list[Step]:
    """The tracks themselves; only an end may be one that is missing."""
    rows = await shown(pool, roster, [song.card.key for song in songs])
    present = [song for song in songs if song.card.key in rows]
    return [
        Step(
            recording=song.recording,
            track=rows[song.card.key],
            step=_apart(before, song),
            distance=_apart(present[0], song),
        )
        for before, song in zip([*present[:1], *present], present, strict=False)
    ]


def _apart(one: Candidate, other: Candidate) -> float:
    cosine = float(one.unit.astype(np.float64) @ other.unit.astype(np.float64))
    return round(min(max(1 - cosine, 0.0), 2.0), 6)
