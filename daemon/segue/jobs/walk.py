"""Walks servers: a run with a server walks it, one without walks them all as its children."""

from segue.jobs.leases import LeaseLostError
from segue.jobs.running import Again, Done, Task
from segue.library.preview import preview_walk
from segue.library.walk import SECOND_LOOK_SECONDS, Revoked, walk_server
from segue.model import Quality, RunState, ServerKey
from segue.registry import Registry
from segue.store import runs, servers
from segue.store.pool import Connection, Pool
from segue.wake import Wake

__all__ = ["Previews", "Walks"]

_CHILDREN_SECONDS = 2.0
_FIRST = Quality.FAST  # a new library is usable in minutes and gets better then


class Walks:
    """The handler of runs of kind `walk`."""

    def __init__(self, pool: Pool, registry: Registry, wake: Wake) -> None:
        self._pool = pool
        self._registry = registry
        self._wake = wake

    async def __call__(self, task: Task) -> Done | Again:
        server = task.run.server_id
        return await self._walk_all(task) if server is None else await self._walk(task, server)

    async def _walk(self, task: Task, server: ServerKey) -> Done:
        async def report(
            c: Connection, *, done: int = 0, total: int | None = None, message: str | None = None
        ) -> bool:
            return await runs.progress(c, task.run.id, task.owner, done=done, total=total, message=message)

        try:
            outcome = await walk_server(
                pool=self._pool,
                registry=self._registry,
                wake=self._wake,
                server=server,
                quality=_FIRST,
                report=report,
            )
        except Revoked as error:
            raise LeaseLostError from error
        if outcome.doubted:
            await self._want_second_look(server)
        await self._wake("analyse")
        return Done(outcome.sentence())

    async def _want_second_look(self, server: ServerKey) -> None:
        async with self._pool.connection() as c:
            await runs.create(c, "walk", server=server, seconds=SECOND_LOOK_SECONDS)

    async def _walk_all(self, task: Task) -> Done | Again:
        if task.run.total is None:
            await self._begin_all(task)
            await self._wake("walk")
            return Again(_CHILDREN_SECONDS)
        async with self._pool.connection() as c:
            children = await runs.children(c, task.run.id)
        ended = sum(child.finished for child in children)
        failed = sum(child.state is RunState.FAILURE for child in children)
        await task.progress(done=ended - failed - task.run.done, failed=failed - task.run.failed)
        if ended < len(children):
            return Again(_CHILDREN_SECONDS)
        return Done(f"{ended - failed} servers walked, {failed} could not be walked.")

    async def _begin_all(self, task: Task) -> None:
        """One walk below us for each server; one that is wanted already goes its own way."""
        async with self._pool.connection() as c:
            for server in await servers.list_(c):
                if not server.withdrawn:
                    await runs.create(c, "walk", parent=task.run.id, server=server.id)
            children = await runs.children(c, task.run.id)
            await runs.progress(c, task.run.id, task.owner, total=len(children))


class Previews:
    """The handler of runs of kind `preview`: what a walk would find stands in the run's log."""

    def __init__(self, pool: Pool, registry: Registry) -> None:
        self._pool = pool
        self._registry = registry

    async def __call__(self, task: Task) -> Done:
        if task.run.server_id is None:
            return Done("Name a server.")
        found = await preview_walk(pool=self._pool, registry=self._registry, server=task.run.server_id)
        for line in found.lines():
            await task.log("info", line)
        return Done(found.sentence())
