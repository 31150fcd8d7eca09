"""The drains of clustering: runs that share their children, what joins groups, what asks for new ones."""

import asyncio
from pathlib import Path

from segue.jobs.assign import AssignDrain
from segue.jobs.clustering import Batches, Clusterings
from segue.jobs.concluding import Names, Words
from segue.jobs.material import Desk
from segue.jobs.minds import Minds, Thinking
from segue.jobs.naming import AskedNames
from segue.jobs.recluster import DriftDrain, Habits, Reclustering
from segue.jobs.running import RunDrain
from segue.jobs.timers import Timers
from segue.services import Services
from segue.settings.clustering import parameters_of
from segue.store.pool import Pool
from segue.wake import Wake

__all__ = ["ClusterDrain", "cluster_drains", "clustering_drains"]


class ClusterDrain:
    """Works off runs of one kind, and ends the children when it stops."""

    def __init__(self, drain: RunDrain, minds: Minds) -> None:
        self.kind = drain.kind
        self._drain = drain
        self._minds = minds

    def wake(self) -> None:
        self._drain.wake()

    async def run(self) -> None:
        """Work until cancelled; then everything is given back."""
        try:
            await self._drain.run()
        finally:
            await asyncio.shield(self._minds.stop())


def clustering_drains(
    services: Services, timers: Timers
) -> list[ClusterDrain | RunDrain | AssignDrain | DriftDrain]:
    """All of them, as the settings want them."""
    wanted, pool, wake = services.settings.clustering, services.pool, services.wake
    habits = Habits(
        automatic=wanted.automatic, pause_hours=wanted.pause_hours, parameters=parameters_of(wanted)
    )
    reclustering = Reclustering(pool, wake, habits)
    return [
        *cluster_drains(
            pool,
            wake,
            thinking=Thinking(slots=wanted.slots, gpu=wanted.gpu),
            names=_names(services),
            folder=services.settings.data_dir / "clustering",
            identity=services.identity,
            timers=timers,
        ),
        RunDrain(pool, "recluster", reclustering, identity=services.identity, slots=1, timers=timers),
        AssignDrain(pool, wake, timers),
        DriftDrain(reclustering, timers),
    ]


def _names(services: Services) -> Names:
    template, naming = services.settings.clustering.name_template, services.settings.naming
    return Words(template) if naming.url is None else AskedNames(template, naming)


def cluster_drains(
    pool: Pool,
    wake: Wake,
    *,
    thinking: Thinking,
    names: Names,
    folder: Path,
    identity: str,
    timers: Timers,
) -> list[ClusterDrain]:
    """One for runs that look for groups, one for their batches."""
    minds, desk = Minds(thinking), Desk(pool, folder)
    whole = Clusterings(pool, wake, minds, desk, names)
    batches = Batches(pool, wake, minds, desk)
    return [
        ClusterDrain(RunDrain(pool, "clustering", whole, identity=identity, slots=1, timers=timers), minds),
        ClusterDrain(
            RunDrain(pool, "cluster_batch", batches, identity=identity, slots=thinking.slots, timers=timers),
            minds,
        ),
    ]
