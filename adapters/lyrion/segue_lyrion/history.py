"""What the server counts of everybody's plays, and the ratings that it keeps."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime

from segue.model import TrackId, UserId
from segue.sdk import Play, User
from segue_lyrion.listing import Listing
from segue_lyrion.payloads import Title
from segue_lyrion.urls import is_file

__all__ = ["EVERYBODY", "History", "spans"]

EVERYBODY = User(id=UserId("lyrion"), name="Everybody")
"""The server knows no users."""

_HOUR = 3600
_DAY = 24 * _HOUR
_MONTH = 30 * _DAY
_HOURLY, _DAILY, _MONTHLY = 2 * _DAY, 60 * _DAY, 36 * _MONTH
_TAGS = "uROxE"


class History:
    """A song's last play can be asked for but is not told: so it is asked for hour by hour, day by day."""

    def __init__(self, listing: Listing) -> None:
        self._listing = listing

    async def plays(self, since: datetime) -> AsyncIterator[Play]:
        """Songs played since then, the moment rounded down; and all that are rated."""
        told: set[str] = set()
        begin = max(0, int(since.timestamp()))
        for start, end in spans(begin, int(datetime.now(UTC).timestamp()) + 1):
            played = f"tracks_persistent.lastplayed >= {start} AND tracks_persistent.lastplayed < {end}"
            async for title in self._titles(played):
                told.add(title.id)
                yield _play(title, start)
        async for title in self._titles("tracks_persistent.rating > 0"):
            if title.id not in told:
                yield _play(title, 0)

    async def _titles(self, wanted: str) -> AsyncIterator[Title]:
        async for page in self._listing.pages(wanted, _TAGS):
            for title in page:
                if is_file(title.url) and not title.extid:
                    yield title


def spans(begin: int, end: int) -> Iterator[tuple[int, int]]:
    """Times from `begin` to `end`, in pieces that are finer the younger they are."""
    start = begin
    while start < end:
        age = end - start
        if age > _MONTHLY:
            step, edge = age - _MONTHLY, 1
        elif age > _DAILY:
            step, edge = _MONTH, _DAY
        elif age > _HOURLY:
            step, edge = _DAY, _DAY
        else:
            step, edge = _HOUR, _HOUR
        stop = min(end, max(start + 1, (start + step) // edge * edge))
        yield start, stop
        start = stop


def _play(title: Title, at: int) -> Play:
    rating = title.rating if title.rating and 0 < title.rating <= 100 else None
    return Play(
        track_id=TrackId(title.url or ""),
        at=datetime.fromtimestamp(at, UTC),
        count=max(0, title.playcount or 0),
        rating=None if rating is None else rating / 100,
    )
