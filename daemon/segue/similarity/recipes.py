"""Playlists by recipe: like these songs, a way from one to the next, or whatever passes a filter."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from itertools import chain, pairwise, zip_longest
from typing import Any, Literal

import numpy as np

from segue.analysis.moods import cold_start
from segue.model import RecordingId, ServerKey
from segue.similarity.arranging import walked
from segue.similarity.follower import Follower
from segue.similarity.near import near
from segue.similarity.path import path
from segue.similarity.roster import card_of
from segue.similarity.rules import LONGEST_SECONDS, Rules
from segue.similarity.works import performer
from segue.store import tracks, traits
from segue.store.pool import Pool
from segue.store.tracks import TrackRow
from segue.store.traits import Filter

__all__ = ["Recipe", "make", "mixed", "on_the_way"]

_MOST_MOODS = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What to make again whenever there is new music; bounds are those of `Rules`."""

    kind: Literal["similar", "path", "filter"]
    seeds: tuple[RecordingId, ...] = ()
    count: int = 50
    genres: tuple[str, ...] = ()
    moods: Mapping[str, float] = field(default_factory=dict)
    years: tuple[int | None, int | None] = (None, None)
    tempo: tuple[float | None, float | None] = (None, None)
    per_artist: int | None = 3

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> "Recipe":
        values: dict[str, Any] = {
            name: tuple(one) if isinstance(one, list) else one for name, one in told.items()
        }
        return cls(**values)

    def rules(self, *, today: date, server: ServerKey | None = None) -> Rules:
        return Rules(
            filter=Filter(
                server=server,
                genres=self.genres,
                years=self.years,
                tempo=self.tempo,
                seconds=(None, LONGEST_SECONDS),
            ),
            per_artist=self.per_artist,
            moods=self.moods,
            today=today,
            gap=1,
        )


async def make(pool: Pool, follower: Follower, recipe: Recipe, *, today: date) -> list[RecordingId]:
    """The songs in order of playing; the same library gives the same songs."""
    rules = recipe.rules(today=today)
    match recipe.kind:
        case "similar":
            room = max(0, recipe.count - len(recipe.seeds))
            found = await near(pool, follower, recipe.seeds, room, rules=replace(rules, walk=True))
            return [*recipe.seeds, *(one.recording for one in found)]
        case "path":
            return await on_the_way(pool, follower, recipe.seeds, recipe.count, rules=rules)
        case "filter":
            return await _passing(pool, follower, recipe, rules)


async def mixed(
    pool: Pool, follower: Follower, seeds: Sequence[RecordingId], count: int, *, rules: Rules
) -> list[RecordingId]:
    """In turns something like each of the seeds."""
    each = [
        [one.recording for one in await near(pool, follower, [seed], count, rules=rules)] for seed in seeds
    ]
    turns = chain.from_iterable(zip_longest(*each))
    own = set(seeds)
    return [one for one in dict.fromkeys(turns) if one is not None and one not in own][:count]


async def on_the_way(
    pool: Pool, follower: Follower, seeds: Sequence[RecordingId], count: int, *, rules: Rules
) -> list[RecordingId]:
    """From each seed to the next, all of them included."""
    if len(seeds) < 2:
        found = await near(pool, follower, seeds, max(0, count - 1), rules=replace(rules, walk=True))
        return [*seeds, *(one.recording for one in found)]
    length = max(2, round((count - 1) / (len(seeds) - 1)) + 1)
    result: dict[RecordingId, None] = {}
    for start, end in pairwise(seeds):
        steps = await path(pool, follower, start, end, length, rules=rules, fixed_length=False)
        own = set(seeds) - {start, end}
        result |= dict.fromkeys(step.recording for step in steps if step.recording not in own)
    return list(result)


async def _passing(pool: Pool, follower: Follower, recipe: Recipe, rules: Rules) -> list[RecordingId]:
    """So many of all that pass the filter, chosen by lot but always the same, so that they flow."""
    index = follower.live.index
    async with pool.connection() as c:
        allowed = await traits.matching(c, rules.filter)
        lots = sorted(allowed, key=_lot)
        heard = await traits.of_recordings(c, lots[:_MOST_MOODS]) if rules.moods else {}
        fitting = [one for one in lots if rules.allows_moods(heard.get(one), cold_start())]
        rows = {row.recording_id: row for row in await tracks.by_ids(c, [allowed[one] for one in fitting])}
    artists: Counter[str] = Counter()
    chosen: list[RecordingId] = []
    for one in (one for one in fitting if one in rows and rules.allows_track(card_of(rows[one]))):
        artist = _artist(rows[one]) or f"#{one}"
        if rules.per_artist is None or artists[artist] < rules.per_artist:
            artists[artist] += 1
            chosen.append(one)
        if len(chosen) == recipe.count:
            break
    view, places = index.table.find(chosen)
    known = [one for one, place in zip(chosen, places.tolist(), strict=True) if place >= 0]
    if not known:
        return chosen
    units = view.units[places[places >= 0]]
    flow = [known[at] for at in walked(units[0].astype(np.float32), units)]
    return flow + [one for one in chosen if one not in set(known)]


def _artist(row: TrackRow) -> str:
    return performer(row.artist or row.album_artist)


def _lot(recording: RecordingId) -> bytes:
    return hashlib.blake2b(str(recording).encode(), digest_size=8).digest()
