"""Keeps playlists: follows clusterings and recipes, then looks at each server that is due."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from secrets import token_hex
from typing import Protocol

import structlog

from segue import publishing
from segue.jobs.leases import LeaseLostError, Leases
from segue.jobs.live import LiveOnDemand
from segue.jobs.loop import Loop
from segue.jobs.slots import Slots, work_until_cancelled
from segue.jobs.timers import Every, Timers, pause_after
from segue.jobs.verdicts import Later, judge
from segue.jobs.writing import write_down
from segue.model import RecordingId, ServerKey
from segue.publishing import DoubtfulError, Journal, Looked, Wanted, shelf_of
from segue.publishing.asked import CannotFillError, Wish, WishKind
from segue.publishing.clusters import follow_clustering
from segue.publishing.journal import NotOursError
from segue.sdk import Adapter
from segue.similarity import SimilarityError, today
from segue.similarity.near import near
from segue.similarity.recipes import Recipe, make, mixed, on_the_way
from segue.store import copies, playlists
from segue.store.copies import Cost, Look
from segue.store.playlists import Playlist
from segue.store.pool import Connection, Pool
from segue.wake import Wake

__all__ = ["PublishDrain", "Uses"]

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)
_SLOTS = 4
_SETTLE_SECONDS = 600.0  # new music is gathered so long before recipes are followed again
_MAKERS_SECONDS = 5.0
_KEEPS_NONE_SECONDS = 3600.0
_DOUBTFUL_SECONDS = 600.0
_KEEPS_NONE = "This server cannot keep playlists and show them to us."


class Uses(Protocol):
    """The part of the registry that is needed here."""

    def using(self, server: ServerKey) -> AbstractAsyncContextManager[Adapter]: ...


class PublishDrain:
    """Looks at servers' playlists when woken, when people may have edited them, and after faults."""

    kind = "publish"

    def __init__(
        self,
        pool: Pool,
        registry: Uses,
        wake: Wake,
        *,
        wanted: Wanted,
        live: LiveOnDemand,
        every_seconds: float,
        grace_hours: float,
        identity: str,
        timers: Timers,
        enabled: bool = True,
    ) -> None:
        self._pool = pool
        self._registry = registry
        self._wake_others = wake
        self._wanted = wanted
        self._live = live
        self._every_seconds = every_seconds
        self._grace_hours = grace_hours
        self._identity = identity
        self._timers = timers
        self._enabled = enabled
        self._leases = Leases(pool, held=copies.held, renew=copies.renew, timers=timers)
        self._loop = Loop(self.kind, self._look, timers)
        self._slots = Slots(_SLOTS, self._loop.wake)
        self._made = Every(_MAKERS_SECONDS)
        self._is_woken = True

    def wake(self) -> None:
        self._is_woken = True
        self._loop.wake()

    async def run(self) -> None:
        """Work until cancelled; then everything is given back."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._live.run())
                tasks.create_task(work_until_cancelled(self._loop, self._leases, self._slots))
        finally:
            await write_down(
                self._pool,
                lambda c: copies.release_all(c, self._identity),
                timers=self._timers,
                seconds=self._timers.stop,
            )

    async def _look(self) -> float | None:
        if not self._enabled:
            return None
        if self._made.is_due() or self._is_woken:
            self._is_woken = False
            await self._follow_makers()
        while self._slots.free:
            owner = f"{self._identity}/{token_hex(8)}"
            async with self._pool.connection() as c:
                look = await copies.claim(c, owner=owner, seconds=self._timers.lease)
            if look is None:
                return await self._rest()
            self._slots.start(self._work(look, owner))
        return None

    async def _rest(self) -> float | None:
        async with self._pool.connection() as c:
            moments = [await copies.next_look(c), await playlists.next_recipe(c)]
        known = [moment for moment in moments if moment is not None]
        return max(0.5, min(known)) if known else None

    async def _follow_makers(self) -> None:
        async with self._pool.connection() as c:
            if await follow_clustering(c):
                await copies.want_look(c)
        async with self._pool.connection() as c:
            due = await playlists.due_recipes(c, settle_seconds=_SETTLE_SECONDS)
        for playlist in due:
            await self._follow_recipe(playlist)

    async def _follow_recipe(self, playlist: Playlist) -> None:
        async with self._pool.connection() as c:
            change = await playlists.music_change(c)
        try:
            recipe = Recipe.from_json(playlist.recipe or {})
            follower = await self._live.follower()
            songs = await make(self._pool, follower, recipe, today=today())
        except (SimilarityError, TimeoutError) as error:
            await self._put_off(playlist, str(error) or "The index could not be read in time.")
            return
        except Exception as error:  # one recipe must not keep all playlists from the servers
            await self._put_off(playlist, judge(error, attempt=playlist.attempts + 1, kind=self.kind).reason)
            return
        async with self._pool.connection() as c:
            version = await playlists.add_version(c, playlist.id, songs) if songs else None
            await playlists.recipe_followed(c, playlist.id, change=change)
            if version is not None:
                await copies.want_look(c)
                _log.info("recipe_followed", playlist=playlist.id, version=version.number, songs=len(songs))

    async def _put_off(self, playlist: Playlist, reason: str) -> None:
        seconds = pause_after(playlist.attempts + 1, first=30, longest=3600)
        async with self._pool.connection() as c:
            await playlists.recipe_failed(c, playlist.id, reason=reason, seconds=seconds)

    async def _work(self, look: Look, owner: str) -> None:
        began = time.monotonic()
        try:
            async with self._leases.kept(owner):
                seconds, looked, reason = await self._attempt(look, owner)
        except (LeaseLostError, NotOursError):
            return

        failed = reason not in (None, _KEEPS_NONE)  # a server without playlists has no fault
        cost = Cost(
            edits=looked.changed if looked else 0, failures=int(failed), seconds=time.monotonic() - began
        )

        async def end(c: Connection) -> bool:
            known = None if looked is None else looked.known
            return await copies.finish(c, look, owner, seconds=seconds, known=known, reason=reason, cost=cost)

        await write_down(self._pool, end, timers=self._timers, seconds=self._timers.settle)
        if failed:
            _log.warning("publishing_failed", server=look.server, reason=reason)

    async def _attempt(self, look: Look, owner: str) -> tuple[float, Looked | None, str | None]:
        journal = Journal(pool=self._pool, look=look, owner=owner, grace_hours=self._grace_hours)
        try:
            async with self._registry.using(look.server) as adapter:
                shelf = shelf_of(adapter)
                if shelf is None:
                    return _KEEPS_NONE_SECONDS, None, _KEEPS_NONE
                return (
                    self._every_seconds,
                    await publishing.look(shelf, journal, self._fill, self._wanted),
                    None,
                )
        except (LeaseLostError, NotOursError):
            raise
        except DoubtfulError as error:
            return _DOUBTFUL_SECONDS, None, str(error)
        except Exception as error:
            verdict = judge(error, attempt=look.attempts + 1, kind=self.kind)
            seconds = verdict.seconds if isinstance(verdict, Later) else _KEEPS_NONE_SECONDS
            return seconds, None, verdict.reason

    async def _fill(self, wish: Wish) -> Sequence[RecordingId]:
        """What a person's list asks for."""
        rules = Recipe(kind="similar").rules(today=today(), server=wish.server)
        rules = replace(rules, without=wish.banned)
        try:
            follower = await self._live.follower()
            match wish.kind:
                case WishKind.RADIO:
                    found = await near(self._pool, follower, wish.seeds, wish.count, rules=rules)
                    return [one.recording for one in found]
                case WishKind.MIX:
                    return await mixed(self._pool, follower, wish.seeds, wish.count, rules=rules)
                case WishKind.PATH:
                    count = wish.count + len(wish.seeds)
                    return await on_the_way(self._pool, follower, wish.seeds, count, rules=rules)
        except (SimilarityError, TimeoutError) as error:
            raise CannotFillError(str(error) or "The index could not be read in time.") from error
