"""What becomes of an outcome: groups that live on keep their lineage, true name and order of songs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from segue.clustering.choosing import choose_playlists
from segue.clustering.clustering import Clustering
from segue.clustering.corpus import Rows
from segue.clustering.describing import describe
from segue.clustering.identity import match_groups
from segue.clustering.naming import DEFAULT_TEMPLATE, is_true_of, name_groups
from segue.clustering.ordering import Songs, rearrange
from segue.clustering.prepared import Prepared
from segue.clustering.snapshot import NO_LINEAGE, Snapshot

__all__ = ["Lived", "Settled", "settle"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lived:
    """What a group of the last clustering was called, and whether it was a playlist."""

    name: str
    chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """A group's identity; a `lineage` of None is a new one, `position` its rank among the playlists.

    `order` are the recordings of a playlist as they are played; `former` is the name it had until now,
    if that has become wrong.
    """

    lineage: int | None
    name: str
    former: str | None = None
    description: str
    position: int | None
    order: Rows


def settle(
    clustering: Clustering,
    data: Prepared,
    snapshot: Snapshot,
    *,
    last: Mapping[int, Lived],
    template: str = DEFAULT_TEMPLATE,
) -> list[Settled]:
    """One for each group of the clustering, in its order; `last` are the groups of the one before."""
    groups = clustering.groups
    lineages = match_groups(snapshot.last(), [frozenset(one.members.tolist()) for one in groups]).lineages()
    positions = _positions(clustering, data, lineages, last)
    names = _names(clustering, lineages, positions, last, template)
    return [
        Settled(
            lineage=lineages.get(place),
            name=names[place],
            former=_former(names[place], last.get(lineages.get(place, NO_LINEAGE))),
            description=describe(group.portrait),
            position=positions.get(place),
            order=_order(group.playlist, data, snapshot, lineages.get(place))
            if place in positions
            else np.zeros(0, np.int64),
        )
        for place, group in enumerate(groups)
    ]


def _positions(
    clustering: Clustering, data: Prepared, lineages: Mapping[int, int], last: Mapping[int, Lived]
) -> dict[int, int]:
    """Rank by place of those that are to be playlists."""
    published = [
        place for place, lineage in lineages.items() if (lived := last.get(lineage)) and lived.chosen
    ]
    sizes = np.array([len(group.playlist) for group in clustering.groups], np.int64)
    chosen = choose_playlists(clustering.model.centres, sizes, data.limits.playlists, published=published)
    return {place: position for position, place in enumerate(chosen)}


def _names(
    clustering: Clustering,
    lineages: Mapping[int, int],
    positions: Mapping[int, int],
    last: Mapping[int, Lived],
    template: str,
) -> dict[int, str]:
    """Playlists come first, so that they get the plainer names."""
    places = sorted(
        range(len(clustering.groups)), key=lambda one: (positions.get(one, len(lineages) + 10_000), one)
    )
    kept = {
        rank: last[lineages[place]].name
        for rank, place in enumerate(places)
        if place in lineages
        and lineages[place] in last
        and is_true_of(last[lineages[place]].name, clustering.groups[place].portrait)
    }
    portraits = [clustering.groups[place].portrait for place in places]
    return dict(zip(places, name_groups(portraits, template=template, kept=kept), strict=True))


def _former(name: str, lived: Lived | None) -> str | None:
    return lived.name if lived is not None and lived.name != name else None


def _order(playlist: Rows, data: Prepared, snapshot: Snapshot, lineage: int | None) -> Rows:
    """Songs that were played before stay in their order; the others come in where they fit."""
    corpus = data.corpus
    rows = np.searchsorted(corpus.ids, playlist)
    songs = Songs(
        points=data.points[rows],
        tempo=corpus.tempo[rows],
        keys=corpus.keys[rows],
        artists=data.whole.artists[rows],
    )
    return playlist[rearrange(songs, _kept(rows, snapshot, lineage))]


def _kept(rows: Rows, snapshot: Snapshot, lineage: int | None) -> Sequence[int]:
    if lineage is None:
        return []
    ordinals = snapshot.ordinals[rows]
    stayed = np.flatnonzero((snapshot.lineages[rows] == lineage) & (ordinals >= 0))
    kept: list[int] = stayed[np.argsort(ordinals[stayed], kind="stable")].tolist()
    return kept
