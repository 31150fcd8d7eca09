"""Reads long lists page by page, and notices when their rows shift between two pages."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Protocol, TypeVar

__all__ = ["Shifted", "pages"]


class HasId(Protocol):
    @property
    def id(self) -> str: ...


Row = TypeVar("Row", bound=HasId)


class Shifted(Exception):  # noqa: N818  a finding, not an error
    """The list changed while it was read: rows may have been passed over."""


async def pages(
    fetch: Callable[[int, int], Awaitable[Sequence[Row]]], size: int
) -> AsyncIterator[Sequence[Row]]:
    """Rows by `fetch(offset, count)`. Each page begins with the last row known, and the end is where
    that row is the only one: a page that is cut short or empty by mistake is never taken for the end.
    """
    seen = 0
    last: str | None = None
    while True:
        rows = await fetch(max(seen - 1, 0), size)
        if last is not None:
            if not rows or rows[0].id != last:
                raise Shifted
            rows = rows[1:]
        if not rows:
            return
        yield rows
        seen += len(rows)
        last = rows[-1].id
