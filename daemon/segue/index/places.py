"""Where each number has its row: an array in pages, so that gaps between numbers cost little."""

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["NOWHERE", "Places"]

Numbers = npt.NDArray[np.int64]
Rows = npt.NDArray[np.int32]

NOWHERE = -1
_BITS = 10
_PAGE = 1 << _BITS


class Places:
    """From positive numbers to rows; 4 bytes each, and gaps of more than a page cost nothing.

    One writer; readers in other threads see each number's row as it was before or after.
    """

    def __init__(self) -> None:
        self._pages = np.full((16, _PAGE), NOWHERE, np.int32)  # the first one stays empty
        self._used = 1
        self._page_of = np.zeros(16, np.int32)  # the first and the last one stay empty

    def __getitem__(self, number: int) -> int:
        page_of, high = self._page_of, (number >> _BITS) + 1
        if not 0 < high < len(page_of):
            return NOWHERE
        page = page_of[high]  # before the pages are looked at, which only grow
        return int(self._pages[page, number & (_PAGE - 1)])

    def of(self, numbers: Numbers) -> Rows:
        """The row of each; NOWHERE where there is none."""
        pages = self._page_of.take((numbers >> _BITS) + 1, mode="clip")
        found: Rows = self._pages[pages, numbers & (_PAGE - 1)]
        return found

    def __setitem__(self, number: int, row: int) -> None:
        page = self._page_for((number >> _BITS) + 1)  # a statement of its own, for it may replace the pages
        self._pages[page, number & (_PAGE - 1)] = row

    def put(self, numbers: Numbers, rows: npt.NDArray[np.integer[Any]]) -> None:
        """The row of each of these."""
        highs = (numbers >> _BITS) + 1
        for high in np.unique(highs).tolist():
            self._page_for(high)
        self._pages[self._page_of[highs], numbers & (_PAGE - 1)] = rows

    def _page_for(self, high: int) -> int:
        if high >= len(self._page_of) - 1:
            self._page_of = _grown(self._page_of, high + 2, 0)
        if not self._page_of[high]:
            if self._used == len(self._pages):
                self._pages = _grown(self._pages, self._used + 1, NOWHERE)
            self._page_of[high] = self._used
            self._used += 1
        return int(self._page_of[high])


def _grown(old: Rows, least: int, filled_with: int) -> Rows:
    grown = np.full((max(least, len(old) * 5 // 4), *old.shape[1:]), filled_with, np.int32)
    grown[: len(old)] = old
    return grown
