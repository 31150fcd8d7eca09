"""Keeps a live index equal to the database by following the change log of embeddings."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import monotonic

import numpy as np
import psycopg
import structlog

from segue.index import ExactIndex, Ids, Neighbours, Vectors
from segue.similarity.errors import NotReady
from segue.store import embeddings, spaces
from segue.store.pool import Connection, Pool

__all__ = ["Follower", "Live", "Status"]

_TOLD_IN_A_THREAD = 256  # vectors; fewer are applied faster than a thread is found
_PAUSES = (0.2, 0.5, 1, 2, 5)
_AUDIT_SECONDS = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """The space that serves, and the index of its vectors; `refused` tells the change of what it refused."""

    space: spaces.Space
    index: Neighbours
    refused: dict[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What metrics and `doctor` show; `seconds_behind` since the index was last known to be equal."""

    ready: bool
    space: str | None
    recordings: int
    rows: int
    horizon: int
    applied: int
    refused: int
    reloads: int
    seconds_behind: float | None


class Follower:
    """Owner of the one live index of a process; `run` is a task for as long as the process serves."""

    def __init__(
        self,
        pool: Pool,
        *,
        make_index: Callable[[int], Neighbours] = ExactIndex,
        poll_seconds: float = 0.5,
        page: int = 2000,
    ) -> None:
        self._pool = pool
        self._make_index = make_index
        self._poll_seconds = poll_seconds
        self._page = page
        self._hint = asyncio.Event()
        self._live: Live | None = None
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
    def status(self) -> Status:
        """Where the follower stands."""
        live = self._live
        return Status(
            ready=self.ready.is_set(),
            space=live.space.name if live else None,
            recordings=len(live.index.table) if live else 0,
            rows=len(live.index.table.view) if live else 0,
            horizon=self._position.horizon,
            applied=self._applied,
            refused=len(live.refused) if live else 0,
            reloads=self._reloads,
            seconds_behind=None if self._looked_at is None else monotonic() - self._looked_at,
        )

    def hint(self) -> None:
        """Something has changed: look now rather than at the next poll."""
        self._hint.set()

    async def run(self) -> None:
        """Follow until cancelled; while the database is away the index serves what it knows."""
        log = structlog.get_logger()
        failures = 0
        while True:
            self._hint.clear()
            try:
                await self.look()
            except psycopg.Error as error:
                if failures == 0:
                    log.warning("follower_lost", reason=type(error).__name__)
                pause = _PAUSES[min(failures, len(_PAUSES) - 1)]
                failures += 1
            else:
                if failures:
                    log.info("follower_returned", failures=failures)
                failures, pause = 0, self._poll_seconds
            await self._rest(pause)

    async def look(self) -> None:
        """Read what changed since the last look; everything, if another space serves now."""
        async with self._pool.connection() as c:
            space = await spaces.serving(c)
        if space is None:
            return
        if self._live is None or self._live.space.id != space.id:
            await self._enter(space)
        elif monotonic() - self._audited_at > _AUDIT_SECONDS:
            await self.audit()
        else:
            async with self._pool.connection() as c:
                self._position = await self._catch_up(c, self._live, self._position)
        self._looked_at = monotonic()
        self.ready.set()

    async def audit(self) -> bool:
        """Compare the index with the database at one moment; if they differ, read all anew."""
        live = self._live
        assert live is not None
        async with self._pool.connection() as c:
            await embeddings.freeze(c)
            self._position = await self._catch_up(c, live, self._position)
            stored = await embeddings.digest(c, live.space.id, live.space.dimensions)
        held = _digest(live)
        self._audited_at = monotonic()
        if stored == held:
            return True
        structlog.get_logger().error("index_differed", stored=stored.count, held=held.count)
        self._reloads += 1
        await self._enter(live.space)
        return False

    async def _enter(self, space: spaces.Space) -> None:
        """Read a whole space beside the live index, then put it in its place."""
        began = monotonic()
        entered = Live(space=space, index=self._make_index(space.dimensions))
        async with self._pool.connection() as c:
            position = await embeddings.position(c)
            async for block in embeddings.load(c, space.id, space.dimensions):
                await _tell(entered, block.recordings, block.changes, block.vectors)
            self._position = await self._catch_up(c, entered, position)
        self._live = entered
        self._audited_at = monotonic()
        structlog.get_logger().info(
            "index_loaded",
            space=space.name,
            recordings=len(entered.index.table),
            seconds=round(monotonic() - began, 3),
        )

    async def _catch_up(
        self, c: Connection, live: Live, position: embeddings.Position
    ) -> embeddings.Position:
        while True:
            changes, position = await embeddings.follow(c, live.space.id, position, limit=self._page)
            if changes:
                await _apply(live, changes)
                self._applied += len(changes)
            if len(changes) < self._page:
                return position

    async def _rest(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._hint.wait()
        except TimeoutError:
            return


async def _apply(live: Live, changes: Sequence[embeddings.Change]) -> None:
    told, gone = [], []
    for change in changes:
        live.refused.pop(change.recording, None)
        if change.vector is not None and len(change.vector) == live.space.dimensions:
            told.append((change.recording, change.change, change.vector))
        else:
            gone.append(change.recording)
    vectors = np.array([vector for _, _, vector in told], np.float32)
    await _tell(
        live,
        np.array([recording for recording, _, _ in told], np.int64),
        np.array([number for _, number, _ in told], np.int64),
        vectors.reshape(len(told), live.space.dimensions),
        gone,
    )


async def _tell(live: Live, ids: Ids, changes: Ids, vectors: Vectors, gone: Sequence[int] = ()) -> None:
    if len(ids) < _TOLD_IN_A_THREAD:
        refused = live.index.apply(ids, changes, vectors, gone)
    else:
        refused = await asyncio.to_thread(live.index.apply, ids, changes, vectors, gone)
    if len(refused):
        numbers = dict(zip(ids.tolist(), changes.tolist(), strict=True))
        live.refused.update((recording, numbers[recording]) for recording in refused.tolist())


def _digest(live: Live) -> embeddings.Digest:
    view = live.index.table.view
    refused, numbers = list(live.refused), list(live.refused.values())
    return embeddings.Digest.of(
        np.concatenate([view.ids[view.alive], np.array(refused, np.int64)]),
        np.concatenate([view.changes[view.alive], np.array(numbers, np.int64)]),
    )
