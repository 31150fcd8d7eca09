"""Lists a server's songs in pages, until a listing has held still."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import datetime
from time import monotonic, time

from segue.model import Track, TrackId
from segue.sdk import NotFound, Unavailable
from segue.sdk.places import Places
from segue_lyrion.client import Client, Refused
from segue_lyrion.parse import TAGS, count, rows, track
from segue_lyrion.payloads import Title
from segue_lyrion.signs import Signs, read_signs
from segue_lyrion.urls import fingerprint, is_askable, is_file

__all__ = ["Listing", "speaks_sql"]

_PAGE = 500
_BREATH = 0.02  # the server does nothing else while it answers a page
_PASSES = 4
_FIRST_PAUSE = 0.2
_LONGEST_PAUSE = 20.0
_SCAN_PATIENCE = 300.0
_ALL = "tracks.audio = 1"
_HANGS_UP = "The server hangs up when it is asked for its songs."
_numbers = itertools.count(int(time()))


class Listing:
    """Songs as tracks: all of them, or one. What comes from an online service is left out."""

    def __init__(self, client: Client, local: Places, *, sql: bool) -> None:
        self._client = client
        self._local = local
        self.sql = sql

    async def walk(self) -> AsyncIterator[Track]:
        """Pass after pass until nothing moved during one, and all that the server counts was listed."""
        told: set[int] = set()
        self._local.begin()
        patience = _Patience()
        while True:
            before, listed, promised = await read_signs(self._client), set[str](), 0
            async for page, counted in self._all_pages():
                listed.update(title.id for title in page)
                promised = max(promised, counted)
                for one in await self.tracks(page):
                    mark = hash((one.id, one.revision))
                    if mark not in told:
                        told.add(mark)
                        patience.renew()
                        yield one
            after = await read_signs(self._client)
            if before == after and not after.scanning and _is_all(len(listed), promised, after):
                return
            await patience.wait(scanning=after.scanning)

    async def get(self, track_id: TrackId) -> Track:
        """One track."""
        found = await self.tracks([await self.title(track_id)])
        return found[0]

    async def title(self, track_id: TrackId) -> Title:
        """One song as the server tells it, under the number that it has now."""
        if not is_askable(track_id):
            raise NotFound("That is not the address of a file.")
        wanted = f"tracks.urlmd5 = '{fingerprint(track_id)}'"
        async for page in self.pages(wanted):
            for title in page:
                if title.url == track_id and _is_ours(title):
                    return title
        raise NotFound(f"The server knows no file {track_id}.")

    async def numbers(self, track_ids: Iterable[TrackId]) -> dict[TrackId, str]:
        """The numbers that these have now; those that the server does not have are left out."""
        wanted = {one: fingerprint(one) for one in track_ids if is_askable(one)}
        conditions = _among("tracks.urlmd5", list(wanted.values()))
        titles = [title async for title in self._titles(conditions)]
        return {TrackId(one.url): one.id for one in titles if one.url in wanted}

    async def numbered(self, numbers: Iterable[str]) -> dict[str, TrackId]:
        """The songs that have these numbers now."""
        wanted = {one for one in numbers if one.isascii() and one.isdecimal() and len(one) < 18}
        titles = [title async for title in self._titles(_among("tracks.id", list(wanted)))]
        return {one.id: TrackId(one.url) for one in titles if one.id in wanted and one.url}

    async def changed_since(self, moment: datetime) -> AsyncIterator[Track]:
        """Songs whose file is younger, or that were read in later."""
        since = int(moment.timestamp())
        columns = ("timestamp", "updated_time", "added_time")
        wanted = " OR ".join(f"tracks.{column} >= {since}" for column in columns)
        async for page in self.pages(f"({wanted})"):
            young = [one for one in page if max(one.modificationTime or 0, one.lastUpdated or 0) >= since]
            for found in await self.tracks(young):
                yield found

    async def tracks(self, titles: Sequence[Title]) -> list[Track]:
        """Songs that are files, with the key of their content where they are found here."""
        ours = [title for title in titles if _is_ours(title)]
        files = await self._local.look(ours)
        return [
            track(title, content_key=file.content_key if file is not None and _is_whole(title) else None)
            for title, file in zip(ours, files, strict=True)
        ]

    async def pages(self, wanted: str = _ALL, tags: str = TAGS) -> AsyncIterator[list[Title]]:
        """Rows in the order of their numbers; all rows where the server takes no conditions."""
        async for page, _ in self._pages(wanted, tags):
            if page:
                yield page

    async def _all_pages(self) -> AsyncIterator[tuple[list[Title], int]]:
        """All songs; the server has listed them before, so a refusal is a fault that passes."""
        try:
            async for page in self._pages(_ALL, TAGS):
                yield page
        except Refused as error:
            raise Unavailable(_HANGS_UP) from error

    async def _titles(self, conditions: Sequence[str]) -> AsyncIterator[Title]:
        """Songs that are files and meet one of these."""
        for wanted in conditions if self.sql else [_ALL]:
            async for page in self.pages(wanted):
                for title in page:
                    if _is_ours(title):
                        yield title

    async def _pages(self, wanted: str, tags: str) -> AsyncIterator[tuple[list[Title], int]]:
        """With how many there are said to be.

        The server keeps that count for a minute, and a page behind it comes back empty: a number that
        is another one each time has it count anew.
        """
        ways = ["sort:sql=tracks.id", f"search:sql={wanted} AND {next(_numbers)} > 0"] if self.sql else []
        for start in itertools.count(0, _PAGE):
            answer = await self._client.ask("titles", start, _PAGE, f"tags:{tags}", *ways)
            page = rows(Title, answer, "titles_loop")
            yield page, count(answer, "count")
            if len(page) < _PAGE:
                return
            await asyncio.sleep(_BREATH)


async def speaks_sql(client: Client) -> bool:
    """Whether the server takes conditions, which it does although that is written nowhere."""
    try:
        any_ = await client.ask("titles", 0, 1, "tags:u")
    except Refused as error:  # every Lyrion lists its songs: this passes
        raise Unavailable(_HANGS_UP) from error
    if not any_.get("titles_loop"):
        return True
    try:
        some = await client.ask("titles", 0, 1, "tags:u", "search:sql=tracks.id > 0")
        none = await client.ask("titles", 0, 1, "tags:u", "search:sql=tracks.id < 0")
    except Refused:
        return False
    return bool(some.get("titles_loop")) and not none.get("titles_loop")


class _Patience:
    """How long to go on when the library does not hold still."""

    def __init__(self) -> None:
        self._passes = 0
        self._pause = _FIRST_PAUSE
        self._renewed = monotonic()

    def renew(self) -> None:
        self._renewed = monotonic()

    async def wait(self, *, scanning: bool) -> None:
        """A pause before the next pass; Unavailable when there have been enough."""
        self._passes += 1
        if scanning and monotonic() - self._renewed > _SCAN_PATIENCE:
            raise Unavailable("The server is still reading its music in.", retry_after=60)
        if not scanning and self._passes >= _PASSES:
            raise Unavailable("The library did not hold still while it was listed.", retry_after=30)
        await asyncio.sleep(self._pause)
        self._pause = min(2 * self._pause, _LONGEST_PAUSE)


def _among(column: str, values: Sequence[str]) -> list[str]:
    """Conditions that hold so many of these as fit; none where there is nothing to look for."""
    chunks = [values[start : start + _PAGE] for start in range(0, len(values), _PAGE)]
    return [f"{column} IN ({','.join(repr(one) for one in chunk)})" for chunk in chunks]


def _is_all(listed: int, promised: int, signs: Signs) -> bool:
    """What the server's signs count may be a minute old; an empty library must show in all."""
    return listed >= promised and (listed > 0 or signs.songs == signs.albums == 0)


def _is_ours(title: Title) -> bool:
    return is_file(title.url) and not title.remote and not title.extid


def _is_whole(title: Title) -> bool:
    return "#" not in (title.url or "")
