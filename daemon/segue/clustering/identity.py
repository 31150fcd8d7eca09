"""Which group of a new clustering is which of the last one: those that share the most recordings."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import numpy as np

__all__ = ["LEAST_OVERLAP", "Match", "Matching", "match_groups"]

LEAST_OVERLAP = 0.25
"""Share of recordings in common below which a group is a new one."""


@dataclass(frozen=True, slots=True)
class Match:
    """The new group at place `group` continues the old group with this lineage."""

    lineage: int
    group: int
    overlap: float


@dataclass(frozen=True, slots=True)
class Matching:
    """Every new group is matched or born, every old one matched or ended."""

    matches: tuple[Match, ...]
    born: tuple[int, ...]
    ended: tuple[int, ...]

    def lineages(self) -> dict[int, int]:
        """Lineage by place of the new group."""
        return {match.group: match.lineage for match in self.matches}


def match_groups(
    last: Mapping[int, AbstractSet[int]],
    new: Sequence[AbstractSet[int]],
    *,
    least_overlap: float = LEAST_OVERLAP,
) -> Matching:
    """The assignment with the greatest overlap in all, whatever the order of groups.

    `last` are recordings by lineage. Overlap is the share of common recordings among those that were
    there both times, so that music that came or went does not count against anybody.
    """
    both = set().union(*last.values()) & set().union(*new)
    old_sets = {lineage: both.intersection(members) for lineage, members in last.items()}
    new_sets = {place: both.intersection(members) for place, members in enumerate(new)}
    lineages = sorted(lineage for lineage in old_sets if old_sets[lineage])
    places = sorted((place for place in new_sets if new_sets[place]), key=lambda one: _key(new_sets[one]))
    found = _assigned([old_sets[one] for one in lineages], [new_sets[one] for one in places], least_overlap)
    matches = tuple(
        sorted(
            (Match(lineages[row], places[column], overlap) for row, column, overlap in found),
            key=lambda match: match.group,
        )
    )
    known, continued = {match.group for match in matches}, {match.lineage for match in matches}
    return Matching(
        matches=matches,
        born=tuple(place for place in range(len(new)) if place not in known),
        ended=tuple(sorted(lineage for lineage in last if lineage not in continued)),
    )


def _assigned(
    old: Sequence[AbstractSet[int]], new: Sequence[AbstractSet[int]], least: float
) -> list[tuple[int, int, float]]:
    from scipy.optimize import linear_sum_assignment  # noqa: PLC0415

    if not old or not new:
        return []
    overlap = np.array([[_overlap(one, two) for two in new] for one in old])
    worth = np.where(overlap >= least, overlap, 0)  # what is too little must not push aside what is enough
    rows, columns = linear_sum_assignment(worth, maximize=True)
    pairs = zip(rows.tolist(), columns.tolist(), strict=True)
    return [(row, column, float(overlap[row, column])) for row, column in pairs if worth[row, column] > 0]


def _overlap(one: AbstractSet[int], two: AbstractSet[int]) -> float:
    common = len(one & two)
    return round(common / (len(one) + len(two) - common), 6)


def _key(members: AbstractSet[int]) -> tuple[int, int]:
    """Groups may not share recordings, so their smallest ones differ."""
    return min(members), len(members)
