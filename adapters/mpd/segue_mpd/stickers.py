"""What players and clients note of songs in MPD's stickers, in the words of myMPD."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime

from segue.model import TrackId, UserId
from segue.sdk import Play, User
from segue_mpd.library import Connect
from segue_mpd.wire import grouped, refusals

__all__ = ["EVERYBODY", "Stickers"]

EVERYBODY = User(id=UserId("mpd"), name="Everybody")
"""MPD knows no users."""

_NAMES = ("playCount", "lastPlayed", "rating", "like")


@dataclass(slots=True)
class _Notes:
    playCount: int = 0  # noqa: N815  the sticker's own name
    lastPlayed: int = 0  # noqa: N815
    rating: int | None = None
    like: int | None = None


class Stickers:
    """Read only; numbers are compared by us, because MPD compares them as text."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect

    async def plays(self, since: datetime) -> AsyncIterator[Play]:
        """Songs played since then, and all that are liked or rated."""
        notes: dict[str, _Notes] = {}
        async with self._connect() as client:
            for name in _NAMES:
                with refusals("to tell stickers"):
                    pairs = await client.ask("sticker", "find", "song", "", name)
                for group in grouped(pairs, "file"):
                    _note(notes, dict(group), name)
        for uri, note in notes.items():
            at = datetime.fromtimestamp(note.lastPlayed, UTC)
            if at >= since or note.like == 2 or note.rating:
                yield Play(
                    track_id=TrackId(uri),
                    at=at,
                    count=note.playCount,
                    favourite=note.like == 2,
                    rating=None if note.rating is None else min(note.rating, 10) / 10,
                )


def _note(notes: dict[str, _Notes], words: dict[str, str], name: str) -> None:
    value = words.get("sticker", "").removeprefix(f"{name}=")
    if value.isascii() and value.isdigit() and len(value) <= 12:
        setattr(notes.setdefault(words["file"], _Notes()), name, int(value))
