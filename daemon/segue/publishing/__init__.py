"""Playlists on servers: people's edits are read first, then each copy is edited as little as can be."""

from collections.abc import Collection
from dataclasses import dataclass

from segue.model import PlaylistId
from segue.publishing.asked import Fill, Filler
from segue.publishing.journal import Journal
from segue.publishing.publish import Plan, Publisher
from segue.publishing.shelf import Shelf, shelf_of

__all__ = ["Fill", "Journal", "Looked", "Plan", "Shelf", "Wanted", "foresee", "look", "shelf_of"]


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


async def look(shelf: Shelf, journal: Journal, fill: Fill, wanted: Wanted) -> Looked:
    """Bring one server's playlists up to date; to be repeated at any time, also after breaking off."""
    headers = await shelf.headers()
    copies = await journal.copies()
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


async def foresee(shelf: Shelf, journal: Journal) -> list[Plan]:
    """What a look would do; nothing is written anywhere."""
    return await Publisher(shelf, journal, await shelf.headers()).plan(await journal.copies())
