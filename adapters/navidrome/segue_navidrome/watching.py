"""Tells when a server's library has changed: by its events where it has some, and by looking now and then."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import structlog

from segue.model import Change, LibraryChanged, TrackChanged, TrackId
from segue.sdk import AuthFailed, Malformed, NotFound, Unavailable, Unsupported
from segue_navidrome.client import Client
from segue_navidrome.events import Meaning
from segue_navidrome.native import Native
from segue_navidrome.parse import payload
from segue_navidrome.payloads import Album
from segue_navidrome.signs import SignReader, youngest

__all__ = ["Watching"]

_WITH_EVENTS_SECONDS = 60.0
_LATELY = 50
_SLACK = timedelta(minutes=2)  # clocks differ, and a scan takes its time
_UNSURE = timedelta(minutes=15)
_ALBUMS = 20


class Watching:
    """The feed of one server."""

    def __init__(
        self,
        client: Client,
        signs: SignReader,
        native: Native | None,
        *,
        poll_seconds: float,
        log: structlog.stdlib.BoundLogger,
    ) -> None:
        self._client = client
        self._signs = signs
        self._native = native
        self._poll_seconds = poll_seconds
        self._log = log

    async def changes(self) -> AsyncIterator[Change]:
        """First a look at everything; then, whenever the library changed, the youngest songs and all."""
        events = asyncio.Queue[Meaning | None]()
        task = asyncio.create_task(self._events(events))
        task.add_done_callback(lambda _: events.put_nowait(None))
        try:
            known, told_at = await self._signs.read(), datetime.now(UTC)
            yield LibraryChanged()
            while True:
                event = await self._next(events, task)
                signs, now = await self._signs.read(), datetime.now(UTC)
                overdue = not signs.sure and now - told_at > _UNSURE
                news = signs.mark != known.mark and not signs.scanning
                if not (news or overdue or event is Meaning.CHANGED):
                    continue
                for track_id in await self._lately(told_at - _SLACK):
                    yield TrackChanged(track_id)
                known, told_at = signs, now
                yield LibraryChanged()
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def since(self, moment: datetime) -> AsyncIterator[TrackId]:
        """What the server can tell to be younger than this, each once."""
        told: set[TrackId] = set()
        async for track_id in self._since(moment):
            if track_id not in told:
                told.add(track_id)
                yield track_id

    async def _next(self, events: "asyncio.Queue[Meaning | None]", task: "asyncio.Task[None]") -> Meaning:
        """The next event, or a LOOK when it is time for one; raises what broke the events off."""
        seconds = self._poll_seconds
        if not task.done():
            seconds = max(seconds, _WITH_EVENTS_SECONDS)
        try:
            async with asyncio.timeout(seconds):
                event = await events.get()
        except TimeoutError:
            return Meaning.LOOK
        if event is None:
            await task
        return event or Meaning.LOOK

    async def _events(self, events: "asyncio.Queue[Meaning | None]") -> None:
        """Hand on the server's events; where it has none, or none for us, looking must do."""
        if self._native is None:
            return
        try:
            async for event in self._native.events():
                events.put_nowait(event)
        except (AuthFailed, NotFound, Unsupported, Malformed) as error:
            self._log.info("events_unsupported", reason=str(error))
        else:
            raise Unavailable("The server ended its events.")

    async def _lately(self, moment: datetime) -> list[TrackId]:
        """What is young, unless it is much: then a look at everything is as quick."""
        found: list[TrackId] = []
        async for track_id in self.since(moment):
            found.append(track_id)
            if len(found) > _LATELY:
                return []
        return found

    async def _since(self, moment: datetime) -> AsyncIterator[TrackId]:
        if self._native is not None:
            try:
                async for track_id in self._native.songs_since(moment):
                    yield track_id
                return
            except (AuthFailed, NotFound, Unsupported, Malformed) as error:
                self._log.info("young_songs_unsupported", reason=str(error))
        async for track_id in self._in_youngest_albums(moment):
            yield track_id

    async def _in_youngest_albums(self, moment: datetime) -> AsyncIterator[TrackId]:
        offset = 0
        while albums := await youngest(self._client, count=_ALBUMS, offset=offset):
            for album in albums:
                if album.created is not None and album.created < moment:
                    return
                whole = payload(Album, await self._client.ask("getAlbum", ("id", album.id)), "album")
                for song in whole.song:
                    if song.created is None or song.created >= moment:
                        yield TrackId(song.id)
            offset += len(albums)
