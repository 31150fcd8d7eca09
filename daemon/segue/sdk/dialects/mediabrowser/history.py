"""What users played and like. The servers count a song as played when it starts; the log of what they did
tells when it ended, and so what was skipped."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import datetime

from segue.model import TrackId, UserId
from segue.sdk.contract import Play
from segue.sdk.dialects.mediabrowser.client import Client
from segue.sdk.dialects.mediabrowser.listing import Listing, iso
from segue.sdk.dialects.mediabrowser.parse import payload, seconds
from segue.sdk.dialects.mediabrowser.payloads import Activities, Activity, Item, Items
from segue.sdk.errors import Unsupported

__all__ = ["Hearing", "History", "hearings", "is_heard"]

_STARTS = frozenset({"AudioPlayback", "playback.start"})
_STOPS = frozenset({"AudioPlaybackStopped", "playback.stop"})
_PAGE = 500
_ENOUGH_SECONDS = 240.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Hearing:
    """From a start to its stop."""

    item: str
    at: datetime
    seconds: float


class History:
    """The log tells plays, as long as the server keeps it (30 days); the items tell favourites."""

    def __init__(self, client: Client, listing: Listing) -> None:
        self._client = client
        self._listing = listing

    async def plays(self, user: UserId, since: datetime) -> AsyncIterator[Play]:
        """Each play since then, skipped ones told as such, and every favourite. Only administrators are
        told the log: without it, what is left are the favourites."""
        try:
            log = [entry async for entry in self._log(since)]
        except Unsupported:
            log = []
        heard = list(hearings(entry for entry in log if entry.UserId == user))
        items = await self._listing.items(sorted({one.item for one in heard}))
        lengths = {item.Id: seconds(item) for item in items if item.Type == "Audio"}
        for one in heard:
            if one.item in lengths:
                skipped = not is_heard(one.seconds, lengths[one.item])
                yield Play(track_id=TrackId(one.item), at=one.at, skipped=skipped)
        async for item in self._favourites(user):
            at = (item.UserData.LastPlayedDate if item.UserData else None) or item.DateCreated
            if at is not None:
                yield Play(track_id=TrackId(item.Id), at=at, count=0, favourite=True, rating=_rating(item))

    async def _log(self, since: datetime) -> AsyncIterator[Activity]:
        """Newest first on the server; told oldest first."""
        found: list[Activity] = []
        while True:
            told = await self._client.read(
                "System/ActivityLog/Entries",
                ("startIndex", str(len(found))),
                ("limit", str(_PAGE)),
                ("minDate", iso(since)),
                forbidden=Unsupported,
            )
            rows = payload(Activities, told).Items
            found += rows
            if len(rows) < _PAGE:
                break
        for entry in sorted((one for one in found if one.Date), key=lambda one: one.Date or since):
            yield entry

    async def _favourites(self, user: UserId) -> AsyncIterator[Item]:
        offset = 0
        while True:
            told = await self._client.read(
                "Items",
                ("userId", user),
                ("recursive", "true"),
                ("includeItemTypes", "Audio"),
                ("isFavorite", "true"),
                ("fields", "DateCreated"),
                ("enableImages", "false"),
                ("sortBy", "SortName"),
                ("startIndex", str(offset)),
                ("limit", str(_PAGE)),
            )
            rows = payload(Items, told).Items
            for item in rows:
                yield item
            if len(rows) < _PAGE:
                return
            offset += len(rows)


def hearings(entries: Iterable[Activity]) -> Iterable[Hearing]:
    """Starts with their stops, in the order of time; a start that has no stop may still be going on."""
    begun: dict[str, datetime] = {}
    for entry in entries:
        if entry.ItemId is None or entry.Date is None:
            continue
        if entry.Type in _STARTS:
            begun[entry.ItemId] = entry.Date
        elif entry.Type in _STOPS and entry.ItemId in begun:
            at = begun.pop(entry.ItemId)
            yield Hearing(item=entry.ItemId, at=at, seconds=max(0.0, (entry.Date - at).total_seconds()))


def is_heard(listened: float, length: float | None) -> bool:
    """Half of it, or four minutes of something long."""
    return listened >= min(_ENOUGH_SECONDS, length / 2 if length else _ENOUGH_SECONDS)


def _rating(item: Item) -> float | None:
    told = item.UserData.Rating if item.UserData else None
    return min(max(told, 0.0), 10.0) / 10 if told is not None else None
