"""Tracks that sound like given ones."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from segue.analysis.moods import cold_start
from segue.index import Neighbours, Vectors
from segue.model import RecordingId, ServerKey
from segue.similarity import candidates
from segue.similarity.arranging import spaced, walked
from segue.similarity.candidates import Candidate, Source
from segue.similarity.choosing import Choice, artist_of
from segue.similarity.follower import Follower
from segue.similarity.hubs import sample, without_hubs
from segue.similarity.rules import LONGEST_SECONDS, Rules
from segue.similarity.seeds import Found, Seed, Weighted, find, middle
from segue.similarity.why import Why, explain
from segue.store import tracks, traits
from segue.store.pool import Connection, Pool
from segue.store.tracks import TrackRow
from segue.store.traits import Filter

__all__ = ["Neighbour", "near"]

_FIRST_CANDIDATES = 64
_UNHUB_FACTOR = 2  # what a hub pushed away must be among the candidates to come forward


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """A recording near the seeds, the track that stands for it, and 1 - cosine."""

    recording: RecordingId
    track: TrackRow
    distance: float
    why: Why | None = None


async def near(
    pool: Pool,
    follower: Follower,
    seeds: Sequence[Seed | Weighted],
    count: int,
    *,
    server: ServerKey | None = None,
    per_artist: int | None = 3,
    rules: Rules | None = None,
    why: bool = False,
) -> list[Neighbour]:
    """The nearest present tracks, nearest first: one per recording and work, no seed, as the rules say.

    `server` and `per_artist` make the usual rules; `rules` says it all. The same index and library
    give the same answer.
    """
    rules = rules or Rules(
        filter=Filter(server=server, seconds=(None, LONGEST_SECONDS)), per_artist=per_artist
    )
    index = follower.live.index
    async with pool.connection() as c:
        found = await find(c, seeds)
        query = await middle(c, index, found)
        source = await candidates.source(c, index, query, rules.filter, without=found.recordings)
        own = await tracks.of_recordings(c, list(found.recordings), missing=True)
        chosen = await _choose(c, source, Choice(rules, own), count)
        arranged = _arranged(index, query, chosen, rules)
        answer = [
            Neighbour(recording=one.recording, track=one.track, distance=one.distance) for one in arranged
        ]
        return await _explained(c, found, chosen, answer, rules) if why else answer


async def _choose(c: Connection, source: Source, choice: Choice, count: int) -> list[Candidate]:
    """Ask for more candidates until the rules leave enough of them."""
    unhub = choice.rules.unhub
    others = await asyncio.to_thread(sample, source.index.table.view) if unhub else None
    wanted = max(_FIRST_CANDIDATES, 4 * count) * (_UNHUB_FACTOR if unhub else 1)
    while True:
        batch = await source.take(c, wanted)
        if others is not None:
            batch = replace(batch, rows=without_hubs(batch.rows, source.query, others))
        heard = await traits.of_recordings(c, batch.ids) if choice.rules.moods else {}
        kept = choice.among(batch, heard, count)
        if len(kept) == count or batch.is_all:
            return kept
        wanted *= 4


def _arranged(index: Neighbours, query: Vectors, chosen: list[Candidate], rules: Rules) -> list[Candidate]:
    if rules.walk and chosen:
        view, rows = index.table.find([one.recording for one in chosen])
        units = view.units[np.maximum(rows, 0)]
        direction = (query / np.linalg.norm(query)).astype(np.float32)
        chosen = [chosen[at] for at in walked(direction, units)]
    return spaced(chosen, lambda one: artist_of(one.track), rules.gap) if rules.gap else chosen


async def _explained(
    c: Connection, seeds: Found, chosen: list[Candidate], answer: list[Neighbour], rules: Rules
) -> list[Neighbour]:
    places = {one.recording: place for place, one in enumerate(chosen, 1)}
    heard = await traits.of_recordings(c, [*places, *seeds.recordings])
    weights: Mapping[RecordingId, float] = seeds.recordings
    main = max((seed for seed in weights if seed in heard), key=lambda seed: weights[seed], default=None)
    if main is None:
        return answer
    moved = (("walk",) if rules.walk else ()) + (("gap",) if rules.gap else ())
    return [
        replace(
            one,
            why=explain(
                heard[main],
                heard[one.recording],
                cold_start(),
                place=places[one.recording],
                moved=moved if places[one.recording] != at else (),
            ),
        )
        if one.recording in heard
        else one
        for at, one in enumerate(answer, 1)
    ]
