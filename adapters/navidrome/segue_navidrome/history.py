"""What our user played, starred and rated; other users' history is not for us to see."""

from collections.abc import AsyncIterator
from datetime import datetime

from segue.model import TrackId, UserId
from segue.sdk import Play, Unsupported, User
from segue_navidrome.listing import Listing
from segue_navidrome.payloads import Song

__all__ = ["History"]

_BEST = 5


class History:
    """Read from the songs themselves: a count, a last time, a star and a rating for each."""

    def __init__(self, listing: Listing, username: str) -> None:
        self._listing = listing
        self._user = User(id=UserId(username), name=username)

    async def users(self) -> AsyncIterator[User]:
        """The one that we are."""
        yield self._user

    async def plays(self, user: UserId, since: datetime) -> AsyncIterator[Play]:
        """Songs played since then, and all that are starred or rated."""
        if user != self._user.id:
            raise Unsupported(f"The server tells us the history of {self._user.name} only.")
        async for songs in self._listing.pages_of_all():
            for song in songs:
                at = song.played or song.starred or song.created
                recent = song.played is not None and song.played >= since
                if at is not None and (recent or song.starred or song.userRating):
                    yield _play(song, at)


def _play(song: Song, at: datetime) -> Play:
    return Play(
        track_id=TrackId(song.id),
        at=at,
        count=song.playCount or 0,
        favourite=song.starred is not None,
        rating=min(song.userRating, _BEST) / _BEST if song.userRating else None,
    )
