"""Keeps the nearest of every recording ready beside the live index."""

import asyncio
from time import monotonic

import structlog

from segue.index import NearestLists, Sizes, Table
from segue.index.lists import Kept
from segue.index.lists_file import discard, load, save
from segue.index.snapshot import SnapshotError
from segue.similarity.live import Live

__all__ = ["Listing"]

_RESTS = 3  # times as long as it works, so that answers have the processor
_AGAIN_SECONDS = 600

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class Listing:
    """Opens, mends and saves the lists of the live index where its size asks for them."""

    def __init__(self, sizes: Sizes) -> None:
        self._sizes = sizes
        self._working: tuple[Table, asyncio.Task[NearestLists]] | None = None
        self._saved: tuple[NearestLists, int] | None = None
        self._not_before = 0.0

    def tend(self, live: Live) -> Live:
        """To be called where changes are applied; may give the live index its lists, or take them away."""
        table = live.index.table
        wanted = self._sizes.are_ready_for(len(table), now=live.lists is not None)
        if self._working is not None:
            of, task = self._working
            if wanted and of is table and not task.done():
                return live
            self._working = None
            live = self._done(live, task)
        if not wanted:
            return live.with_lists(None)
        if live.lists is None and monotonic() > self._not_before:
            self._working = table, asyncio.create_task(self._opened(table, Live.key(live.space)))
        elif live.lists is not None and live.lists.is_due:
            self._working = table, asyncio.create_task(_mended(live.lists))
        return live

    async def moved(self, live: Live, table: Table) -> NearestLists | None:
        """What is ready of the live index, for another table of the same vectors."""
        if live.lists is None:
            return None
        kept = await asyncio.to_thread(live.lists.kept)
        return await asyncio.to_thread(NearestLists, table, kept)

    async def save(self, live: Live) -> None:
        """Keep them on disk, if they changed; OSError when there is no room."""
        lists = live.lists
        if lists is None or self._sizes.folder is None or self._saved == (lists, lists.listed):
            return
        listed = lists.listed
        kept = await asyncio.to_thread(lists.kept)
        await asyncio.to_thread(save, kept, self._sizes.folder, of=Live.key(live.space))
        self._saved = lists, listed

    async def renounce(self, live: Live) -> Live:
        """Let nobody read these any more, here and on disk; they will be made anew."""
        await self.close()
        self._saved = None
        try:
            if self._sizes.folder is not None:
                await asyncio.to_thread(discard, self._sizes.folder)
        except OSError as error:
            _log.warning("lists_not_discarded", reason=error.strerror)
        return live.with_lists(None)

    async def close(self) -> None:
        """Stop what runs beside."""
        if self._working is not None:
            _, task = self._working
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            self._working = None

    def _done(self, live: Live, task: asyncio.Task[NearestLists]) -> Live:
        if not task.done():
            task.cancel()
            return live
        if (error := task.exception()) is not None:
            _log.error("lists_not_made", reason=str(error))
            self._not_before = monotonic() + _AGAIN_SECONDS
            return live.with_lists(None)
        return live if live.lists is not None else live.with_lists(task.result())

    async def _opened(self, table: Table, key: str) -> NearestLists:
        """From the disk, as far as they are there."""
        kept = await self._stored(key)
        lists = await asyncio.to_thread(NearestLists, table, kept)
        if kept is not None:
            self._saved = lists, lists.listed
            _log.info("lists_read", recordings=lists.listed)
        return lists

    async def _stored(self, key: str) -> Kept | None:
        if self._sizes.folder is None:
            return None
        try:
            return await asyncio.to_thread(load, self._sizes.folder, of=key)
        except SnapshotError as error:
            _log.warning("lists_refused", reason=str(error))
            return None


async def _mended(lists: NearestLists) -> NearestLists:
    is_first, started = not lists.is_whole, monotonic()
    while lists.is_due:
        began = monotonic()
        await asyncio.to_thread(lists.advance)
        await asyncio.sleep(_RESTS * (monotonic() - began))
    if is_first:
        _log.info("lists_made", recordings=lists.listed, seconds=round(monotonic() - started, 3))
    return lists
