"""Tracks that sound like given ones."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from segue.index import Neighbours, Vectors
from segue.model import RecordingId, ServerKey
from segue.similarity.arranging import spaced, walked
from segue.similarity.candidates import Candidate, Source, allowed_by, shown
from segue.similarity.choosing import Choice
from segue.similarity.explaining import Arrangement, reasons
from segue.similarity.follower import Follower
from segue.similarity.hubs import sample, without_hubs
from segue.similarity.roster import Card, Roster, card_of
from segue.similarity.rules import LONGEST_SECONDS, Rules
from segue.similarity.seeds import Seed, Weighted, find, middle
from segue.similarity.why import Why
from segue.store import tracks, traits
from segue.store.pool import Pool, reading
from segue.store.tracks import TrackRow
from segue.store.traits import Filter, Traits

__all__ = ["Neighbour", "near"]

_FIRST_CANDIDATES = 40
_TIMES_CANDIDATES = 2  # with three per artist, 19 of 20 answers need no more
_UNHUB_FACTOR = 2  # what a hub pushed away must be among the candidates to come forward


class Neighbour(NamedTuple):
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
    live, roster = follower.live, follower.roster
    index = live.index
    found = await find(pool, seeds)
    query = await middle(pool, index, found)
    source = Source(
        index=index,
        roster=roster,
        query=query,
        alone=found.alone,
        lists=live.lists,
        without=found.recordings,
        allowed=await allowed_by(pool, rules.filter),
    )
    own = await _own(pool, roster, list(found.recordings))
    choice = Choice(rules, own, wanted=set(found.wanted), projected=live.space.projected)
    chosen = await _choose(pool, source, choice, count)
    answer = await _shown(pool, roster, _arranged(index, query, chosen, rules))
    if not why:
        return answer
    arrangement = Arrangement(chosen, [one.recording for one in answer], rules)
    told = await reasons(pool, index, found, arrangement)
    return [one._replace(why=told.get(one.recording)) for one in answer]


async def _own(pool: Pool, roster: Roster, seeds: Sequence[RecordingId]) -> list[Card]:
    """The tracks of the seeds; also missing ones, where no other tells what a seed is."""
    cards = roster.of_recordings(np.array(seeds, np.int64))
    lost = [seed for seed in seeds if seed not in cards]
    if lost:
        async with reading(pool) as c:
            rows = await tracks.of_recordings(c, lost, missing=True)
        for row in rows:
            cards.setdefault(row.recording_id, []).append(card_of(row))
    return [card for seed in seeds for card in cards.get(seed, ())]


async def _choose(pool: Pool, source: Source, choice: Choice, count: int) -> list[Candidate]:
    """Ask for more candidates until the rules leave enough of them."""
    unhub = choice.rules.unhub
    others = await asyncio.to_thread(sample, source.index.table.view) if unhub else None
    wanted = max(_FIRST_CANDIDATES, _TIMES_CANDIDATES * count) * (_UNHUB_FACTOR if unhub else 1)
    while True:
        batch = await source.take(wanted)
        if others is not None:
            batch = replace(batch, rows=without_hubs(batch.rows, source.query, others))
        heard = await _heard(pool, batch.ids) if choice.rules.moods else {}
        kept = choice.among(batch, heard, count)
        if len(kept) == count or batch.is_all:
            return kept
        wanted *= 2  # what is ready has so many, and a graph is asked for more soon enough


async def _shown(pool: Pool, roster: Roster, chosen: Sequence[Candidate]) -> list[Neighbour]:
    """The tracks themselves, without those that have gone missing since the roster was read."""
    rows = await shown(pool, roster, [one.card.key for one in chosen])
    return [
        Neighbour(recording=one.recording, track=row, distance=one.distance)
        for one in chosen
        if (row := rows.get(one.card.key)) is not None and row.missing_since is None
    ]


async def _heard(pool: Pool, recordings: Sequence[RecordingId]) -> dict[RecordingId, Traits]:
    async with reading(pool) as c:
        return await traits.of_recordings(c, recordings)


def _arranged(index: Neighbours, query: Vectors, chosen: list[Candidate], rules: Rules) -> list[Candidate]:
    if rules.walk and chosen:
        view, rows = index.table.find([one.recording for one in chosen])
        units = view.units[np.maximum(rows, 0)]
        direction = (query / np.linalg.norm(query)).astype(np.float32)
        chosen = [chosen[at] for at in walked(direction, units)]
    return spaced(chosen, lambda one: one.card.artist, rules.gap) if rules.gap else chosen
