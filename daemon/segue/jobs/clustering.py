"""Looks for groups: a run of kind `clustering` begins and concludes, runs below it do the batches.

Whoever answers the last batch of a round asks the next ones: the checkpoint, what came back and what
is asked next change in one transaction, so that a search goes on wherever it was left.
"""

import json
from collections.abc import Mapping, Sequence
from secrets import token_hex
from typing import Any

from segue.children import ChildError
from segue.clustering.evaluation import Result
from segue.clustering.naming import check_template
from segue.clustering.order import Order
from segue.clustering.search import Search
from segue.clustering.wire import piece_to_bytes
from segue.jobs.concluding import Conclusion, Names, kept_outcome
from segue.jobs.leases import LeaseLostError
from segue.jobs.material import Desk, SearchOverError, pieces_of
from segue.jobs.minds import Minds, judge_child
from segue.jobs.running import Again, Done, Outcome, Task
from segue.jobs.verdicts import Never
from segue.model import RunId, RunState, ServerKey
from segue.store import cluster_searches, clusterings, runs, spaces
from segue.store.cluster_searches import Scope
from segue.store.pool import Connection, Pool
from segue.wake import Wake

__all__ = ["Batches", "Clusterings"]

_LOOK_SECONDS = 5.0  # what ends the waiting earlier is the last batch


class Clusterings:
    """The handler of runs of kind `clustering`."""

    def __init__(self, pool: Pool, wake: Wake, minds: Minds, desk: Desk, names: Names) -> None:
        self._pool = pool
        self._wake = wake
        self._minds = minds
        self._desk = desk
        self._names = names

    async def __call__(self, task: Task) -> Outcome:
        async with self._pool.connection() as c:
            await cluster_searches.sweep(c)
            kept = await clusterings.of_run(c, task.run.id)
            search = await cluster_searches.get(c, task.run.id)
        if kept is not None:  # we were killed between keeping it and saying so
            return Done(task.run.message)
        try:
            opened = search or await self._open(task)
            if isinstance(opened, Never):
                return opened
            if not opened.state or not await self._is_of_this_version(opened):
                return await self._begin(task, opened)
            return await self._conclude(task, opened) if opened.finished else await self._look(task)
        except ChildError as error:
            return judge_child(error, attempt=task.run.attempts)

    async def _open(self, task: Task) -> cluster_searches.Search | Never:
        """Put the library aside as it is now, so that all workers search the same."""
        try:
            order = Order.from_dict(task.run.arguments)
            check_template(self._names.template)
        except ValueError as error:
            return Never(str(error))
        async with self._pool.connection() as c:
            space, last = await spaces.serving(c), await clusterings.newest(c)
        if space is None:
            return Never("There is no space of vectors that serves.")
        scope = _scope(order)
        number, count = 0, 0
        last_id = last.id if last else None
        async for piece in pieces_of(self._pool, space.id, space.dimensions, scope, last=last_id):
            async with self._pool.connection() as c:
                await cluster_searches.add_piece(c, task.run.id, number, piece_to_bytes(piece))
            number, count = number + 1, count + len(piece.corpus)
        async with self._pool.connection() as c, c.transaction():
            await self._tell(c, task, total=order.parameters.clustering_runs)
            await cluster_searches.open_(
                c,
                task.run.id,
                key=token_hex(8),
                last=last_id,
                parameters=order.parameters.as_json(),
                seed=order.seed,
                space=space.id,
                scope=scope,
                recordings=count,
            )
            opened = await cluster_searches.get(c, task.run.id)
        assert opened is not None
        return opened

    async def _begin(self, task: Task, search: cluster_searches.Search) -> Outcome:
        reply = await self._minds.ask({"task": "begin", **await _common(self._desk, search)})
        if "reason" in reply:
            return Never(str(reply["reason"]))
        begun = Search.resume(reply["state"])
        async with self._pool.connection() as c, c.transaction():
            await self._tell(c, task, message=f"Looks for groups in {search.recordings} recordings.")
            await _ask_next(c, search.run_id, begun)
        await self._wake("cluster_batch")
        return Again(_LOOK_SECONDS)

    async def _is_of_this_version(self, search: cluster_searches.Search) -> bool:
        """What another version has begun is asked no more."""
        try:
            Search.resume(search.state)
        except ValueError:
            async with self._pool.connection() as c, c.transaction():
                for below in await runs.children(c, search.run_id):
                    await runs.cancel(c, below.id)
                await cluster_searches.advance(c, search.run_id, b"", finished=False)
            return False
        return True

    async def _look(self, task: Task) -> Outcome:
        """Batches go on without us, unless one of them was given up."""
        async with self._pool.connection() as c:
            below = await runs.children(c, task.run.id)
            broken = next((run for run in below if run.state is RunState.FAILURE), None)
            for run in below if broken else ():
                await runs.cancel(c, run.id)
        if broken:
            return Never(f"A batch could not be computed. {broken.message}")
        return Again(_LOOK_SECONDS)

    async def _conclude(self, task: Task, search: cluster_searches.Search) -> Outcome:
        async with self._pool.connection() as c:
            last = await clusterings.all_clusters(c, search.last_id) if search.last_id else ()
        reply = await self._minds.ask(
            {
                "task": "conclude",
                **await _common(self._desk, search),
                "state": search.state,
                "template": self._names.template,
                "last": {
                    str(one.lineage): {"name": one.name, "chosen": one.position is not None} for one in last
                },
            }
        )
        if "reason" in reply:
            return Never(str(reply["reason"]))
        conclusion = await self._names.improve(Conclusion.read(reply), self._pool)
        message = conclusion.sentence()
        async with self._pool.connection() as c, c.transaction():
            await self._tell(c, task, message=message)
            await kept_outcome(c, search, conclusion)
            await cluster_searches.close(c, task.run.id)
        await self._wake("publish")
        await self._desk.tidy()
        return Done(message)

    async def _tell(
        self, c: Connection, task: Task, *, total: int | None = None, message: str | None = None
    ) -> None:
        """In the same transaction as what is told; LeaseLostError undoes it."""
        if not await runs.progress(c, task.run.id, task.owner, total=total, message=message):
            raise LeaseLostError


class Batches:
    """The handler of runs of kind `cluster_batch`."""

    def __init__(self, pool: Pool, wake: Wake, minds: Minds, desk: Desk) -> None:
        self._pool = pool
        self._wake = wake
        self._minds = minds
        self._desk = desk

    async def __call__(self, task: Task) -> Outcome:
        async with self._pool.connection() as c:
            batch = await cluster_searches.batch(c, task.run.id)
            search = await cluster_searches.get(c, batch.search_id) if batch else None
        if batch is None or search is None or batch.results is not None:
            return Done()
        try:
            reply = await self._minds.ask(
                {
                    "task": "evaluate",
                    **await _common(self._desk, search),
                    "batch": json.loads(batch.request),
                }
            )
        except SearchOverError:
            return Done()
        except ChildError as error:
            return judge_child(error, attempt=task.run.attempts)
        if await self._settle(task, search.run_id, json.dumps(reply["results"])):
            await self._wake("cluster_batch")
            await self._wake("clustering")
        return Done()

    async def _settle(self, task: Task, run: RunId, results: str) -> bool:
        """Keep what came back, and ask the next round if it was the last of this one: whether so."""
        async with self._pool.connection() as c, c.transaction():
            search = await cluster_searches.hold(c, run)
            if search is None or not await runs.hold(c, run):
                raise LeaseLostError
            if not await runs.progress(c, task.run.id, task.owner, done=1, total=1):
                raise LeaseLostError
            await cluster_searches.answer(c, task.run.id, results)
            if await cluster_searches.unanswered(c, run):
                return False
            await _next_round(c, search)
            return True


async def _next_round(c: Connection, row: cluster_searches.Search) -> None:
    search = Search.resume(row.state)
    for text in await cluster_searches.answers(c, row.run_id):
        search.tell([Result.from_dict(one) for one in json.loads(text)])
    await _ask_next(c, row.run_id, search)
    run = await runs.get(c, row.run_id)
    if run is not None:
        done = int(search.progress * search.parameters.clustering_runs)
        await runs.progress(c, row.run_id, run.lease_owner, done=done - run.done, message=_so_far(search))
    if search.finished:
        await runs.hasten(c, row.run_id)


async def _ask_next(c: Connection, run: RunId, search: Search) -> None:
    """The checkpoint, and a run for each batch of what is to be computed now."""
    await cluster_searches.advance(c, run, search.state(), finished=search.finished)
    for batch in search.batches():
        child = await runs.create(c, "cluster_batch", parent=run)
        await cluster_searches.ask(c, child, run, json.dumps(batch.as_dict()))


def _so_far(search: Search) -> str:
    best = search.best
    found = f"best score so far {best.score:.3f}" if best else "no grouping is complete yet"
    return f"Generation {search.generation + 1}, {found}."


async def _common(desk: Desk, search: cluster_searches.Search) -> Mapping[str, Any]:
    """What every request to a child names."""
    library = await desk.library(search.run_id, search.key)
    return {
        "library": str(library),
        "parameters": search.parameters,
        "seed": search.seed,
        "fresh": search.fresh,
    }


def _scope(order: Order) -> Scope:
    servers: Sequence[ServerKey] | None = None
    if order.servers is not None:
        servers = [ServerKey(server) for server in order.servers]
    return Scope(servers=servers, libraries=order.libraries)
