"""From a library to groups with playlists and portraits, or to a sentence that says why not."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from segue.clustering.backend import KMeans
from segue.clustering.candidates import Candidate
from segue.clustering.corpus import Corpus, Matrix, Rows
from segue.clustering.fitting import fit
from segue.clustering.grouping import form_playlists, group
from segue.clustering.limits import FEWEST_RECORDINGS
from segue.clustering.metrics import Metrics
from segue.clustering.model import Model
from segue.clustering.parameters import ClusteringParameters
from segue.clustering.portrait import Library, Portrait
from segue.clustering.prepared import Prepared, prepare
from segue.clustering.search import Search

__all__ = ["Clustering", "Group", "NoSolution", "cluster", "conclude", "reason_against"]


@dataclass(frozen=True, slots=True)
class NoSolution:
    """Why there are no groups, in a sentence for the person who asked for them."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Recordings that belong together, nearest to the centre first.

    `playlist` are those of them that make a playlist, none where they are too few; `portrait` is of
    the playlist, or of all members where there is none.
    """

    members: Rows
    distances: Matrix
    playlist: Rows
    portrait: Portrait


@dataclass(frozen=True, slots=True, kw_only=True)
class Clustering:
    """The outcome of a search: `groups[i]` is around `model.centres[i]`; `remarks` are for people."""

    parameters: ClusteringParameters
    seed: int
    candidate: Candidate
    score: float
    metrics: Metrics
    model: Model
    groups: tuple[Group, ...]
    remarks: tuple[str, ...]


def cluster(
    corpus: Corpus,
    parameters: ClusteringParameters,
    *,
    seed: int,
    previous: Matrix | None = None,
    kmeans: KMeans | None = None,
    watch: Callable[[Search], None] | None = None,
) -> Clustering | NoSolution:
    """All in one process; `watch` sees the search after each generation and may raise to end it.

    `previous` are the centres of the last clustering as vectors (`Model.vectors`).
    """
    if reason := reason_against(corpus):
        return NoSolution(reason)
    data = prepare(corpus, parameters, seed=seed, previous=previous)
    search = Search.begin(data, kmeans=kmeans)
    while not search.finished:
        search.step(data, kmeans=kmeans)
        if watch:
            watch(search)
    return conclude(search, data)


def reason_against(corpus: Corpus) -> str | None:
    """Why a search need not begin, if so."""
    count = len(corpus)
    if count == 0:
        return "Nothing has been heard yet, so there is nothing to group."
    if count < FEWEST_RECORDINGS:
        heard = "1 recording has" if count == 1 else f"{count} recordings have"
        return f"{heard} been heard; groups need at least {FEWEST_RECORDINGS}."
    if np.ptp(corpus.vectors.astype(np.float64), axis=0).max(initial=0) <= 1e-6:
        return f"All {count} recordings sound exactly alike, so there is nothing to tell them apart by."
    return None


def conclude(search: Search, data: Prepared) -> Clustering | NoSolution:
    """What the search has found so far."""
    solution = search.solution
    if solution is None:
        return NoSolution(_why_nothing(search))
    centres = fit(solution.candidate, data, len(data.rungs) - 1)
    model = Model(geometry=data.geometry, centres=centres, reach=data.reach)
    groups, kept = _groups(model, data)
    if not any(len(one.playlist) for one in groups):
        return NoSolution(
            f"No group has {data.limits.playlist_min} recordings that are near enough to one another for a "
            "playlist; a smaller min_playlist_size or a greater max_distance may help."
        )
    return Clustering(
        parameters=data.parameters,
        seed=data.seed,
        candidate=solution.candidate,
        score=solution.score,
        metrics=solution.metrics,
        model=Model(geometry=model.geometry, centres=centres[kept], reach=model.reach),
        groups=groups,
        remarks=_remarks(search, solution.score),
    )


def _groups(model: Model, data: Prepared) -> tuple[tuple[Group, ...], Rows]:
    """The largest playlists first, and where their centres are; a centre nobody is near has no group."""
    corpus, library = data.corpus, Library(data.corpus)
    grouped = group(data.points, model.centres)
    playlists = form_playlists(
        grouped.labels, grouped.distances, data.whole.artists, reach=model.reach, limits=data.limits
    )
    found = []
    for label in np.unique(grouped.labels).tolist():
        rows = np.flatnonzero(grouped.labels == label)
        rows = rows[np.argsort(grouped.distances[rows], kind="stable")]
        chosen = rows[playlists[rows] == label]
        one = Group(
            members=corpus.ids[rows],
            distances=grouped.distances[rows],
            playlist=corpus.ids[chosen],
            portrait=library.paint(chosen if len(chosen) else rows),
        )
        found.append((one, label))
    found.sort(key=lambda pair: (-len(pair[0].playlist), -len(pair[0].members), int(pair[0].members.min())))
    return tuple(one for one, _ in found), np.array([label for _, label in found], np.int64)


def _why_nothing(search: Search) -> str:
    failures = search.failures
    if not failures:
        return "The search ended before any grouping was complete."
    reason = max(failures, key=lambda one: (failures[one], one))
    return f"None of the groupings that were tried came to anything. Mostly: {reason}"


def _remarks(search: Search, score: float) -> tuple[str, ...]:
    remarks = []
    if search.baseline.by_distance:
        remarks.append(
            "What is weighted differs between groups no more than chance would have it, "
            "so groups were judged by distance alone."
        )
    if score <= 0:
        remarks.append("The groups are no better than chance, or far fewer than wanted.")
    return tuple(remarks)
