"""Tells when a server's library has changed: by its messages where it sends them, and by looking."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from datetime import timedelta

import structlog

from segue.model import Change, LibraryChanged, PlaylistsChanged, TrackChanged, TrackGone, TrackId
from segue.sdk.dialects.mediabrowser.client import Client
from segue.sdk.dialects.mediabrowser.listing import Listing
from segue.sdk.dialects.mediabrowser.messages import News
from segue.sdk.errors import AuthFailed, Malformed, NotFound, Unavailable, Unsupported

__all__ = ["Watching"]

_WITH_NEWS_SECONDS = 60.0
_SLACK = timedelta(minutes=5)  # what is saved now may be told with an older date
_MANY = 100

Listen = Callable[[], AsyncGenerator[News, None]]


class Watching:
    """The feed of one server. `listen` streams what its messages tell.

    `is_told_all`: whether the messages tell of every change, so that looking often is not needed.
    """

    def __init__(
        self,
        client: Client,
        listing: Listing,
        listen: Listen,
        *,
        is_told_all: bool,
        poll_seconds: float,
        log: structlog.stdlib.BoundLogger,
    ) -> None:
        self._client = client
        self._listing = listing
        self._listen = listen
        self._is_told_all = is_told_all
        self._poll_seconds = poll_seconds
        self._log = log

    async def changes(self) -> AsyncIterator[Change]:
        """First a look at everything; then what the messages name, and what looking finds."""
        news = asyncio.Queue[News | None]()
        task = asyncio.create_task(self._hear(news))
        task.add_done_callback(lambda _: news.put_nowait(None))
        try:
            look = _Look(self._client, self._listing)
            await look.changes()
            yield LibraryChanged()
            while True:
                told = await self._next(news, task)
                for change in await (look.changes() if told is None else self._named(told)):
                    yield change
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _next(self, news: "asyncio.Queue[News | None]", task: "asyncio.Task[None]") -> News | None:
        """The next message, or None when it is time to look; raises what broke the messages off."""
        seconds = self._poll_seconds
        if self._is_told_all and not task.done():
            seconds = max(seconds, _WITH_NEWS_SECONDS)
        try:
            async with asyncio.timeout(seconds):
                told = await news.get()
        except TimeoutError:
            return None
        if told is None:
            await task
        return told if told is not None and not told.is_vague else None

    async def _hear(self, news: "asyncio.Queue[News | None]") -> None:
        """Hand on the server's messages; where it has none for us, looking must do."""
        try:
            async with aclosing(self._listen()) as messages:
                async for one in messages:
                    news.put_nowait(one)
        except (AuthFailed, NotFound, Unsupported, Malformed) as error:
            self._log.info("messages_unsupported", reason=str(error))
        else:
            raise Unavailable("The server ended its messages.")

    async def _named(self, news: News) -> list[Change]:
        """The songs among what the message names, and whether playlists: it names albums and artists too."""
        changes: list[Change] = [TrackGone(TrackId(id_)) for id_ in news.gone[:_MANY]]
        if len(news.changed) > _MANY or len(news.gone) > _MANY:
            return [LibraryChanged()]
        items = await self._listing.items(news.changed)
        if news.gone or any(item.Type == "Playlist" for item in items):  # nobody says what is gone
            changes.append(PlaylistsChanged())
        return changes + [TrackChanged(TrackId(item.Id)) for item in items if item.Type == "Audio"]


class _Look:
    """Compares what was saved lately, and how many songs there are, with the time before."""

    def __init__(self, client: Client, listing: Listing) -> None:
        self._client = client
        self._listing = listing
        self._count: int | None = None
        self._since = client.now() - _SLACK
        self._known: frozenset[tuple[str, str]] | None = None

    async def changes(self) -> list[Change]:
        began = self._client.now()
        count = await self._listing.count()
        saved = frozenset(await self._listing.saved_since(self._since, most=_MANY + 1))
        fresh = saved - self._known if self._known is not None else frozenset()
        other_count = self._count is not None and count != self._count
        self._count, self._known, self._since = count, saved, began - _SLACK
        if other_count or len(fresh) > _MANY:
            named = [TrackChanged(TrackId(id_)) for id_, _ in sorted(fresh)] if len(fresh) <= _MANY else []
            return [*named, LibraryChanged()]
        return [TrackChanged(TrackId(id_)) for id_, _ in sorted(fresh)]
