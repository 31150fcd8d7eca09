"""A look at a server: who answers, and what the operator should know."""

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager

from segue.sdk import AuthFailed, ServerInfo, Unavailable
from segue.sdk.places import Places, about_files
from segue_lyrion.client import Client, Refused
from segue_lyrion.commandline import CommandLine
from segue_lyrion.listing import Listing
from segue_lyrion.payloads import Title
from segue_lyrion.signs import Signs, read_signs

__all__ = ["Probing"]

_OLDEST = (8, 5)


class Probing:
    """Looks at the server, its command line, its folders, and at files where they are said to be here."""

    def __init__(
        self,
        client: Client,
        listing: Listing,
        local: Places,
        open_line: Callable[[], AbstractAsyncContextManager[CommandLine]],
    ) -> None:
        self._client = client
        self._listing = listing
        self._local = local
        self._open_line = open_line

    async def probe(self) -> ServerInfo:
        signs = await read_signs(self._client)
        warnings = [*self._of_version(signs), *await self._of_line(), *await self._of_playlists()]
        return ServerInfo(
            product="Lyrion Music Server",
            version=signs.version,
            tracks=signs.songs,
            warnings=(*warnings, *await self._of_files()),
        )

    def _of_version(self, signs: Signs) -> Iterator[str]:
        found = re.match(r"(\d+)\.(\d+)", signs.version)
        if found is None or (int(found[1]), int(found[2])) < _OLDEST:
            yield f"Lyrion {signs.version} is older than 8.5, and not all may work."
        if not self._listing.sql:
            yield "This server takes no conditions: single songs are looked for in the whole list."

    async def _of_line(self) -> list[str]:
        try:
            async with self._open_line():
                return []
        except (AuthFailed, Unavailable) as error:
            return [f"{error} Changes are found by asking now and then."]

    async def _of_playlists(self) -> list[str]:
        try:
            told = (await self._client.ask("pref", "playlistdir", "?")).get("_p2")
        except Refused:
            told = None
        if told:
            return []
        return ["The server keeps no playlists: it needs a folder for them in its settings."]

    async def _of_files(self) -> list[str]:
        first = await self._first()
        return about_files(len(first), misses_files=bool(first) and await self._local.misses(first))

    async def _first(self) -> list[Title]:
        async for page in self._listing.pages():
            if found := [title for title in page if title.path]:
                return found[:5]
        return []
