"""Tracks near each of several seeds in turn, where the middle of all would be none of them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from segue.model import RecordingId
from segue.similarity.arranging import spaced
from segue.similarity.errors import CannotBeHeard, NotHeardYet
from segue.similarity.follower import Follower
from segue.similarity.near import Neighbour, near
from segue.similarity.rules import Rules
from segue.similarity.seeds import Seed, Weighted, find
from segue.similarity.works import folded, performer, work
from segue.store.pool import Pool
from segue.store.tracks import TrackRow

__all__ = ["MOST_SPREAD", "spread"]

MOST_SPREAD = 20
"""Of more seeds, so many that lie evenly among them are taken."""

Ranked = tuple[float, Sequence[Neighbour]]


async def spread(
    pool: Pool,
    follower: Follower,
    seeds: Sequence[Seed | Weighted],
    count: int,
    *,
    rules: Rules,
    why: bool = False,
) -> list[Neighbour]:
    """As many tracks near each seed as its weight asks for; distances are from that seed.

    Seeds of negative weight are led away from everywhere.
    """
    weighted = [seed if isinstance(seed, Weighted) else Weighted(seed, 1.0) for seed in seeds]
    wanted = _some([one for one in weighted if one.weight > 0])
    away = [one for one in weighted if one.weight < 0]
    own = (await find(pool, weighted)).recordings
    alone = replace(rules, without=rules.without | own.keys(), gap=0)
    ranked = await _ranked(pool, follower, wanted, away, count, rules=alone, why=why)
    merged = _merged(ranked, count, rules)
    return spaced(merged, lambda one: _artist(one.track), rules.gap) if rules.gap else merged


async def _ranked(
    pool: Pool,
    follower: Follower,
    seeds: Sequence[Weighted],
    away: Sequence[Weighted],
    count: int,
    *,
    rules: Rules,
    why: bool,
) -> list[Ranked]:
    """What is near each seed; those not heard are left out, unless none is."""
    ranked: list[Ranked] = []
    refusals: list[NotHeardYet | CannotBeHeard] = []
    for one in seeds:
        try:
            found = await near(pool, follower, [one, *away], count, rules=rules, why=why)
        except (NotHeardYet, CannotBeHeard) as refusal:
            refusals.append(refusal)
        else:
            ranked.append((one.weight, found))
    if refusals and not ranked:
        raise refusals[0]
    return ranked


def _some(seeds: list[Weighted]) -> list[Weighted]:
    if len(seeds) <= MOST_SPREAD:
        return seeds
    return [seeds[number * len(seeds) // MOST_SPREAD] for number in range(MOST_SPREAD)]


def _merged(ranked: Sequence[Ranked], count: int, rules: Rules) -> list[Neighbour]:
    """In turn by weight; what one seed gave already, or an artist has enough of, is passed over."""
    taken = _Taken(rules)
    waiting = [iter(found) for _, found in ranked]
    turns = [1 / weight for weight, _ in ranked]
    chosen: list[Neighbour] = []
    open_ = set(range(len(ranked)))
    while open_ and len(chosen) < count:
        at = min(open_, key=lambda number: (turns[number], number))
        following = next((one for one in waiting[at] if taken.allows(one)), None)
        if following is None:
            open_.remove(at)
            continue
        taken.note(following)
        chosen.append(following)
        turns[at] += 1 / ranked[at][0]
    return chosen


class _Taken:
    """What an answer holds already."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._recordings = set[RecordingId]()
        self._works: set[tuple[str, str]] = set()
        self._artists, self._albums = Counter[str](), Counter[tuple[str, str]]()

    def allows(self, one: Neighbour) -> bool:
        rules, row, artist = self._rules, one.track, _artist(one.track)
        return not (
            one.recording in self._recordings
            or (rules.one_version and artist and _work(row) in self._works)
            or (rules.per_artist is not None and artist and self._artists[artist] >= rules.per_artist)
            or (rules.per_album is not None and row.album and self._albums[_album(row)] >= rules.per_album)
        )

    def note(self, one: Neighbour) -> None:
        row = one.track
        self._recordings.add(one.recording)
        self._works.add(_work(row))
        self._artists[_artist(row)] += 1
        self._albums[_album(row)] += 1


def _artist(row: TrackRow) -> str:
    return performer(row.artist or row.album_artist)


def _work(row: TrackRow) -> tuple[str, str]:
    return work(row.title, row.artist or row.album_artist)


def _album(row: TrackRow) -> tuple[str, str]:
    return folded(row.album_artist or row.artist or ""), folded(row.album or "")
