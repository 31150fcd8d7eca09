"""Analysis: begin hearing what is not heard yet."""

from datetime import datetime

from pydantic import Field

from segue.analysis import OLDEST_VALID
from segue.model import Quality
from segue.store import hearing_workers, recordings, runs
from segue.store.hearing_workers import HearingWorker
from segue.store.pool import Connection
from segue.web.context import Call
from segue.web.naming import server_names
from segue.web.routing import Scope, get, post
from segue.web.run_replies import RunReply, told
from segue.web.shapes import Asked, Told

__all__ = ["ROUTES"]

_TAG = "Analysis"


class AnalysisWanted(Asked):
    """What shall be heard."""

    quality: Quality | None = Field(default=None, description="How well; the setting's level when left out.")
    failed: bool = Field(default=False, description="Try again what could not be heard.")


class AnalysisStarted(Told):
    """What was begun."""

    wanted: int = Field(description="How many recordings were added to those waiting.")
    run: RunReply | None = Field(description="The run to follow; null when nothing waits to be heard.")


class EarsReply(Told):
    """A worker that hears."""

    worker: str
    device: str | None = Field(description="`cpu` or `cuda`; null before the first recording.")
    reason: str | None = Field(description="Why this device.")
    slots: int = Field(description="Recordings heard at the same time.")
    cpu_percent: int = Field(description="The share of the time that each slot works.")
    quiet_until: datetime | None = Field(description="When its quiet hours end, if it keeps them now.")


class AnalysisStatus(Told):
    """How far the hearing of the library is, in recordings."""

    total: int
    heard: int
    wanted: int = Field(description="Waiting, or being heard.")
    leased: int = Field(description="Being heard right now.")
    postponed: int = Field(description="Waiting for another try after a passing fault.")
    sourceless: int = Field(description="Waiting for a server that has them.")
    failed: int = Field(description="Could not be heard; each tells why.")
    run: RunReply | None = Field(description="The run to follow, if one is open.")
    workers: tuple[EarsReply, ...] = Field(description="Workers that hear, as they last told.")


@post("/api/v1/analysis", tag=_TAG, scope=Scope.ADMIN, summary="Hear what is unheard", status=202)
async def start_analysis(call: Call, body: AnalysisWanted | None = None) -> AnalysisStarted:
    """Recordings heard so well by this version already are left alone."""
    asked = body or AnalysisWanted()
    quality = asked.quality or Quality(call.services.settings.analysis.quality)
    async with call.context.connection() as c:
        wanted = await recordings.want_all(c, quality, version=OLDEST_VALID, failed=asked.failed)
        counts = await recordings.counts(c)
        run = await _run(c, counts.wanted)
    await call.services.wake("analyse")
    return AnalysisStarted(wanted=wanted, run=run)


@get("/api/v1/analysis", tag=_TAG, scope=Scope.READ, summary="How far the hearing is")
async def show_analysis(call: Call) -> AnalysisStatus:
    async with call.context.connection() as c:
        counts = await recordings.counts(c)
        names = await server_names(c)
        open_runs = await runs.list_(c, kind="analyse", unfinished=True, limit=1)
        workers = await hearing_workers.present(c)
    return AnalysisStatus(
        total=counts.total,
        heard=counts.heard,
        wanted=counts.wanted,
        leased=counts.leased,
        postponed=counts.postponed,
        sourceless=counts.sourceless,
        failed=counts.failed,
        run=told(open_runs[0], names) if open_runs else None,
        workers=tuple(_ears(worker) for worker in workers),
    )


def _ears(worker: HearingWorker) -> EarsReply:
    return EarsReply(
        worker=worker.identity,
        device=worker.device,
        reason=worker.reason,
        slots=worker.slots,
        cpu_percent=worker.percent,
        quiet_until=worker.quiet_until,
    )


async def _run(c: Connection, waiting: int) -> RunReply | None:
    """The one open run, or a new one if anything waits."""
    open_runs = await runs.list_(c, kind="analyse", unfinished=True, limit=1)
    if not open_runs and waiting:
        begun = await runs.get(c, await runs.create(c, "analyse", total=waiting))
        open_runs = [begun] if begun else []
    return told(open_runs[0], await server_names(c)) if open_runs else None


ROUTES = (start_analysis, show_analysis)
