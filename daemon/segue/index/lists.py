"""The nearest of every recording, kept ready, so that most questions only read what stands there."""

import threading
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from segue.index.exact import best
from segue.index.neighbours import Found, ranked, unit
from segue.index.table import Ids, Rows, Table, Vectors, View

__all__ = ["ROOM", "Kept", "Lists", "NearestLists"]

ROOM = 144  # what comes later is put behind, until a list is full and keeps its best
_LENGTH = 120  # 50 songs ask for 101 candidates, and some of a list die
_BLOCK = 256  # rows at once: so many make the product as fast as it gets
_COLUMNS = 4096
_SAMPLE = 4096
_LONGEST_TAIL = 4096  # rows that no list knows yet are compared one by one
_MOVED_AT_ONCE = 4096
_EQUAL = 8  # the order of a list is that of a float32 product; what is so near may belong before it
_NEVER = np.inf

_Cosines = npt.NDArray[np.float32]
_Flags = npt.NDArray[np.bool_]


class Lists(NamedTuple):
    """Per row: its nearest, how many they are, and the cosine above which none is left out.

    The first ones, `ordered`, are nearest first; what came since stands behind them.
    """

    nearest: npt.NDArray[np.int32]
    lengths: npt.NDArray[np.uint8]
    ordered: npt.NDArray[np.uint8]
    bounds: _Cosines

    def of(self, rows: Rows) -> "Lists":
        """A copy of those of some rows."""
        return Lists(self.nearest[rows], self.lengths[rows], self.ordered[rows], self.bounds[rows])


class Kept(NamedTuple):
    """Lists apart from their table: by the recording and change of each row, -1 for a dead one."""

    ids: Ids
    changes: Ids
    lists: Lists


class _State(NamedTuple):
    """Which rows the lists know; the others are `late`, or come after the first `seen`."""

    lists: Lists
    known: _Flags
    late: Rows
    seen: int


class _Pairs(NamedTuple):
    """Rows that are near to those of a block, which are told by their place in it."""

    places: Rows
    near: Rows
    cosines: _Cosines


class NearestLists:
    """For every row of a table its 120 nearest, exactly, in 583 bytes a row.

    A list holds every known row that lived when it was compared and whose cosine is above the list's bound.
    So whatever died since, what lives in it and what is not known yet hold the true nearest, as many as live
    in it. One writer, who calls `advance`; any number of readers in any thread, who never wait.
    """

    def __init__(self, table: Table, kept: Kept | None = None) -> None:
        """Empty lists, or the kept ones as far as the table's rows are theirs."""
        self.table = table
        self._state = _unmade(table.view) if kept is None else _moved(kept, table.view)
        self._made = 0  # of the rows at the beginning
        self._to_make = self._state.seen if kept is None else 0
        self._rewriting = -1  # the row whose list is being written anew
        self._rewritten = 0
        self._writing = threading.Lock()

    @property
    def is_whole(self) -> bool:
        """Whether every row of the beginning has its list."""
        return self._made >= self._to_make

    @property
    def is_due(self) -> bool:
        """Whether there is something to make or to mend."""
        state = self._state
        return not self.is_whole or len(state.late) > 0 or len(self.table.view) >= state.seen + _BLOCK

    @property
    def listed(self) -> int:
        """How many rows have their list."""
        return self._state.seen - len(self._state.late) if self.is_whole else self._made

    def advance(self) -> None:
        """Make or mend a few lists, if any is due.

        It takes some 30 ms for each 10,000 rows of the table: call it in a thread.
        """
        with self._writing:
            if not self.is_whole:
                end = min(self._made + _BLOCK, self._to_make)
                self._make(np.arange(self._made, end), self._state.known, mending=False)
                self._made = end
            elif self.is_due:
                self._extend()

    def kept(self) -> Kept:
        """What goes on in another table or process, also of a part; it may wait for `advance`."""
        with self._writing:
            lists, known, _, seen = self._state
            view = self.table.view
            listed = known & view.alive[:seen]
            if not self.is_whole:
                listed[self._made :] = False
            ids = np.where(listed, view.ids[:seen], -1)
            return Kept(ids, view.changes[:seen], lists.of(np.arange(seen)))

    def nearest(self, recording: int, count: int) -> Found | None:
        """The recording itself and what is nearest to it; None where that is not known here."""
        rewritten, (lists, known, late, seen) = self._rewritten, self._state
        view, (row,) = self.table.find([recording])
        if not 0 <= row < seen or not known[row] or len(late) + len(view) - seen > _LONGEST_TAIL:
            return None
        rows, ordered = lists.nearest[row, : lists.lengths[row]].astype(np.int64), lists.ordered[row]
        if self._rewriting == row or self._rewritten != rewritten:
            return None
        first, more = (_living(part, known, view) for part in (rows[:ordered], rows[ordered:]))
        if len(first) + len(more) + 1 < count:
            return None
        query = unit(view.units[row])
        tail = np.arange(seen, len(view))
        if len(late):
            tail = np.concatenate([late, tail])
        tail = tail[best(view.units[tail] @ query, count, view.alive[tail])]
        return ranked(view, np.concatenate([[row], first[: count + _EQUAL], more, tail]), query, count)

    def _extend(self) -> None:
        """Lists for the next rows that have none, and their places in those of the others."""
        lists, known, late, seen = self._state
        block, late = late[:_BLOCK], late[_BLOCK:]
        if not len(block):
            block, seen = np.arange(seen, seen + _BLOCK), seen + _BLOCK
            known = np.concatenate([known[: seen - _BLOCK], np.zeros(_BLOCK, np.bool_)])
            lists = _with_room(lists, seen)
            self._state = self._state._replace(lists=lists)
        known = known.copy()
        known[block] = True
        self._make(block, known, mending=True)
        self._state = _State(lists, known, late, seen)

    def _make(self, block: Rows, known: _Flags, *, mending: bool) -> None:
        """The lists of a block of rows among the known; mending: the block's places in theirs, too."""
        view, bounds = self.table.view, self._state.lists.bounds
        queries = view.units[block]
        wanted = known & view.alive[: len(known)]
        floors = _floors(view, queries, wanted)
        own, others = [], []
        for first in range(0, len(known), _COLUMNS):
            last = min(first + _COLUMNS, len(known))
            cosines = queries @ view.units[first:last].T
            own.append(_pairs(cosines, cosines > floors[:, None], first))
            if mending:
                others.append(_pairs(cosines, cosines > bounds[first:last], first))
        if mending:
            self._mend(view, block, _joined(others))
        pairs = _joined(own)
        others_of = wanted[pairs.near] & (pairs.near != block[pairs.places])
        self._write(view, block, _where(others_of, pairs), floors)

    def _write(self, view: View, block: Rows, pairs: _Pairs, floors: _Cosines) -> None:
        """New lists, nearest first."""
        lists, alive = self._state.lists, view.alive[block]
        places, near, cosines = pairs
        order = np.lexsort((near, -cosines, places))
        places, near, cosines = places[order], near[order], cosines[order]
        firsts, ends = (np.searchsorted(places, np.arange(len(block)), side) for side in ("left", "right"))
        within = np.arange(len(places)) - firsts[places]
        fits = within < _LENGTH
        lists.nearest[block[places[fits]], within[fits]] = near[fits]
        bounds = floors.copy()
        cut = ends - firsts > _LENGTH
        bounds[cut] = cosines[firsts[cut] + _LENGTH - 1]
        lists.bounds[block] = np.where(alive, bounds, _NEVER)
        lists.ordered[block] = np.where(alive, np.minimum(ends - firsts, _LENGTH), 0)
        lists.lengths[block] = lists.ordered[block]  # last: now it is read

    def _mend(self, view: View, block: Rows, pairs: _Pairs) -> None:
        """Put the block's rows into the lists of those they are near to."""
        living = view.alive[pairs.near] & view.alive[block[pairs.places]]
        old, new = pairs.near[living], block[pairs.places[living]]
        order = np.argsort(old, kind="stable")
        old, new = old[order], new[order]
        rows, firsts, counts = np.unique(old, return_index=True, return_counts=True)
        lists = self._state.lists
        fits = lists.lengths[rows] + counts <= ROOM
        fitting = np.repeat(fits, counts)
        within = lists.lengths[old] + np.arange(len(old)) - np.repeat(firsts, counts)
        lists.nearest[old[fitting], within[fitting]] = new[fitting]
        lists.lengths[rows[fits]] += counts[fits].astype(np.uint8)
        for row, first, count in zip(rows[~fits], firsts[~fits], counts[~fits], strict=True):
            self._shorten(view, row, new[first : first + count])

    def _shorten(self, view: View, row: int, new: Rows) -> None:
        """A full list keeps its best."""
        lists = self._state.lists
        rows = np.concatenate([lists.nearest[row, : lists.lengths[row]], new])
        rows = rows[view.alive[rows]]
        cosines = view.units[rows] @ view.units[row]
        order = np.argsort(-cosines, kind="stable")[:_LENGTH]
        self._rewriting = row
        lists.nearest[row, : len(order)] = rows[order]
        lists.lengths[row] = lists.ordered[row] = len(order)
        if len(order) < len(rows):
            lists.bounds[row] = cosines[order[-1]]
        self._rewritten += 1
        self._rewriting = -1


def _empty(rows: int) -> Lists:
    return Lists(
        nearest=np.zeros((rows, ROOM), np.int32),
        lengths=np.zeros(rows, np.uint8),
        ordered=np.zeros(rows, np.uint8),
        bounds=np.full(rows, _NEVER, np.float32),
    )


def _living(rows: Rows, known: _Flags, view: View) -> Rows:
    rows = rows[rows < len(known)]  # others are being put into a list now, and are late as yet
    return rows[known[rows] & view.alive[rows]]


def _with_room(lists: Lists, rows: int) -> Lists:
    held = len(lists.lengths)
    if rows <= held:
        return lists
    grown = _empty(max(rows, held * 9 // 8))
    grown.nearest[:held], grown.lengths[:held] = lists.nearest, lists.lengths
    grown.ordered[:held], grown.bounds[:held] = lists.ordered, lists.bounds
    return grown


def _unmade(view: View) -> _State:
    """Every row is known: the lists are about to be made among all of them."""
    rows = len(view)
    return _State(_empty(rows), np.ones(rows, np.bool_), np.zeros(0, np.int64), rows)


def _moved(kept: Kept, view: View) -> _State:
    """Every living row is known or late; of the kept rows only those of the same changes are the same."""
    rows = view.rows.of(kept.ids)
    here = (rows >= 0) & (rows < len(view))
    here[here] = view.changes[rows[here]] == kept.changes[here]
    rows[~here] = -1
    lists = _empty(len(view))
    for start in range(0, len(rows), _MOVED_AT_ONCE):
        part = slice(start, start + _MOVED_AT_ONCE)
        from_rows = start + np.flatnonzero(here[part])
        of, old = rows[from_rows], kept.lists.of(from_rows)
        nearest = np.where(np.arange(ROOM) < old.lengths[:, None], rows[old.nearest], -1)
        left = nearest >= 0
        lists.nearest[of] = np.take_along_axis(nearest, np.argsort(~left, axis=1, kind="stable"), axis=1)
        lists.lengths[of], lists.bounds[of] = left.sum(axis=1), old.bounds
        lists.ordered[of] = (left & (np.arange(ROOM) < old.ordered[:, None])).sum(axis=1)
    known = np.zeros(len(view), np.bool_)
    known[rows[here]] = True
    return _State(lists, known, np.flatnonzero(view.alive & ~known), len(view))


def _floors(view: View, queries: Vectors, wanted: _Flags) -> _Cosines:
    """A cosine for each query that some 250 of the wanted rows are above, told by a sample of them."""
    rows = np.flatnonzero(wanted)
    sample = rows[:: -(-len(rows) // _SAMPLE) or 1]
    rank = 2 * _LENGTH * len(sample) // max(len(rows), 1) + 3
    if rank >= len(sample):
        return np.full(len(queries), -2, np.float32)
    cosines = queries @ view.units[sample].T
    floors: _Cosines = np.partition(cosines, len(sample) - rank, axis=1)[:, len(sample) - rank]
    return floors


def _pairs(cosines: _Cosines, chosen: _Flags, first: int) -> _Pairs:
    places, near = np.nonzero(chosen)
    return _Pairs(places, near + first, cosines[places, near])


def _where(wanted: _Flags, pairs: _Pairs) -> _Pairs:
    return _Pairs(pairs.places[wanted], pairs.near[wanted], pairs.cosines[wanted])


def _joined(parts: list[_Pairs]) -> _Pairs:
    return _Pairs(*(np.concatenate(column) for column in zip(*parts, strict=True)))
