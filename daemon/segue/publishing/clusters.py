"""Turns the groups of the newest clustering into playlists that keep their identity."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count, islice

import structlog

from segue.clustering.identity import LEAST_OVERLAP
from segue.clustering.words import numeral
from segue.publishing.plan import jaccard
from segue.store import clusterings, copies, playlists
from segue.store.clusterings import ChosenCluster, Clustering
from segue.store.playlists import Kind, NewPlaylist, Playlist, PlaylistKey
from segue.store.pool import Connection

__all__ = ["Outcome", "follow_clustering"]

_MOST_OF_A_NAME = 50
_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How many playlists came, went, or have other songs or another name."""

    made: int = 0
    changed: int = 0
    retired: int = 0

    def __bool__(self) -> bool:
        return bool(self.made or self.changed or self.retired)


async def follow_clustering(c: Connection) -> Outcome:
    """Bring playlists in line with the newest clustering; one at a time does, the same again does nothing."""
    await playlists.one_at_a_time(c)
    newest = await clusterings.newest(c)
    if newest is None:
        return Outcome()
    chosen = await clusterings.chosen(c, newest)
    known = await playlists.by_lineage(c)
    if await _let_come_back(c, newest, chosen, known):
        known = await playlists.by_lineage(c)
    names = await _names(c, chosen, known)
    made = changed = 0
    for cluster in chosen:
        if cluster.lineage in known:
            changed += await _update(c, known[cluster.lineage], cluster, names[cluster.lineage])
        elif cluster.recordings:
            await _make(c, cluster, names[cluster.lineage])
            made += 1
    retired = await _retire(c, chosen, list(known.values()))
    outcome = Outcome(made=made, changed=changed, retired=retired)
    if outcome:
        _log.info("playlists_of_clusters", made=made, changed=changed, retired=retired)
    return outcome


async def _let_come_back(
    c: Connection, newest: Clustering, chosen: Sequence[ChosenCluster], known: Mapping[int, Playlist]
) -> int:
    """Playlists whose group is gone belong to the new one that has most of their songs; how many."""
    new = [cluster for cluster in chosen if cluster.lineage not in known]
    if not new or not known:
        return 0
    alive = {one.lineage for one in await clusterings.all_clusters(c, newest.id)}
    gone = [one for one in known.values() if one.lineage not in alive and one.version_id is not None]
    songs = {one.id: frozenset(await playlists.entries(c, one.version_id or 0)) for one in gone}
    pairs = [
        (jaccard(songs[key], frozenset(cluster.recordings)), key, cluster.lineage)
        for key in songs
        for cluster in new
    ]
    found: dict[PlaylistKey, int] = {}
    for alike, key, lineage in sorted(pairs, reverse=True):
        if alike >= LEAST_OVERLAP and key not in found and lineage not in found.values():
            found[key] = lineage
            await playlists.continue_as(c, key, lineage)
    return len(found)


async def _names(
    c: Connection, chosen: Sequence[ChosenCluster], known: Mapping[int, Playlist]
) -> Mapping[int, str]:
    """By lineage what each playlist shall be called: as its group, and never as another of our playlists.

    Those of groups that are gone may stand on servers for long, and people name their own as they like.
    """
    living = [known[cluster.lineage] for cluster in chosen if cluster.lineage in known]
    ours = {one.id for one in living if not one.held and not one.named_by_person}
    taken = {name.casefold() for key, name in (await playlists.names(c)).items() if key not in ours}
    names = {}
    for cluster in chosen:
        playlist = known.get(cluster.lineage)
        if playlist is not None and _is_called(playlist.name, cluster.name):
            names[cluster.lineage] = playlist.name
        else:
            names[cluster.lineage] = next(
                one for one in _variants(cluster.name) if one.casefold() not in taken
            )
        taken.add(names[cluster.lineage].casefold())
    return names


def _variants(name: str) -> Iterator[str]:
    yield name
    yield from (f"{name} {numeral(number)}" for number in count(2))


def _is_called(name: str, wanted: str) -> bool:
    return name in islice(_variants(wanted), _MOST_OF_A_NAME)


async def _make(c: Connection, cluster: ChosenCluster, name: str) -> None:
    playlist = await playlists.create(
        c,
        NewPlaylist(name=name, description=cluster.description, kind=Kind.CLUSTER, lineage=cluster.lineage),
    )
    await playlists.add_version(c, playlist, cluster.recordings)


async def _update(c: Connection, playlist: Playlist, cluster: ChosenCluster, name: str) -> bool:
    """A playlist that was rolled back keeps its songs; one that a person named keeps its name."""
    revived = await playlists.revive(c, playlist.id)
    if playlist.held:
        return revived
    renamed = playlist.name != name and not await _is_named(c, playlist)
    described = playlist.description != cluster.description
    if renamed or described:
        await playlists.change(
            c, playlist.id, name=name if renamed else None, description=cluster.description
        )
    version = await playlists.add_version(c, playlist.id, cluster.recordings) if cluster.recordings else None
    return revived or renamed or described or version is not None


async def _is_named(c: Connection, playlist: Playlist) -> bool:
    """Whether a person has named it, here or on any server."""
    return playlist.named_by_person or await copies.has_own_name(c, playlist.id)


async def _retire(c: Connection, chosen: Sequence[ChosenCluster], known: Sequence[Playlist]) -> int:
    """What no group continues any more leaves the servers after a while, unless it comes back."""
    alive = {cluster.lineage for cluster in chosen}
    gone = [one for one in known if one.lineage not in alive and one.retired_at is None]
    retired = 0
    for playlist in gone:
        retired += await playlists.retire(c, playlist.id)
    return retired
