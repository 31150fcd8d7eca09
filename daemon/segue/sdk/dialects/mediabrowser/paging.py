"""Reads long lists page by page, and notices when their rows shift between two pages."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

from segue.sdk.dialects.mediabrowser.payloads import Item, Items

__all__ = ["ShiftedError", "pages"]


class ShiftedError(Exception):
    """The list changed while it was read: rows may have been passed over."""


async def pages(fetch: Callable[[int, int], Awaitable[Items]], size: int) -> AsyncIterator[Sequence[Item]]:
    """Rows by `fetch(offset, count)`, complete or ShiftedError.

    Each page begins with the last row known; the end is where that row is the only one; and the server
    must count as many rows all the time as there are different ones.
    """
    seen = 0
    ids: set[str] = set()
    totals: set[int | None] = set()
    last: str | None = None
    while True:
        page = await fetch(max(seen - 1, 0), size)
        totals.add(page.TotalRecordCount)
        rows = page.Items
        if last is not None:
            if not rows or rows[0].Id != last:
                raise ShiftedError
            rows = rows[1:]
        if not rows:
            break
        ids.update(row.Id for row in rows)
        yield rows
        seen += len(rows)
        last = rows[-1].Id
    if totals not in ({len(ids)}, {None}) or len(ids) != seen:
        raise ShiftedError
