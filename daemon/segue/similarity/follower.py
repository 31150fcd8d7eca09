"""Keeps a live index equal to the database by following the change log of embeddings."""

import asyncio
from dataclasses import dataclass
from time import monotonic

import structlog

from segue.index import ExactIndex, Kind, Sizes, kind_of
from segue.similarity.errors import NotReady
from segue.similarity.keeper import Keeper, Recall
from segue.similarity.live import Live
from segue.similarity.roll_call import RollCall
from segue.similarity.roster import Roster
from segue.store import embeddings, spaces
from segue.store.pool import DATABASE_FAULTS, Connection, Pool

__all__ = ["Follower", "Status"]

_PAUSES = (0.2, 0.5, 1, 2, 5)
_AUDIT_SECONDS = 600
_SHOWN_BYTES = 64 * 2**20  # some 300,000 tracks; the others are asked of the database

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What metrics and `doctor` show; `seconds_behind` since the index was last known to be equal."""

    ready: bool
    space: str | None
    kind: Kind | None
    building: bool
    recordings: int
    rows: int
    horizon: int
    applied: int
    refused: int
    reloads: int
    seconds_behind: float | None
    recall: Recall | None
    listed: int


class Follower:
    """Owner of the one live index of a process; `run` is a task for as long as the process serves."""

    def __init__(
        self,
        pool: Pool,
        *,
        sizes: Sizes | None = None,
        poll_seconds: float = 0.5,
        page: int = 2000,
        shown_bytes: int = _SHOWN_BYTES,
    ) -> None:
        self._pool = pool
        self._poll_seconds = poll_seconds
        self._page = page
        self._keeper = Keeper(sizes or Sizes())
        self._hint = asyncio.Event()
        self._looking = asyncio.Lock()  # an index has one writer
        self._live: Live | None = None
        self._roll_call = RollCall(shown_bytes=shown_bytes)
        self._position = embeddings.Position(horizon=0)
        self._looked_at: float | None = None
        self._audited_at = monotonic()
        self._applied = self._reloads = 0
        self.ready = asyncio.Event()

    @property
    def live(self) -> Live:
        """The index as it is now; a caller takes it once and works on it."""
        if self._live is None:
            raise NotReady("The index is still being read; try again in a moment.")
        return self._live

    @property
    def roster(self) -> Roster:
        """Every present track as rules see it; a caller takes it once and does not wait meanwhile."""
        return self._roll_call.roster

    @property
    def status(self) -> Status:
        """Where the follower stands."""
        live = self._live
        return Status(
            ready=self.ready.is_set(),
            space=live.space.name if live else None,
            kind=kind_of(live.index) if live else None,
            building=self._keeper.is_building,
            recordings=len(live.index.table) if live else 0,
            rows=len(live.index.table.view) if live else 0,
            horizon=self._position.horizon,
            applied=self._applied,
            refused=len(live.refused) if live else 0,
            reloads=self._reloads,
            seconds_behind=None if self._looked_at is None else monotonic() - self._looked_at,
            recall=self._keeper.recall,
            listed=live.lists.listed if live and live.lists else 0,
        )

    def hint(self) -> None:
        """Something has changed: look now rather than at the next poll."""
        self._hint.set()

    async def run(self) -> None:
        """Follow until cancelled; while the database is away the index serves what it knows."""
        failures = 0
        try:
            while True:
                self._hint.clear()
                try:
                    await self.look()
                except (*DATABASE_FAULTS, OSError) as error:  # OSError: no room on the disk for vectors
                    if failures == 0:
                        _log.warning("follower_lost", reason=type(error).__name__)
                    pause = _PAUSES[min(failures, len(_PAUSES) - 1)]
                    failures += 1
                else:
                    if failures:
                        _log.info("follower_returned", failures=failures)
                    failures, pause = 0, self._poll_seconds
                await self._rest(pause)
        finally:
            async with self._looking:
                await self._keeper.close(self._live)

    async def look(self) -> None:
        """Read what changed since the last look; everything, if another space serves now."""
        async with self._looking:
            await self._look()

    async def audit(self) -> bool:
        """Compare the index with the database at one moment; if they differ, read all anew."""
        async with self._looking:
            return await self._audit()

    async def _look(self) -> None:
        while (space := await self._entering()) is not None:
            await self._enter(space)  # in vain where yet another one took over meanwhile
        if self._live is None:
            return
        if monotonic() - self._audited_at > _AUDIT_SECONDS:
            await self._audit()
        else:
            async with self._pool.connection() as c:
                await self._roll_call.catch_up(c)
                self._position = await self._catch_up(c, self._live, self._position)
        self._live = await self._keeper.tend(self._live)
        self._looked_at = monotonic()
        self.ready.set()

    async def _entering(self) -> spaces.Space | None:
        """The space that serves, unless its index is the live one."""
        async with self._pool.connection() as c:
            space = await spaces.serving(c)
        if space is None or (self._live is not None and self._live.space.id == space.id):
            return None
        return space

    async def _audit(self) -> bool:
        live = self.live
        async with self._pool.connection() as c:
            await embeddings.freeze(c)
            called = await self._roll_call.audit(c)
            self._position = await self._catch_up(c, live, self._position)
            stored = await embeddings.digest(c, live.space.id, live.space.dimensions)
        self._audited_at = monotonic()
        held = live.digest
        if not called:
            _log.error("roster_differed", held=len(self.roster))
            self._reloads += 1
        if stored == held:
            return called
        _log.error("index_differed", stored=stored.count, held=held.count)
        self._reloads += 1
        await self._enter(live.space)
        return False

    async def _enter(self, space: spaces.Space) -> None:
        """Read a whole space beside the live index, then put it in its place."""
        began = monotonic()
        async with self._pool.connection() as c:
            stored = await embeddings.digest(c, space.id, space.dimensions)
        table, snapshot = await self._keeper.open(Live.key(space), space.dimensions, stored.count)
        loading = Live(space=space, index=ExactIndex(table))
        async with self._pool.connection() as c:
            position = await embeddings.position(c)
            async for block in embeddings.load(c, space.id, space.dimensions):
                await loading.load(block)
            position = await self._catch_up(c, loading, position)
            serving = await spaces.serving(c)
        if serving is None or serving.id != space.id:
            return  # it may have been dropped while it was read
        async with self._pool.connection() as c:
            await self._roll_call.catch_up(c)
        self._position = position
        self._live = loading.with_index(await self._keeper.adopt(table, snapshot))
        self._audited_at = monotonic()
        _log.info(
            "index_loaded",
            space=space.name,
            kind=kind_of(self._live.index),
            recordings=len(table),
            seconds=round(monotonic() - began, 3),
        )

    async def _catch_up(
        self, c: Connection, live: Live, position: embeddings.Position
    ) -> embeddings.Position:
        while True:
            changes, position = await embeddings.follow(c, live.space.id, position, limit=self._page)
            if changes:
                await live.apply(changes)
                self._applied += len(changes)
            if len(changes) < self._page:
                return position

    async def _rest(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._hint.wait()
        except TimeoutError:
            return
