"""Whom somebody may have meant by a name that nobody bears."""

from difflib import SequenceMatcher

from segue.similarity.errors import UnknownSeed
from segue.similarity.works import folded
from segue.store import tracks
from segue.store.pool import Connection

__all__ = ["alike", "unknown_artist"]

_LOOKED_AT = 20
_ALIKE = 0.7


async def unknown_artist(c: Connection, name: str) -> UnknownSeed:
    """The refusal, with the name of the artist who is likeliest meant."""
    meant = [f" Did you mean {best!r}?" for best in (await alike(c, name))[:1]]
    return UnknownSeed(f"No artist is known as {name!r}.{''.join(meant)}")


async def alike(c: Connection, name: str) -> list[str]:
    """Artists who are written much like this, the likeliest first."""
    rows = await tracks.search(c, name, _LOOKED_AT)
    likeness = {row.artist: _likeness(name, row.artist) for row in rows if row.artist}
    found = [artist for artist in likeness if likeness[artist] >= _ALIKE]
    return sorted(found, key=lambda artist: (-likeness[artist], artist))


def _likeness(name: str, artist: str) -> float:
    """With the whole, or with as many words of it: people leave words out."""
    asked, words = folded(name), folded(artist).split()
    count = len(asked.split())
    parts = {" ".join(words[at : at + count]) for at in range(len(words) - count + 1)}
    return max(
        SequenceMatcher(None, asked, part, autojunk=False).ratio() for part in {*parts, " ".join(words)}
    )
