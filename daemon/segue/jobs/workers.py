"""All workers of one process: one event loop, two queues, stopped in order."""

import asyncio
from collections.abc import Collection, Sequence
from typing import Protocol

import structlog

from segue.analysis.cuda import cuda_installed
from segue.analysis.projection import Projection
from segue.children import Limits
from segue.index import Sizes
from segue.jobs.clock import Clock
from segue.jobs.cluster_drains import clustering_drains
from segue.jobs.hearing import Ears, HearingDrain
from segue.jobs.history import HistoryDrain
from segue.jobs.intake import IntakeDrain
from segue.jobs.listen import Listener
from segue.jobs.live import LiveOnDemand
from segue.jobs.publish import PublishDrain
from segue.jobs.running import RunDrain
from segue.jobs.spaces import SpacesDrain
from segue.jobs.sparing import NEVER_QUIET, QuietHours
from segue.jobs.tidying import TidyDrain
from segue.jobs.timers import DEFAULTS, Timers
from segue.jobs.walk import Previews, Walks
from segue.model import Quality
from segue.publishing import Wanted
from segue.services import Services
from segue.similarity.projecting import Projector
from segue.wake import KINDS, Queue

__all__ = ["Drain", "run_drains", "run_workers"]

_WALKS = 4
_AHEAD_PER_SLOT, _MOST_AHEAD = 4, 16  # so that a server which takes its time keeps the processor busy

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class Drain(Protocol):
    """Works off one kind of rows until it is cancelled."""

    @property
    def kind(self) -> str: ...

    def wake(self) -> None: ...

    async def run(self) -> None: ...


async def run_workers(
    services: Services, queues: Collection[Queue], stop: asyncio.Event, *, timers: Timers = DEFAULTS
) -> None:
    """Work on these queues until told to stop; then give back what is unfinished."""
    drains = [drain for drain in _drains(services, timers) if KINDS[drain.kind].queue in queues]
    await run_drains(drains, services.settings.redis_address(), stop, timers=timers)


async def run_drains(drains: Sequence[Drain], redis_url: str, stop: asyncio.Event, *, timers: Timers) -> None:
    """Run these drains and listen for their wake-ups, until told to stop."""
    _log.info("workers_started", kinds=[drain.kind for drain in drains])
    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(drain.run()) for drain in drains]
        running += [tasks.create_task(listener.run()) for listener in _listeners(drains, redis_url, timers)]
        await stop.wait()
        await _end(running, timers)
    _log.info("workers_stopped")


async def _end(tasks: Collection[asyncio.Task[None]], timers: Timers) -> None:
    """Cancel, and again what does not hear: libraries below us have been seen to lose a cancel."""
    hanging = set(tasks)
    while hanging:
        for task in hanging:
            task.cancel()
        _, hanging = await asyncio.wait(hanging, timeout=2 * timers.stop)


def _drains(services: Services, timers: Timers) -> list[Drain]:
    pool, wake, identity = services.pool, services.wake, services.identity
    wanted, kept = services.settings.analysis, services.settings.library
    ears = Ears(
        slots=wanted.slots,
        limits=Limits(nice=wanted.nice, idle_seconds=wanted.idle_seconds),
        target=Quality(wanted.quality),
        ahead=min(_AHEAD_PER_SLOT * wanted.slots, _MOST_AHEAD),
        shared="segue.analysis.shared:serve" if cuda_installed() else None,
        models=wanted.models or services.settings.data_dir / "models",
        percent=wanted.cpu_percent,
        quiet=QuietHours.parse(wanted.quiet_hours) if wanted.quiet_hours else NEVER_QUIET,
    )
    return [
        Clock(pool, wake, timers),
        RunDrain(
            pool,
            "walk",
            Walks(pool, services.registry, wake),
            identity=identity,
            slots=_WALKS,
            timers=timers,
        ),
        RunDrain(
            pool,
            "preview",
            Previews(pool, services.registry),
            identity=identity,
            slots=1,
            timers=timers,
        ),
        IntakeDrain(pool, services.registry, wake, timers),
        HistoryDrain(pool, services.registry, timers),
        TidyDrain(pool, timers, missing_days=kept.missing_days, run_days=kept.run_days),
        HearingDrain(
            pool,
            services.registry,
            wake,
            ears=ears,
            identity=identity,
            timers=timers,
            vectors=Projector(Projection.from_bytes).vectors,
        ),
        SpacesDrain(pool, timers),
        _publish_drain(services, timers),
        *clustering_drains(services, timers),
    ]


def _publish_drain(services: Services, timers: Timers) -> PublishDrain:
    settings = services.settings
    wanted = settings.publishing
    sizes = Sizes(
        exact_below=settings.index.exact_below,
        quantise_above=settings.index.quantise_above,
        folder=settings.data_dir / "index",
    )
    return PublishDrain(
        services.pool,
        services.registry,
        services.wake,
        wanted=Wanted(prefix=wanted.prefix, songs=wanted.fill_songs),
        live=LiveOnDemand(services.pool, sizes),
        every_seconds=wanted.look_seconds,
        grace_hours=wanted.grace_hours,
        identity=services.identity,
        timers=timers,
        enabled=wanted.enabled,
    )


def _listeners(drains: Sequence[Drain], url: str, timers: Timers) -> list[Listener]:
    queues: dict[Queue, dict[str, Drain]] = {}
    for drain in drains:
        queues.setdefault(KINDS[drain.kind].queue, {})[drain.kind] = drain
    return [
        Listener(url, queue, {kind: drain.wake for kind, drain in wakers.items()}, timers=timers)
        for queue, wakers in queues.items()
    ]
