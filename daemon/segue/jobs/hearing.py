"""Hears what is wanted: borrows the audio, has a child hear it, keeps the result in one transaction."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex

import numpy as np
import numpy.typing as npt
import structlog
from psycopg import Rollback

from segue.analysis.errors import HearingError
from segue.analysis.wire import reply_to_analysis, request_for
from segue.children import Child, ChildError, ChildRaised, Limits, Message
from segue.jobs.borrowing import Lends, NobodyLendsError, borrowed
from segue.jobs.leases import LeaseLostError, Leases
from segue.jobs.loop import Loop
from segue.jobs.sharing import SharedNetwork
from segue.jobs.slots import Slots, work_until_cancelled
from segue.jobs.sparing import NEVER_QUIET, QuietHours, rest_after
from segue.jobs.timers import Every, Timers, pause_after
from segue.jobs.verdicts import Later, Never, judge
from segue.jobs.writing import Statement, write_down
from segue.model import Analysis, Quality, ServerKey, SpaceId
from segue.sdk import AdapterError, AuthFailed, NotFound
from segue.store import analyses, hearing_runs, hearing_workers, recordings, runs, spaces
from segue.store.analyses import SpacesChangedError
from segue.store.pool import Connection, Pool
from segue.store.recordings import Claim
from segue.wake import Wake

__all__ = ["Ears", "HearingDrain"]

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)
_RECOUNT_SECONDS = 2.0
_TELL_SECONDS = 5.0
_PROBE_SECONDS = 60.0
_CRASHES = 3  # of the child, by one recording, until it is left alone
_OPERATOR_SECONDS = 900.0
_SPACES_CHANGES = 3  # between looking at the spaces and writing

_LEVELS = tuple(Quality)

Outcome = Analysis | Later | Never


Vector = npt.NDArray[np.float32]
VectorsOf = Callable[[Connection, Analysis], Awaitable[Mapping[SpaceId, Vector]]]
"""An analysis' vectors in every projected space of the moment."""


async def _no_vectors(c: Connection, analysis: Analysis) -> Mapping[SpaceId, Vector]:
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ears:
    """How recordings are heard: in so many children, by this function of theirs."""

    slots: int
    limits: Limits = field(default_factory=Limits)
    target: Quality = Quality.BALANCED
    deadline_seconds: float = 600.0
    function: str = "segue.analysis.child:hear"
    shared: str | None = None  # runs the network for all children, where a GPU may be
    search: tuple[Path, ...] = ()
    ahead: int = 1  # recordings whose audio is being borrowed while the children are busy
    models: Path | None = None  # a folder of other people's models
    at_once: int = 500  # up to so many below the target are heard as well as wanted, without a first pass
    percent: int = 100  # of the time that each child works
    quiet: QuietHours = NEVER_QUIET


class HearingDrain:
    """Works off the wanted recordings; counts them in the one open run of kind `analyse`."""

    kind = "analyse"

    def __init__(
        self,
        pool: Pool,
        lends: Lends,
        wake: Wake,
        *,
        ears: Ears,
        identity: str,
        timers: Timers,
        vectors: VectorsOf = _no_vectors,
    ) -> None:
        self._pool = pool
        self._lends = lends
        self._wake_others = wake
        self._ears = ears
        self._identity = identity
        self._timers = timers
        self._vectors = vectors
        self._children: asyncio.LifoQueue[Child] = asyncio.LifoQueue()  # so that idle ones can go
        self._leases = Leases(pool, held=recordings.held, renew=_renew, timers=timers)
        self._loop = Loop(self.kind, self._look, timers)
        self._network = SharedNetwork(ears.shared, ears.limits, search=ears.search)
        self._slots = Slots(ears.slots + ears.ahead, self._loop.wake)
        self._recounted = Every(_RECOUNT_SECONDS)
        self._at_once = False
        self._device = ("", "")
        self._told = Every(_TELL_SECONDS)
        self._probed = Every(timers.heartbeat)

    def wake(self) -> None:
        self._loop.wake()

    async def run(self) -> None:
        """Work until cancelled; then everything is given back."""
        children = [self._make_child() for _ in range(self._ears.slots)]
        for child in children:
            self._children.put_nowait(child)
        try:
            await work_until_cancelled(self._loop, self._leases, self._slots)
        finally:
            await self._write(lambda c: recordings.release_all(c, self._identity), self._timers.stop)
            await self._write(lambda c: hearing_workers.forget(c, self._identity), self._timers.stop)
            await asyncio.gather(*(child.stop() for child in children), self._network.stop())

    def _make_child(self) -> Child:
        return Child(self._ears.function, self._ears.limits, search=self._ears.search)

    async def _look(self) -> float | None:
        await self._tell()
        while self._slots.free:
            if quiet := self._ears.quiet.seconds_left():
                await self._rest()
                return quiet
            claim = await self._claim()
            if claim is None:
                return await self._rest()
            self._slots.start(self._work(claim))
        return None

    async def _tell(self) -> None:
        """Say for people to see on what we hear and whether we rest."""
        if self._told.is_due():
            device, reason = self._device
            async with self._pool.connection() as c:
                await hearing_workers.tell(
                    c,
                    self._identity,
                    device=device or None,
                    reason=reason or None,
                    slots=self._ears.slots,
                    percent=self._ears.percent,
                    quiet_seconds=self._ears.quiet.seconds_left(),
                )

    async def _claim(self) -> Claim | None:
        async with self._pool.connection() as c:
            run = await hearing_runs.join(c)
            if run is None:
                return None
            share = self._recounted.is_due()
            if share:
                self._at_once = await hearing_runs.is_small(c, self._ears.target, most=self._ears.at_once)
                await hearing_runs.recount(c, run, Quality.FAST if self._at_once else self._ears.target)
            claims = await recordings.claim(
                c, owner=f"{self._identity}/{token_hex(4)}", limit=1, seconds=self._timers.lease
            )
        if claims and share:
            await self._wake_others(self.kind)  # there may be more: other workers take part
        return claims[0] if claims else None

    async def _rest(self) -> float | None:
        async with self._pool.connection() as c:
            run = await hearing_runs.close(c)
        if run is not None:
            _log.info("run_ended", run=run, kind=self.kind)
            await self._wake_others("drift")
            return None
        async with self._pool.connection() as c:
            probing = self._probed.is_due()
            awaited = await hearing_runs.awaited(c) if probing else []
            seconds = await hearing_runs.next_look(c)
        for server in awaited[: self._slots.free]:
            self._slots.start(self._probe(server))
        return seconds

    async def _probe(self, server: ServerKey) -> None:
        """Whether a lost server is back; its state follows, and with it what can be claimed."""
        with contextlib.suppress(AdapterError, TimeoutError):
            async with asyncio.timeout(_PROBE_SECONDS), self._lends.using(server) as adapter:
                await adapter.probe()

    async def _work(self, claim: Claim) -> None:
        try:
            async with self._leases.kept(claim.owner):
                outcome = await self._attempt(claim)
        except LeaseLostError:
            pass  # told by Leases
        else:
            await self._write(lambda c: self._settle(c, claim, outcome), self._timers.settle)
            if isinstance(outcome, Analysis):
                await self._wake_others("assign")

    async def _attempt(self, claim: Claim) -> Outcome:
        try:
            return await self._hear(claim)
        except LeaseLostError:
            raise
        except HearingError as error:
            return Never(error.reason)
        except ChildError as error:
            return _judge_child(error, claim)
        except NobodyLendsError as error:
            return await self._judge_refusals(error, claim)
        except Exception as error:
            return judge(error, attempt=claim.attempts, kind=self.kind)

    async def _hear(self, claim: Claim) -> Analysis:
        async with self._pool.connection() as c:
            sources = await recordings.sources(c, claim.recording)
        quality = max(claim.wanted, self._ears.target, key=_LEVELS.index) if self._at_once else claim.wanted
        models = str(self._ears.models or "") or None
        async with (
            borrowed(self._lends, sources) as path,
            self._a_child() as child,
            self._network.offered() as offer,
        ):
            reply = await child.call(
                request_for(str(path), quality=quality, models=models, network=offer),
                deadline_seconds=self._ears.deadline_seconds,
            )
            await self._network.note(offer, reply)
        self._note_device(reply)
        return reply_to_analysis(dict(reply))

    def _note_device(self, reply: Message) -> None:
        """A GPU that cannot be used is told as loudly as can be, once."""
        device = str(reply.get("device") or ""), str(reply.get("device_reason") or "")
        if device[0] and device[0] != self._device[0]:
            tell = _log.warning if reply.get("fell_back") else _log.info
            tell("ears_opened", device=device[0], reason=device[1], fell_back=bool(reply.get("fell_back")))
        self._device = device

    @asynccontextmanager
    async def _a_child(self) -> AsyncIterator[Child]:
        child = await self._children.get()
        loop = asyncio.get_running_loop()
        begun = loop.time()
        try:
            yield child
        finally:
            rest = rest_after(loop.time() - begun, percent=self._ears.percent)
            loop.call_later(rest, self._children.put_nowait, child)

    async def _judge_refusals(self, error: NobodyLendsError, claim: Claim) -> Later | Never:
        stale = {source.server for source, refusal in error.refusals if isinstance(refusal, NotFound)}
        for server in stale:  # what we know of it is old
            async with self._pool.connection() as c:
                await runs.create(c, "walk", server=server)
            await self._wake_others("walk")
        match error.weightiest:
            case AuthFailed() | NotFound() as refusal:
                return Later(_OPERATOR_SECONDS, str(refusal))
            case AdapterError() as refusal:
                return judge(refusal, attempt=claim.attempts, kind=self.kind)

    async def _settle(self, c: Connection, claim: Claim, outcome: Outcome) -> None:
        async with c.transaction() as transaction:
            run = await hearing_runs.join(c)  # before the recording's row: see there
            if run is None or not await self._keep(c, claim, outcome):
                raise Rollback(transaction)
            match outcome:
                case Analysis():
                    await runs.progress(c, run, None, done=1)
                case Never(reason):
                    await runs.progress(c, run, None, failed=1)
                    name = await hearing_runs.name(c, claim.recording)
                    await runs.log(c, run, "warning", f"{name}: {reason}")

    async def _keep(self, c: Connection, claim: Claim, outcome: Outcome) -> bool:
        recording, owner = claim.recording, claim.owner
        match outcome:
            case Never(reason):
                return await recordings.fail(c, recording, owner, reason)
            case Later(seconds, reason):
                return await recordings.postpone(c, recording, owner, seconds=seconds, reason=reason)
            case analysis:
                return await self._save(c, claim, analysis)

    async def _save(self, c: Connection, claim: Claim, analysis: Analysis) -> bool:
        for name, vector in analysis.spaces.items():
            if await spaces.named(c, name) is None:
                await spaces.add_model(c, name, len(vector))
        for attempt in range(1, _SPACES_CHANGES + 1):
            vectors = await self._vectors(c, analysis)
            try:
                saved = await analyses.save(
                    c, claim.recording, claim.owner, analysis, vectors=vectors, target=self._ears.target
                )
            except SpacesChangedError:
                if attempt == _SPACES_CHANGES:
                    raise
            else:
                return saved is not None
        return False

    async def _write(self, statement: Statement, seconds: float) -> None:
        await write_down(self._pool, statement, timers=self._timers, seconds=seconds)


async def _renew(c: Connection, owners: Collection[str], *, seconds: float) -> set[str]:
    return {owner for owner in owners if await recordings.renew(c, owner, seconds=seconds)}


def _judge_child(error: ChildError, claim: Claim) -> Later | Never:
    """A crash may be the machine's fault (memory, a kill), but not for ever."""
    if isinstance(error, ChildRaised) and error.kind != "MemoryError":
        _log.error("hearing_broke", recording=claim.recording, error=error.kind, trace=error.trace)
    else:
        _log.warning("child_lost", recording=claim.recording, error=str(error))
    reason = f"The decoder failed: {error}."
    if claim.attempts >= _CRASHES:
        return Never(reason)
    return Later(pause_after(claim.attempts, first=10, longest=600), reason)
