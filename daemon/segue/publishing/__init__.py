"""Playlists on servers: people's edits are read first, then each copy is edited as little as can be."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from segue.model import PlaylistId
from segue.publishing.asked import Fill, Filler
from segue.publishing.journal import Journal
from segue.publishing.publish import Headers, Plan, Publisher
from segue.publishing.shelf import Shelf, shelf_of
from segue.store.copies import Copy
from segue.store.playlists import PlaylistKey

__all__ = [
    "DoubtfulError",
    "Fill",
    "Journal",
    "Looked",
    "Plan",
    "Shelf",
    "Wanted",
    "foresee",
    "look",
    "shelf_of",
]

_DOUBTED_HOURS = 24.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Whose lists are filled: those whose names begin with `prefix` (empty: none), up to so many songs."""

    prefix: str = "~"
    songs: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What came of a look: the lists that the server has now, and how many were changed."""

    known: Collection[PlaylistId]
    changed: int


class DoubtfulError(Exception):
    """What a server shows cannot be the whole: a sentence."""


async def look(shelf: Shelf, journal: Journal, fill: Fill, wanted: Wanted) -> Looked:
    """Bring one server's playlists up to date; to be repeated at any time, also after breaking off."""
    headers = await shelf.headers()
    copies = await journal.copies()
    lost = _lost(headers, copies)
    if lost and not await journal.is_empty_for(hours=_DOUBTED_HOURS):
        raise DoubtfulError(_doubt(lost))
    publisher = Publisher(shelf, journal, headers)
    filler = Filler(shelf, journal, fill, prefix=wanted.prefix, songs=wanted.songs)
    changed = await publisher.publish(copies)
    changed += await filler.fill(headers, copies)
    if changed or any(copy.intent for copy in copies):  # then lists were there for a moment only
        headers = await shelf.headers()
    if await filler.find(headers, await journal.copies()):
        asked = [copy for copy in await journal.copies() if copy.theirs and copy.version is None]
        changed += await filler.fill(headers, asked)
    return Looked(known=set(headers) | set(publisher.ids), changed=changed)


async def foresee(
    shelf: Shelf,
    journal: Journal,
    copies: Sequence[Copy] | None = None,
    *,
    only: PlaylistKey | None = None,
) -> list[Plan]:
    """What a look would do, with the copies as they are, or would be; nothing is written anywhere."""
    headers = await shelf.headers()
    if copies is None:
        copies = await journal.copies()
    if lost := _lost(headers, copies):
        raise DoubtfulError(_doubt(lost))
    return await Publisher(shelf, journal, headers).plan(copies, only=only)


def _lost(headers: Headers, copies: Sequence[Copy]) -> int:
    """How many lists are gone where none at all is left: a disk may be away, or a scan under way.

    A single list of ours may well have been the only one; a person's own would lose what we know of it.
    """
    had = [copy for copy in copies if copy.id is not None and copy.given_up is None]
    doubtful = not headers and (len(had) > 1 or any(copy.theirs for copy in had))
    return len(had) if doubtful else 0


def _doubt(lost: int) -> str:
    return (
        f"The server shows no playlists at all, though it had {lost} that Segue looks after. "
        "After a day Segue believes that people deleted them."
    )
