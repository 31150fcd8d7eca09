"""Decides when new groups are worth looking for: on schedule, or when the library has moved away."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog

from segue.clustering.drift import Drift, drift_of
from segue.clustering.limits import FEWEST_RECORDINGS
from segue.clustering.order import Order
from segue.jobs.loop import LookingDrain
from segue.jobs.running import Done, Outcome, Task
from segue.jobs.timers import Timers
from segue.store import cluster_searches, clusterings
from segue.store.clusterings import Clustering
from segue.store.pool import Connection, Pool
from segue.wake import Wake

__all__ = ["DriftDrain", "Habits", "Reclustering"]

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_QUIET = 0.05  # share of a library that may still wait to be heard
_WORTH_A_NIGHT = 0.02  # what must have come or gone for a run on schedule
_OTHER_VECTORS = "What the network hears is turned into vectors in another way now."


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """What is done unasked: whether at all, how often at most, with which parameters."""

    automatic: bool = True
    pause_hours: float = 20.0
    parameters: Mapping[str, Any] = field(default_factory=dict)


class Reclustering:
    """The handler of runs of kind `recluster`, and what may begin new groups without one."""

    def __init__(self, pool: Pool, wake: Wake, habits: Habits) -> None:
        self._pool = pool
        self._wake = wake
        self._habits = habits

    async def __call__(self, task: Task) -> Outcome:
        """On schedule: less than drift is enough, but there must be something."""
        async with self._pool.connection() as c:
            newest = await clusterings.newest(c)
            if newest is None:
                return Done(await self._first(c))
            drift = await measured(c, newest)
            moved = drift.new_share + drift.gone_share
            told = f"{moved:.1%} of the library came or went"
            if newest.space_id is not None and not drift.due and moved < _WORTH_A_NIGHT:
                return Done(f"{told}; the groups stay.")
            return Done(await self._want(c, newest, drift.reason or f"{told}."))

    async def _first(self, c: Connection) -> str:
        known, _ = await cluster_searches.unheard_share(c)
        if known < FEWEST_RECORDINGS:
            return f"{known} recordings have been heard; groups need at least {FEWEST_RECORDINGS}."
        return await self._want(c, None, "There are no groups yet.")

    async def consider(self) -> None:
        """Without a schedule: the first groups as soon as there is enough, later ones only after drift."""
        async with self._pool.connection() as c:
            await cluster_searches.sweep(c)
        if not self._habits.automatic:
            return
        async with self._pool.connection() as c:
            known, waiting = await cluster_searches.unheard_share(c)
            if known < FEWEST_RECORDINGS or waiting > _QUIET:
                return
            newest = await clusterings.newest(c)
            drift = await measured(c, newest) if newest else None
            reason = _reason(newest, drift)
            if reason is None or await self._too_soon(c, drift):
                return
            told = await self._want(c, newest, reason)
        _log.info("groups_wanted", told=told)

    async def _too_soon(self, c: Connection, drift: Drift | None) -> bool:
        """A library that has doubled need not wait, unless the last run came to nothing."""
        latest = await cluster_searches.latest_automatic(c)
        if latest is None:
            return False
        hours, failed = latest
        doubled = drift is not None and drift.new_share >= 1
        return hours < self._habits.pause_hours and (failed or not doubled)

    async def _want(self, c: Connection, newest: Clustering | None, reason: str) -> str:
        order = Order.from_dict(
            {
                "parameters": dict(self._habits.parameters),
                "servers": newest.servers if newest else None,
                "libraries": newest.libraries if newest else None,
                "automatic": True,
            }
        )
        run = await cluster_searches.want(c, order.as_dict())
        await c.commit()
        if run is None:
            return f"{reason} Groups are being looked for already."
        await self._wake("clustering")
        return f"{reason} Run {run} looks for new groups."


class DriftDrain(LookingDrain):
    """Considers new groups when all has been heard, and at every heartbeat."""

    kind = "drift"

    def __init__(self, reclustering: Reclustering, timers: Timers) -> None:
        super().__init__(timers)
        self._reclustering = reclustering

    async def _look(self) -> None:
        await self._reclustering.consider()


async def measured(c: Connection, clustering: Clustering) -> Drift:
    """How far the library has moved away from its groups."""
    since = await clusterings.changes(c, clustering)
    return drift_of(
        grouped=clustering.recordings,
        added=since.added,
        gone=since.gone,
        distance_then=clustering.mean_distance,
        distance_of_added=since.distance_of_added,
    )


def _reason(newest: Clustering | None, drift: Drift | None) -> str | None:
    if newest is None:
        return "Enough has been heard for the first groups."
    if newest.space_id is None:
        return _OTHER_VECTORS
    return drift.reason if drift else None
