"""Keeps what a search has found: groups, their identities, names and the order of their songs."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, Self

import numpy as np
import numpy.typing as npt

from segue.clustering import ClusteringParameters
from segue.clustering.model import Model
from segue.model import RecordingId
from segue.store import clusterings
from segue.store.cluster_searches import Search
from segue.store.clusterings import ClusteringId, NewCluster
from segue.store.pool import Connection, Pool

__all__ = ["Conclusion", "Group", "Names", "Words", "kept_outcome"]

_KEPT = 10  # clusterings, so that they can be compared


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A group with its identity; `portrait` is as the search painted it, `former` a name it lost."""

    lineage: int | None
    name: str
    description: str
    position: int | None
    order: Sequence[RecordingId]
    portrait: Mapping[str, Any]
    former: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Conclusion:
    """What a child found; `labels` and `distances` are of `ids`, the groups in the order of labels."""

    parameters: ClusteringParameters
    score: float
    model: bytes
    remarks: Sequence[str]
    ids: npt.NDArray[np.int64]
    labels: npt.NDArray[np.int32]
    distances: npt.NDArray[np.float32]
    groups: Sequence[Group]

    @classmethod
    def read(cls, reply: Mapping[str, Any]) -> Self:
        """From a child's answer to `conclude`."""
        return cls(
            parameters=ClusteringParameters.from_json(reply["parameters"]),
            score=reply["score"],
            model=reply["model"],
            remarks=list(reply["remarks"]),
            ids=np.frombuffer(reply["ids"], "<i8").astype(np.int64),
            labels=np.frombuffer(reply["labels"], "<i4"),
            distances=np.frombuffer(reply["distances"], "<f4"),
            groups=list(_groups(reply)),
        )

    def chosen(self) -> list[Group]:
        """Those that are to be playlists, by rank."""
        found = [group for group in self.groups if group.position is not None]
        return sorted(found, key=lambda group: group.position or 0)

    def histories(self) -> list[str]:
        """What befell playlists, for people who look back."""
        return [
            f"“{group.former}” has become other music and is called “{group.name}” now, "
            "unless somebody has named it."
            for group in self.chosen()
            if group.former is not None
        ]

    def renamed(self, names: Mapping[str, str]) -> "Conclusion":
        """With other names for some."""
        return replace(self, groups=[replace(one, name=names.get(one.name, one.name)) for one in self.groups])

    def sentence(self) -> str:
        """For the person who watches the run."""
        chosen = self.chosen()
        continued = sum(group.lineage is not None for group in chosen)
        lives = f", {continued} of which live on" if continued else ""
        remarks = "".join(f" {remark}" for remark in (*self.remarks, *self.histories()))
        return (
            f"{len(chosen)} playlists{lives}, out of {len(self.groups)} groups of {len(self.ids)} "
            f"recordings; score {self.score:.3f}.{remarks}"
        )


class Names(Protocol):
    """How groups are named."""

    @property
    def template(self) -> str:
        """From which words names are made."""
        ...

    async def improve(self, conclusion: Conclusion, pool: Pool) -> Conclusion:
        """Perhaps with better names for groups that are new; never fails."""
        ...


@dataclass(frozen=True, slots=True)
class Words:
    """Names made of words, and nothing more."""

    template: str

    async def improve(self, conclusion: Conclusion, pool: Pool) -> Conclusion:
        return conclusion


async def kept_outcome(c: Connection, search: Search, conclusion: Conclusion) -> ClusteringId:
    """A new clustering, from the commit on the newest."""
    kept = await clusterings.save(
        c,
        run=search.run_id,
        space=search.space_id,
        source=conclusion.parameters.source.value,
        parameters=json.loads(conclusion.parameters.as_json()),
        seed=search.seed,
        score=conclusion.score,
        recordings=len(conclusion.ids),
        mean_distance=float(conclusion.distances.mean(dtype=np.float64)),
        model=conclusion.model,
        servers=search.servers,
        libraries=search.libraries,
        remarks=[*conclusion.remarks, *conclusion.histories()],
        clusters=await _clusters(c, conclusion),
    )
    await clusterings.prune(c, keep=_KEPT)
    return kept


async def _clusters(c: Connection, conclusion: Conclusion) -> list[NewCluster]:
    born = sum(group.lineage is None for group in conclusion.groups)
    fresh = iter(await clusterings.new_lineages(c, born))
    centres = Model.from_bytes(conclusion.model).centres
    return [
        NewCluster(
            lineage=next(fresh) if group.lineage is None else group.lineage,
            place=place,
            position=group.position,
            name=group.name,
            description=group.description,
            centroid=centres[place].astype("<f4").tobytes(),
            members=_members(conclusion, place),
            order=group.order,
        )
        for place, group in enumerate(conclusion.groups)
    ]


def _members(conclusion: Conclusion, place: int) -> list[tuple[RecordingId, float]]:
    rows = np.flatnonzero(conclusion.labels == place)
    ids, distances = conclusion.ids[rows].tolist(), conclusion.distances[rows].tolist()
    return [(RecordingId(one), distance) for one, distance in zip(ids, distances, strict=True)]


def _groups(reply: Mapping[str, Any]) -> Iterator[Group]:
    orders = np.frombuffer(reply["orders"], "<i8").tolist()
    start = 0
    for one, portrait in zip(reply["settled"], reply["portraits"], strict=True):
        end = start + one["songs"]
        yield Group(
            lineage=one["lineage"],
            name=one["name"],
            description=one["description"],
            position=one["position"],
            order=[RecordingId(song) for song in orders[start:end]],
            portrait=portrait,
            former=one["former"],
        )
        start = end
