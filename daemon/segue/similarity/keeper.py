"""Keeps the live index fit beside its service: its size, its snapshot, its truth."""

import asyncio
from dataclasses import dataclass
from time import monotonic
from typing import NamedTuple

import structlog

from segue.index import (
    ExactIndex,
    GraphIndex,
    Kind,
    NearestLists,
    Neighbours,
    Parameters,
    Sizes,
    Successor,
    Table,
)
from segue.index.audit import are_right, compared, shares
from segue.index.snapshot import Snapshot, SnapshotError, adopt, load, save
from segue.similarity.listing import Listing
from segue.similarity.live import Live

__all__ = ["Keeper", "Recall"]

_SAVE_SECONDS = 900
_BUILD_AGAIN_SECONDS = 600
_AUDIT_SECONDS = 600
_SAMPLE = 50
_COUNTS = (10, 50)
_RESTS = 49  # times as long as it works: of a hundred answers at most two meet it
_LONGEST_REST_SECONDS = 5

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recall:
    """What share of the true nearest the live index finds, measured on some recordings."""

    at_10: float
    at_50: float


class _Audited(NamedTuple):
    """What was measured of the index, and lists that are not what they should be."""

    recall: Recall | None
    wrong: NearestLists | None


class Keeper:
    """Builds a larger or fresher index and the lists of the nearest beside it, and keeps them on disk."""

    def __init__(self, sizes: Sizes) -> None:
        self._sizes = sizes
        self._listing = Listing(sizes)
        self._building: tuple[Neighbours, asyncio.Task[Successor]] | None = None
        self._auditing: asyncio.Task[_Audited] | None = None
        self._saved_at = monotonic()
        self._saved: tuple[Neighbours, int] | None = None
        self._build_after = self._audit_after = 0.0
        self.recall: Recall | None = None

    @property
    def is_building(self) -> bool:
        """Whether a successor of the live index is under way."""
        return self._building is not None

    async def open(self, key: str, dimensions: int, recordings: int) -> tuple[Table, Snapshot | None]:
        """An empty table for so many recordings, arranged for the snapshot if there is one."""
        kind = self._sizes.kind_for(recordings)
        folder = self._sizes.folder_for(kind)
        snapshot = await self._snapshot(key, dimensions, kind)
        if snapshot is None:
            return Table(dimensions, folder=folder), None
        return Table.arranged(snapshot.ids, snapshot.changes, dimensions, folder=folder), snapshot

    async def adopt(self, table: Table, snapshot: Snapshot | None) -> Neighbours:
        """The index of a filled table."""
        if snapshot is None:
            return ExactIndex(table)
        index = await asyncio.to_thread(adopt, table, snapshot)
        self._saved = (index, len(table.view))
        return index

    async def tend(self, live: Live) -> Live:
        """To be called where changes are applied; may give the live space another index."""
        if self._building is not None:
            live = await self._take_over(live)
        elif monotonic() > self._build_after and (kind := self._sizes.due(live.index)) is not None:
            task = asyncio.create_task(_build(Successor(live.index, kind, self._sizes)))
            self._building = live.index, task
        if monotonic() - self._saved_at > _SAVE_SECONDS:
            await self.save(live)
        live = await self._audit(live)
        if self._building is None:
            live = self._listing.tend(live)
        return live

    async def save(self, live: Live) -> None:
        """Keep on disk what changed: the graph, if it has one, and the lists."""
        self._saved_at = monotonic()
        try:
            await self._save_graph(live)
            await self._listing.save(live)
        except OSError as error:
            _log.warning("snapshot_not_saved", reason=error.strerror)

    async def _save_graph(self, live: Live) -> None:
        state = (live.index, len(live.index.table.view))
        if not isinstance(live.index, GraphIndex) or self._sizes.folder is None or state == self._saved:
            return
        began = monotonic()
        await asyncio.to_thread(save, live.index, self._sizes.folder, of=Live.key(live.space))
        self._saved = state
        _log.info("snapshot_saved", recordings=len(live.index.table), seconds=round(monotonic() - began, 3))

    async def close(self, live: Live | None) -> None:
        """Stop what runs beside, and keep on disk what changed."""
        tasks = [task for task in (self._building and self._building[1], self._auditing) if task]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._building = self._auditing = None
        await self._listing.close()
        if live is not None:
            await self.save(live)

    async def _snapshot(self, of: str, dimensions: int, kind: Kind) -> Snapshot | None:
        if kind is Kind.EXACT or self._sizes.folder is None:
            return None
        parameters = Parameters(quantised=kind is Kind.QUANTISED)
        try:
            return await asyncio.to_thread(
                load, self._sizes.folder, of=of, dimensions=dimensions, parameters=parameters
            )
        except SnapshotError as error:
            _log.warning("snapshot_refused", reason=str(error))
            return None

    async def _take_over(self, live: Live) -> Live:
        assert self._building is not None
        of, task = self._building
        if of is not live.index:  # another space serves since
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            self._building = None
            return live
        if not task.done():
            return live
        self._building = None
        if (error := task.exception()) is not None:
            _log.error("index_not_built", reason=str(error))
            self._build_after = monotonic() + _BUILD_AGAIN_SECONDS
            return live
        index = await asyncio.to_thread(task.result().take_over)
        lists = await self._listing.moved(live, index.table)
        taken = live.with_index(index).with_lists(lists)
        _log.info("index_replaced", kind=type(index).__name__, recordings=len(index.table))
        await self.save(taken)
        return taken

    async def _audit(self, live: Live) -> Live:
        if self._auditing is not None and self._auditing.done():
            task, self._auditing = self._auditing, None
            if (error := task.exception()) is not None:
                _log.error("index_not_audited", reason=str(error))
                return live
            audited = task.result()
            self.recall = audited.recall or self.recall
            if audited.wrong is not None and audited.wrong is live.lists:
                _log.error("lists_differed", recordings=audited.wrong.listed)
                live = await self._listing.renounce(live)
        is_graph = isinstance(live.index, GraphIndex)
        is_due = self._auditing is None and monotonic() > self._audit_after
        if is_due and (is_graph or live.lists is not None):
            self._audit_after = monotonic() + _AUDIT_SECONDS
            self._auditing = asyncio.create_task(_audited(live))
        return live


async def _build(successor: Successor) -> Successor:
    while await asyncio.to_thread(successor.advance):
        pass
    return successor


async def _audited(live: Live) -> _Audited:
    """One recording after another, and a rest after each: every comparison with all is dear to answers."""
    seed = int(monotonic())
    found: list[list[float]] = []
    for number in range(seed, seed + _SAMPLE):
        began = monotonic()
        one = await asyncio.to_thread(compared, live.index.table, count=max(_COUNTS), seed=number)
        if one is None:
            return _Audited(None, None)
        if isinstance(live.index, GraphIndex):
            found.append(await asyncio.to_thread(shares, live.index, one, _COUNTS))
        if live.lists is not None and not are_right(live.lists, one, count=max(_COUNTS)):
            return _Audited(None, live.lists)
        await asyncio.sleep(min(_RESTS * (monotonic() - began), _LONGEST_REST_SECONDS))
    if not found:
        return _Audited(None, None)
    at_10, at_50 = (sum(share) / _SAMPLE for share in zip(*found, strict=True))
    return _Audited(Recall(at_10=at_10, at_50=at_50), None)
