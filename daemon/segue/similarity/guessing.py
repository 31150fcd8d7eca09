"""Whom somebody may have meant by a name that nobody bears."""

from difflib import SequenceMatcher

from segue.similarity.errors import UnknownSeed
from segue.similarity.works import folded
from segue.store import tracks
from segue.store.pool import Connection

__all__ = ["unknown_artist"]

_LOOKED_AT = 20
_ALIKE = 0.7


async def unknown_artist(c: Connection, name: str) -> UnknownSeed:
    """The refusal, with the name of the artist who is likeliest meant."""
    rows = await tracks.search(c, name, _LOOKED_AT)
    likeness = {row.artist: _likeness(name, row.artist) for row in rows if row.artist}
    best = max(likeness, key=lambda artist: likeness[artist], default=None)
    meant = f" Did you mean {best!r}?" if best is not None and likeness[best] >= _ALIKE else ""
    return UnknownSeed(f"No artist is known as {name!r}.{meant}")


def _likeness(one: str, other: str) -> float:
    return SequenceMatcher(None, folded(one), folded(other), autojunk=False).ratio()
