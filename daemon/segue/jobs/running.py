"""Works off runs: claims them, hands each to its kind's handler, writes down how it ended."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from secrets import token_hex

import structlog

from segue.jobs.leases import LeaseLostError, Leases
from segue.jobs.loop import Loop
from segue.jobs.slots import Slots, work_until_cancelled
from segue.jobs.timers import Timers
from segue.jobs.verdicts import Later, Never, judge
from segue.jobs.writing import Statement, write_down
from segue.store import runs
from segue.store.pool import Connection, Pool
from segue.store.runs import Level, Run

__all__ = ["Again", "Done", "Handler", "RunDrain", "Task"]

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Done:
    """The run succeeded; the message is a sentence for people."""

    message: str | None = None


@dataclass(frozen=True, slots=True)
class Again:
    """Nothing to do now, look again after some seconds; holds no slot and is no attempt."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Task:
    """A run as its handler sees it."""

    run: Run
    owner: str
    pool: Pool

    async def progress(
        self, *, done: int = 0, failed: int = 0, total: int | None = None, message: str | None = None
    ) -> None:
        """Tell how far it is; LeaseLostError when the run is not ours any more."""
        async with self.pool.connection() as c:
            await c.execute("set local synchronous_commit to off")
            held = await runs.progress(
                c, self.run.id, self.owner, done=done, failed=failed, total=total, message=message
            )
        if not held:
            raise LeaseLostError

    async def log(self, level: Level, line: str) -> None:
        """Add a line to the run's log."""
        async with self.pool.connection() as c:
            await runs.log(c, self.run.id, level, line)


Outcome = Done | Again | Later | Never
Handler = Callable[[Task], Awaitable[Outcome]]


class RunDrain:
    """Works off all runs of one kind, so many at a time as there are slots."""

    def __init__(
        self, pool: Pool, kind: str, handler: Handler, *, identity: str, slots: int, timers: Timers
    ) -> None:
        self.kind = kind
        self._pool = pool
        self._handler = handler
        self._identity = identity
        self._timers = timers
        self._leases = Leases(pool, held=runs.held, renew=runs.renew, timers=timers)
        self._loop = Loop(kind, self._look, timers)
        self._slots = Slots(slots, self._loop.wake)

    def wake(self) -> None:
        self._loop.wake()

    async def run(self) -> None:
        """Work until cancelled; then everything is given back."""
        try:
            await work_until_cancelled(self._loop, self._leases, self._slots)
        finally:
            await self._write(lambda c: runs.release_all(c, self.kind, self._identity), self._timers.stop)

    async def _look(self) -> float | None:
        while self._slots.free:
            owner = f"{self._identity}/{token_hex(8)}"
            async with self._pool.connection() as c:
                run = await runs.claim(c, [self.kind], owner=owner, seconds=self._timers.lease)
            if run is None:
                async with self._pool.connection() as c:
                    return await runs.next_look(c, [self.kind])
            self._slots.start(self._work(Task(run, owner, self._pool)))
        return None

    async def _work(self, task: Task) -> None:
        log = _log.bind(run=task.run.id, kind=self.kind, attempt=task.run.attempts)
        log.info("run_begun")
        try:
            async with self._leases.kept(task.owner):
                outcome = await self._attempt(task)
        except LeaseLostError:
            log.info("run_abandoned")
        else:
            await self._write(lambda c: _settle(c, task, outcome), self._timers.settle)
            log.info("run_ended", outcome=type(outcome).__name__.lower())

    async def _attempt(self, task: Task) -> Outcome:
        try:
            return await self._handler(task)
        except LeaseLostError:
            raise
        except Exception as error:
            return judge(error, attempt=task.run.attempts, kind=self.kind)

    async def _write(self, statement: Statement, seconds: float) -> None:
        await write_down(self._pool, statement, timers=self._timers, seconds=seconds)


async def _settle(c: Connection, task: Task, outcome: Outcome) -> bool:
    run, owner = task.run.id, task.owner
    match outcome:
        case Done(message):
            return await runs.succeed(c, run, owner, message=message)
        case Never(reason):
            return await runs.fail(c, run, owner, reason)
        case Later(seconds, reason):
            return await runs.postpone(c, run, owner, seconds=seconds, reason=reason)
        case Again(seconds):
            return await runs.release(c, run, owner, seconds=seconds)
