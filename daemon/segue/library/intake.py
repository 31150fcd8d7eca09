"""Takes hints in as rows, and looks at the single tracks that they name."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from segue.library import WakeCall
from segue.library.taking import Taken, take_in
from segue.library.transactions import in_transaction
from segue.model import Change, PlaylistsChanged, Quality, ServerKey, Track, TrackChanged, TrackId
from segue.registry import Registry
from segue.sdk import Adapter, AdapterError, Malformed, NotFound
from segue.store import copies, inbox, runs, servers, tracks
from segue.store.pool import Connection, Pool

__all__ = ["Drained", "accept", "drain_inbox", "want_walk"]

MANY = 100
"""So many single tracks are quicker looked at by a walk."""
_FULL = 4 * MANY
_AT_ONCE = 8

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


async def accept(pool: Pool, wake: WakeCall, server: ServerKey, changes: Sequence[Change]) -> None:
    """Keep hints: changed tracks for a look at each, of playlists for one at them, the rest as a walk.

    However many come while nobody looks, what is kept of them stays small.
    """
    changed = list(dict.fromkeys(one.track_id for one in changes if isinstance(one, TrackChanged)))
    playlists = any(isinstance(one, PlaylistsChanged) for one in changes)
    vague = any(not isinstance(one, TrackChanged | PlaylistsChanged) for one in changes)
    walk = len(changed) > MANY or vague
    if len(changed) > MANY:
        changed = []
    async with pool.connection() as c:
        if changed and await inbox.holds(c, server, _FULL):  # it will become a walk in any case
            changed, walk = [], True
        if changed:
            await inbox.add(c, server, changed)
        if walk:
            await runs.create(c, "walk", server=server, seconds=await servers.walk_pause(c, server))
        if playlists:
            await copies.hint(c, server)
    if playlists:
        await wake("publish")
    if changed:
        await wake("intake")
    if walk:
        await wake("walk")


async def want_walk(pool: Pool, wake: WakeCall, server: ServerKey) -> None:
    """Wanting a walk that is wanted already is wanting it once."""
    async with pool.connection() as c:
        await runs.create(c, "walk", server=server, seconds=await servers.walk_pause(c, server))
    await wake("walk")


@dataclass(frozen=True, slots=True, kw_only=True)
class Drained:
    """What a look at the inbox came to."""

    looked_at: int
    news: int
    walks: int


async def drain_inbox(*, pool: Pool, registry: Registry, wake: WakeCall, quality: Quality) -> Drained:
    """Look at every track in the inbox; entries go only in the transaction that keeps what they told."""
    looked_at = news = walks = 0
    async with pool.connection() as c:
        waiting = await inbox.waiting(c)
    for server in waiting:
        drain = _Drain(pool=pool, registry=registry, wake=wake, quality=quality, server=server)
        while await drain.batch():
            pass
        looked_at += drain.looked_at
        news += drain.news
        walks += drain.walked
    return Drained(looked_at=looked_at, news=news, walks=walks)


@dataclass(slots=True, kw_only=True)
class _Drain:
    """One server's part of the inbox."""

    pool: Pool
    registry: Registry
    wake: WakeCall
    quality: Quality
    server: ServerKey
    looked_at: int = 0
    news: int = 0
    walked: bool = False

    async def batch(self) -> bool:
        """Look at some entries; whether there may be more."""
        async with self.pool.connection() as c:
            entries, ids = await inbox.take(c, self.server, limit=_FULL)
        if not entries:
            return False
        if len(ids) > MANY:
            await self._keep([], walk=True, entries=None)
            return False
        try:
            async with self.registry.using(self.server) as adapter:
                told, vague = await _look(adapter, ids)
        except AdapterError as error:
            _log.info("hints_left_to_walk", tracks=len(ids), reason=str(error))
            await self._keep([], walk=True, entries=None)
            return False
        self.looked_at += len(ids)
        await self._keep(told, walk=vague, entries=entries)
        return True

    async def _keep(self, told: list[Track], *, walk: bool, entries: list[int] | None) -> None:
        async def work(c: Connection) -> Taken:
            taken = await take_in(c, self.server, told, quality=self.quality)
            if taken.same:
                await tracks.confirm(c, taken.same)
            await inbox.remove(c, self.server, entries)
            if walk and await servers.get(c, self.server) is not None:
                pause = await servers.walk_pause(c, self.server)
                await runs.create(c, "walk", server=self.server, seconds=pause)
            return taken

        taken = await in_transaction(self.pool, work)
        self.news += taken.new + taken.changed
        self.walked = self.walked or walk
        if taken.wants_hearing:
            await self.wake("analyse")
        if walk:
            await self.wake("walk")


async def _look(adapter: Adapter, ids: Sequence[TrackId]) -> tuple[list[Track], bool]:
    """What the server tells of these, and whether a walk must look at the rest."""
    few = asyncio.Semaphore(_AT_ONCE)

    async def get(track: TrackId) -> Track | AdapterError:
        async with few:
            try:
                return await adapter.get(track)
            except AdapterError as error:
                return error

    async with asyncio.TaskGroup() as tasks:
        looks = [tasks.create_task(get(track)) for track in ids]
    told = [look.result() for look in looks]
    for one in told:
        if isinstance(one, AdapterError) and not isinstance(one, NotFound | Malformed):
            raise one
    found = [one for one in told if isinstance(one, Track)]
    return found, len(found) < len(told)
