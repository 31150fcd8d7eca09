"""Opaque cursors: where the next page of a listing begins."""

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import TypeVar

from segue.web.errors import INVALID, Fault, Refusal

__all__ = ["cut", "read", "write"]

Item = TypeVar("Item")
_MOST = 2**63 - 1


def write(listing: str, position: int) -> str:
    """The cursor of a position in the listing of this name."""
    return base64.urlsafe_b64encode(f"{listing}:{position}".encode()).decode().rstrip("=")


def read(listing: str, cursor: str | None) -> int | None:
    """The position; Refusal when the cursor belongs to no page of this listing."""
    if cursor is None:
        return None
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
    except (binascii.Error, UnicodeDecodeError):
        text = ""
    name, _, digits = text.partition(":")
    if name != listing or not digits.isdecimal() or len(digits) > 19 or int(digits) > _MOST:
        sentence = "is not from a page of this listing; begin again without it"
        raise Refusal(
            INVALID,
            f"The request is not valid: `cursor` {sentence}.",
            faults=[Fault(where="query.cursor", message=sentence)],
        )
    return int(digits)


def cut(
    listing: str, found: Sequence[Item], limit: int, position: Callable[[Item], int]
) -> tuple[Sequence[Item], str | None]:
    """The page and the next one's cursor, from a look that asked for one item more than `limit`."""
    shown = found[:limit]
    return shown, write(listing, position(shown[-1])) if len(found) > limit else None
