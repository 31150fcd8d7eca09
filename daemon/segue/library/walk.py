"""Walks a server: lists it once, takes in what is news, and marks what is gone."""

from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Protocol

import structlog

from segue.library import WakeCall
from segue.library.reconcile import SeenKeys, is_doubtful
from segue.library.renaming import Renames
from segue.library.streams import batches, closing
from segue.library.taking import Taken, take_in
from segue.library.transactions import in_transaction
from segue.model import Quality, ServerKey, Track, TrackId
from segue.registry import Registry
from segue.store import identity, renames, servers, tracks
from segue.store.pool import Connection, Pool
from segue.store.servers import Server

__all__ = ["SECOND_LOOK_SECONDS", "Report", "Revoked", "WalkOutcome", "walk_server"]

SECOND_LOOK_SECONDS = 30.0
_MARK_BATCH = 5_000
_FIRST_ANALYZE = 2_000

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class Report(Protocol):
    """Adds to the run's progress within our transaction; False when the run is no longer ours."""

    async def __call__(
        self, c: Connection, *, done: int = 0, total: int | None = None, message: str | None = None
    ) -> bool: ...


class Revoked(Exception):  # noqa: N818  not an error: somebody's wish
    """The run was cancelled or taken over: what is not committed is left undone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WalkOutcome:
    """What a walk found. `doubted`: it lost so much that nothing was marked; walk again after a while."""

    listed: int
    new: int
    changed: int
    gone: int
    doubted: int = 0
    renamed: int = 0

    def sentence(self) -> str:
        """For people."""
        if self.doubted:
            return (
                f"{self.doubted} of the tracks known before were not listed. That is so many that a second "
                "walk must agree before they are taken for gone."
            )
        renamed = f", {self.renamed} known under another id before" if self.renamed else ""
        return f"{self.listed} tracks: {self.new} new, {self.changed} changed, {self.gone} gone{renamed}."


async def walk_server(
    *, pool: Pool, registry: Registry, wake: WakeCall, server: ServerKey, quality: Quality, report: Report
) -> WalkOutcome:
    """List a server and believe it. A listing that breaks off says nothing about what is gone."""
    walk = _Walk(pool=pool, server=server, quality=quality, report=report)
    async with pool.connection() as c:
        began = await servers.now(c)
        present = await tracks.count_listed(c, server)
        walk.renames = Renames(walk.seen) if present else None  # an empty library knows nobody
        await walk.told(c, total=present or None)
    async with registry.using(server, walking=True) as adapter, closing(adapter.walk()) as listing:
        async for batch in batches(listing):
            if await walk.take(batch):
                await wake("analyse")
    return await walk.end(began, present)


@dataclass(slots=True, kw_only=True)
class _Walk:
    """One walk under way; its memory is a bit per known track and a batch."""

    pool: Pool
    server: ServerKey
    quality: Quality
    report: Report
    seen: SeenKeys = field(default_factory=SeenKeys)
    renames: Renames | None = None
    listed: int = 0
    new: int = 0
    changed: int = 0
    analyze_at: int = _FIRST_ANALYZE

    async def told(
        self, c: Connection, *, done: int = 0, total: int | None = None, message: str | None = None
    ) -> None:
        if not await self.report(c, done=done, total=total, message=message):
            raise Revoked

    async def take(self, batch: list[Track]) -> bool:
        """Commit one batch; whether it brought something to hear."""

        async def work(c: Connection) -> Taken:
            taken = await take_in(c, self.server, batch, quality=self.quality, renames=self.renames)
            await self.told(c, done=len(batch))
            return taken

        taken = await in_transaction(self.pool, work)
        if self.renames is not None:
            self.renames.believe(taken.recognised, taken.arrived)
        self.seen.add(taken.same)
        self.listed += len(batch)
        self.new += taken.new
        self.changed += taken.changed
        await self._analyze()
        return taken.wants_hearing

    async def _analyze(self) -> None:
        """Long before the database does so by itself, a library that grows needs other plans."""
        if self.new >= self.analyze_at:
            self.analyze_at = 4 * self.new
            async with self.pool.connection() as c:
                await tracks.analyze(c)

    async def end(self, began: datetime, present: int) -> WalkOutcome:
        """Mark what was not listed and not told of since we began, unless that is doubtful."""
        lost = array("q")
        async with self.pool.connection() as c:
            row = await servers.get(c, self.server)
            async for keys in tracks.listed_keys(c, self.server, before=began):
                lost.extend(self.seen.without(keys))
            if row is None:
                raise Revoked
        renamed = await self._rename(row, lost)
        lost = array("q", (key for key in lost if key not in renamed)) if renamed else lost
        async with self.pool.connection() as c:
            if is_doubtful(present=present, lost=len(lost), doubted=row.loss_doubted):
                await self.told(c)
                await servers.walk_doubted(c, self.server, lost=len(lost))
                _log.warning("loss_doubted", server=row.name, lost=len(lost), present=present)
                return self._outcome(renamed=len(renamed), doubted=len(lost))
        gone = await self._mark(lost, began)
        async with self.pool.connection() as c:
            await self.told(c)
            if self.new:
                await identity.adopt(c)
            await servers.walk_ended(c, self.server, began)
        _log.info("server_walked", server=row.name, listed=self.listed, new=self.new, gone=gone)
        return self._outcome(renamed=len(renamed), gone=gone)

    async def _rename(self, row: Server, lost: "array[int]") -> dict[int, TrackId]:
        """Give what was recognised under another id that id; our own keys stay."""
        if self.renames is None or not lost:
            return {}
        renamed = self.renames.proved(lost)
        self.new -= len(renamed)
        evidence = self.renames.evidence(renamed)
        if row.last_walk_ended_at is not None:
            told_before = await self._arrived(lost, renamed, since=row.last_walk_ended_at)
            evidence["content"] = evidence.get("content", 0) + len(told_before)
            renamed |= told_before
        pairs = iter(renamed.items())
        while part := dict(islice(pairs, _MARK_BATCH)):
            async with self.pool.connection() as c:
                await self.told(c)
                await renames.rename(c, self.server, part)
        if renamed:
            _log.info("tracks_renamed", server=row.name, tracks=len(renamed), **evidence)
        return renamed

    async def _arrived(
        self, lost: "array[int]", renamed: Mapping[int, TrackId], *, since: datetime
    ) -> dict[int, TrackId]:
        """Those that a hint brought under their other id before this walk."""
        rest = [key for key in lost if key not in renamed]
        taken = set(renamed.values())
        found: dict[int, TrackId] = {}
        for start in range(0, len(rest), _MARK_BATCH):
            async with self.pool.connection() as c:
                part = rest[start : start + _MARK_BATCH]
                came = await renames.arrived(c, self.server, part, all_lost=lost, since=since)
            found |= {key: id_ for key, id_ in came.items() if id_ not in taken}
            taken |= set(came.values())
        return found

    async def _mark(self, lost: "array[int]", began: datetime) -> int:
        gone = 0
        for start in range(0, len(lost), _MARK_BATCH):
            async with self.pool.connection() as c:
                await self.told(c)
                keys = lost[start : start + _MARK_BATCH].tolist()
                gone += await tracks.mark_missing(c, keys, before=began)
        return gone

    def _outcome(self, *, renamed: int, gone: int = 0, doubted: int = 0) -> WalkOutcome:
        return WalkOutcome(
            listed=self.listed,
            new=self.new,
            changed=self.changed,
            gone=gone,
            doubted=doubted,
            renamed=renamed,
        )
