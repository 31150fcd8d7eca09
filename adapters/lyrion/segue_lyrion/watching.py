"""Tells when a server's library has changed: by its command line, and by looking now and then."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from datetime import UTC, datetime, timedelta

import structlog

from segue.model import Change, LibraryChanged, PlaylistsChanged, Track, TrackChanged
from segue.sdk import AuthFailed, Unavailable
from segue_lyrion.client import Client
from segue_lyrion.commandline import CommandLine
from segue_lyrion.listing import Listing
from segue_lyrion.signs import Signs, read_signs

__all__ = ["Watching"]

_LATELY = 50
_SLACK = timedelta(seconds=5)
_AGAIN_SECONDS = 1.0  # the news of a scan's end may come before its outcome can be read
_AGAIN = 4
_LIBRARY, _PLAYLISTS = ("rescan", "library"), "playlists"
_TOPICS = ",".join((*_LIBRARY, _PLAYLISTS))


class Watching:
    """The feed of one server."""

    def __init__(
        self,
        client: Client,
        listing: Listing,
        open_line: Callable[[], AbstractAsyncContextManager[CommandLine]],
        *,
        poll_seconds: float,
        quiet_seconds: float = 60.0,
        log: structlog.stdlib.BoundLogger,
    ) -> None:
        self._client = client
        self._listing = listing
        self._open_line = open_line
        self._poll_seconds = poll_seconds
        self._quiet_seconds = quiet_seconds
        self._log = log

    async def changes(self) -> AsyncIterator[Change]:
        """First a look at everything; then, whenever the library changed, the youngest songs and all.

        Of playlists only the command line tells.
        """
        async with AsyncExitStack() as stack:
            wait = await self._news(stack)
            known = await read_signs(self._client)
            yield LibraryChanged()
            looks = 0
            while True:
                news = await wait(looks > 0)
                if news == _PLAYLISTS:
                    yield PlaylistsChanged()
                    continue
                looks = _AGAIN if news in _LIBRARY else max(0, looks - 1)
                signs = await read_signs(self._client)
                if signs.scanning or signs.mark == known.mark:
                    continue
                for track in await self._lately(known):
                    yield TrackChanged(track.id)
                known = signs
                yield LibraryChanged()

    async def _news(self, stack: AsyncExitStack) -> Callable[[bool], Awaitable[str | None]]:
        """Waits for news and tells its topic; by the clock alone where the command line is out of reach."""
        try:
            line = await stack.enter_async_context(self._open_line())
        except (AuthFailed, Unavailable) as error:
            self._log.info("command_line_unreachable", reason=str(error))
            return self._by_clock
        await line.say("subscribe", _TOPICS)

        async def by_line(soon: bool) -> str | None:
            return await self._by_line(line, soon=soon)

        return by_line

    async def _by_clock(self, soon: bool) -> str | None:
        await asyncio.sleep(self._poll_seconds)
        return None

    async def _by_line(self, line: CommandLine, *, soon: bool) -> str | None:
        """What the news is about, if any. A server that is silent for long is asked whether it is there."""
        words = await line.hear(_AGAIN_SECONDS if soon else self._quiet_seconds)
        if words is None and not soon:
            await line.say("version", "?")
            words = await line.hear(self._quiet_seconds)
            if words is None:
                raise Unavailable("Lyrion's command line fell silent.")
        topic = words[0] if words else None
        return topic if topic in (*_LIBRARY, _PLAYLISTS) else None

    async def _lately(self, known: Signs) -> list[Track]:
        """What is young, unless it is much: then a look at everything is as quick."""
        moment = datetime.fromtimestamp(known.scanned, UTC) - _SLACK if known.scanned else None
        found: list[Track] = []
        if moment is not None:
            async for track in self._listing.changed_since(moment):
                found.append(track)
                if len(found) > _LATELY:
                    return []
        return found
