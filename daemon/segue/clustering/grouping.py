"""Who belongs to which centre, and which of them make its playlist."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from segue.clustering.corpus import Matrix, Rows
from segue.clustering.limits import Limits

__all__ = ["Grouped", "centres_of", "form_playlists", "group", "group_as", "nearest"]

_CHUNK = 4096


@dataclass(frozen=True, slots=True)
class Grouped:
    """For each point its centre, the distance to it and to the nearest other one."""

    labels: Rows
    distances: Matrix
    others: Matrix


def nearest(points: Matrix, centres: Matrix) -> Rows:
    """For each point the number of its nearest centre."""
    squares = np.einsum("ij,ij->i", centres, centres)
    labels = np.empty(len(points), np.int64)
    for start in range(0, len(points), _CHUNK):
        part = points[start : start + _CHUNK]
        labels[start : start + len(part)] = (squares - 2 * (part @ centres.T)).argmin(axis=1)
    return labels


def group(points: Matrix, centres: Matrix) -> Grouped:
    """Each point with its nearest centre."""
    return _measured(points, centres, nearest(points, centres))


def group_as(points: Matrix, labels: Rows) -> tuple[Grouped, Matrix]:
    """Points with the groups they are told to be in, and the centres of these."""
    _, dense = np.unique(labels, return_inverse=True)
    centres = centres_of(points, dense)
    return _measured(points, centres, dense.astype(np.int64)), centres


def _measured(points: Matrix, centres: Matrix, labels: Rows) -> Grouped:
    squares = np.einsum("ij,ij->i", centres, centres)
    distances, others = np.empty(len(points), np.float32), np.full(len(points), np.inf, np.float32)
    for start in range(0, len(points), _CHUNK):
        part = points[start : start + _CHUNK]
        here, rows = slice(start, start + len(part)), np.arange(len(part))
        apart = squares - 2 * (part @ centres.T) + np.einsum("ij,ij->i", part, part)[:, None]
        distances[here] = np.sqrt(np.maximum(apart[rows, labels[here]], 0))
        if len(centres) > 1:
            apart[rows, labels[here]] = np.inf
            others[here] = np.sqrt(np.maximum(apart.min(axis=1), 0))
    return Grouped(labels, distances, others)


def centres_of(points: Matrix, labels: Rows) -> Matrix:
    """The mean point of each label that has members, in the order of labels; -1 is nobody."""
    members = labels >= 0
    if not members.all():
        points, labels = points[members], labels[members]
    order = np.argsort(labels, kind="stable")
    starts = _starts(labels[order])
    if not len(starts):
        return np.zeros((0, points.shape[1]), np.float32)
    sums = np.add.reduceat(points[order], starts, axis=0, dtype=np.float64)
    counts = np.diff(np.r_[starts, len(order)])
    means: Matrix = (sums / counts[:, None]).astype(np.float32)
    return means


def form_playlists(
    labels: Rows, distances: Matrix, artists: Rows, *, reach: float, limits: Limits
) -> npt.NDArray[np.int64]:
    """For each row the playlist it is in, by its label; -1 is none.

    A playlist holds the songs within reach, the nearest first, and so many of an artist at most,
    unless it would be shorter than a playlist may be. Groups too small for a playlist have none.
    """
    rows = np.flatnonzero(distances <= reach)
    sizes = np.bincount(labels[rows], minlength=int(labels.max(initial=-1)) + 1)
    rows = rows[sizes[labels[rows]] >= limits.playlist_min]
    surplus = _beyond_artist_share(labels[rows], distances[rows], artists[rows], limits.per_artist)
    order = np.lexsort((rows, distances[rows], surplus, labels[rows]))
    rows, surplus = rows[order], surplus[order]
    ranks = _ranks(labels[rows])
    kept = ~surplus | (ranks < limits.playlist_min)
    if limits.playlist_max:
        kept &= ranks < max(limits.playlist_max, limits.playlist_min)
    playlists = np.full(len(labels), -1, np.int64)
    playlists[rows[kept]] = labels[rows[kept]]
    return playlists


def _beyond_artist_share(labels: Rows, distances: Matrix, artists: Rows, share: int) -> npt.NDArray[np.bool_]:
    if not share:
        return np.zeros(len(labels), np.bool_)
    order = np.lexsort((np.arange(len(labels)), distances, artists, labels))
    pairs = labels[order] * (int(artists.max(initial=0)) + 2) + artists[order] + 1
    surplus = np.empty(len(labels), np.bool_)
    surplus[order] = _ranks(pairs) >= share
    return surplus & (artists >= 0)


def _starts(ordered: Rows) -> Rows:
    """Where each run of equal values begins."""
    return np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]]) if len(ordered) else ordered


def _ranks(ordered: Rows) -> Rows:
    """The place of each row within its run of equal values."""
    starts = _starts(ordered)
    lengths = np.diff(np.r_[starts, len(ordered)])
    return np.arange(len(ordered)) - np.repeat(starts, lengths)
