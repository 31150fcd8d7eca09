"""How good a way to order a library by likeness is, from tags and copies alone; pure."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Measures", "measure"]

_NEAREST = 10
_FAR = np.inf

Matrix = npt.NDArray[np.float64]
Names = npt.NDArray[np.str_]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """Precisions are shares of what could be found among the nearest; None where nothing could."""

    album: float | None
    album_of_others: float | None
    artist: float | None
    artist_elsewhere: float | None
    skewness: float
    most_often: int
    never: float
    artists: float
    copies_first: float | None
    copy_median: float | None
    nearest_other: float


def measure(
    apart: Matrix, artist: Names, album: Names, copies: Matrix, copy_of: npt.NDArray[np.int64]
) -> Measures:
    """`apart[i, j]` is how far j is from i; `copies[k, j]` how far copy k is from song j."""
    np.fill_diagonal(apart, _FAR)
    same_album, same_artist = _same(album), _same(artist)
    often = np.bincount(_nearest(apart, _NEAREST).ravel(), minlength=len(apart))
    of_copies = [int((row < row[song]).sum()) for row, song in zip(copies, copy_of, strict=True)]
    to_copies = [float(row[song]) for row, song in zip(copies, copy_of, strict=True)]
    return Measures(
        album=_precision(apart, same_album, np.zeros_like(same_album)),
        album_of_others=_precision(apart, same_album & ~same_artist, same_artist),
        artist=_precision(apart, same_artist, np.zeros_like(same_artist)),
        artist_elsewhere=_precision(apart, same_artist & ~same_album, same_album),
        skewness=float(((often - often.mean()) ** 3).mean() / max(often.std(), 1e-9) ** 3),
        most_often=int(often.max()),
        never=float((often == 0).mean()),
        artists=float(np.mean([len(set(artist[row])) for row in _nearest(apart, _NEAREST)])),
        copies_first=float(np.mean(np.array(of_copies) == 0)) if of_copies else None,
        copy_median=float(np.median(to_copies)) if to_copies else None,
        nearest_other=float(apart.min()),
    )


def _nearest(apart: Matrix, count: int) -> npt.NDArray[np.int64]:
    return np.argsort(apart, axis=1, kind="stable")[:, :count]


def _same(names: Names) -> Flags:
    """Who has no name shares it with nobody."""
    same: Flags = (names[:, None] == names[None, :]) & (names != "")[:, None]
    np.fill_diagonal(same, False)
    return same


def _precision(apart: Matrix, wanted: Flags, left_out: Flags) -> float | None:
    """At five, or at as many as there are; over the songs that have any to be found."""
    found = []
    for row, right, out in zip(apart, wanted, left_out, strict=True):
        count = min(5, int(right.sum()))
        if count:
            order = np.argsort(np.where(out, _FAR, row), kind="stable")[:count]
            found.append(right[order].mean())
    return float(np.mean(found)) if found else None
