"""System: versions, devices, paths, queues and the index of this daemon."""

import asyncio
from typing import Literal

from pydantic import Field

from segue.store import runs
from segue.web import machine
from segue.web.context import Call
from segue.web.routing import Scope, get
from segue.web.shapes import Told

__all__ = ["ROUTES"]


class DeviceReply(Told):
    """A processor of this machine."""

    kind: Literal["cpu", "cuda"]
    name: str
    usable: bool = Field(description="Whether what is installed here could hear music with it.")
    reason: str


class PathsReply(Told):
    """Where things lie on this machine."""

    data: str
    config: str | None


class IndexReply(Told):
    """The live index."""

    ready: bool
    space: str | None
    recordings: int
    seconds_behind: float | None = Field(description="Since it was last known to equal the database.")
    kind: str | None = Field(description="How it searches: `exact`, `graph` or `quantised`.")
    building: bool = Field(description="Another index is built beside the one that serves.")
    listed: int = Field(description="Recordings whose nearest are kept ready, so that they are only read.")
    recall_at_10: float | None = Field(
        description="Share of the true 10 nearest that is found, measured on a sample; null: all, or not yet."
    )
    recall_at_50: float | None = Field(description="The same for 50.")


class QueuesReply(Told):
    """What waits."""

    reachable: bool = Field(description="Whether Redis answers; without it work begins up to a minute late.")
    light: int | None
    heavy: int | None
    missed: int = Field(description="Wake-ups that Redis did not take; the heartbeat made up for them.")
    unfinished_runs: dict[str, int] = Field(description="By kind.")


class System(Told):
    """One daemon."""

    identity: str = Field(description="Names this process in leases and logs.")
    versions: dict[str, str]
    devices: tuple[DeviceReply, ...]
    paths: PathsReply
    queues: QueuesReply
    index: IndexReply
    memory_bytes: int | None


@get("/api/v1/system", tag="System", scope=Scope.READ, summary="What this daemon is and how it stands")
async def show_system(call: Call) -> System:
    services = call.services
    settings = services.settings
    depths = await services.wake.queue_depth()
    async with call.context.connection() as c:
        unfinished = await runs.unfinished_by_kind(c)
    status = call.context.follower.status
    return System(
        identity=services.identity,
        versions=await asyncio.to_thread(machine.versions),
        devices=tuple(
            DeviceReply(kind=one.kind, name=one.name, usable=one.usable, reason=one.reason)
            for one in await asyncio.to_thread(machine.devices)
        ),
        paths=PathsReply(
            data=str(settings.data_dir), config=str(settings.config) if settings.config else None
        ),
        queues=QueuesReply(
            reachable=depths is not None,
            light=depths["light"] if depths else None,
            heavy=depths["heavy"] if depths else None,
            missed=services.wake.missed,
            unfinished_runs=dict(unfinished),
        ),
        index=IndexReply(
            ready=status.ready,
            space=status.space,
            recordings=status.recordings,
            seconds_behind=status.seconds_behind,
            kind=status.kind,
            building=status.building,
            listed=status.listed,
            recall_at_10=status.recall.at_10 if status.recall else None,
            recall_at_50=status.recall.at_50 if status.recall else None,
        ),
        memory_bytes=machine.memory_bytes(),
    )


ROUTES = (show_system,)
