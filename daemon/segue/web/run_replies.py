"""Runs and their log as replies and events show them."""

from collections.abc import Mapping
from datetime import datetime

from pydantic import Field

from segue.model import RunState, ServerKey
from segue.store import runs
from segue.web.shapes import Told

__all__ = ["LogLine", "RunReply", "told", "told_line"]


class RunReply(Told):
    """A long piece of work."""

    id: int
    kind: str = Field(examples=["analyse"])
    state: RunState
    percent: float | None = Field(description="0 to 100; null while nobody knows how much there is to do.")
    done: int
    failed: int
    total: int | None
    message: str
    parent: int | None
    server: str | None = Field(description="The server that it works on.")
    schedule: int | None = Field(description="The schedule that began it.")
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    updated_at: datetime


class LogLine(Told):
    """One line of a run's log."""

    id: int
    at: datetime
    level: str = Field(examples=["warning"])
    line: str


def told(run: runs.Run, names: Mapping[ServerKey, str]) -> RunReply:
    return RunReply(
        id=run.id,
        kind=run.kind,
        state=run.state,
        percent=run.percent,
        done=run.done,
        failed=run.failed,
        total=run.total,
        message=run.message,
        parent=run.parent_id,
        server=names.get(run.server_id) if run.server_id else None,
        schedule=run.schedule_id,
        created_at=run.created_at,
        started_at=run.started_at,
        finished_at=run.finished_at,
        updated_at=run.updated_at,
    )


def told_line(line: runs.LogLine) -> LogLine:
    return LogLine(id=line.id, at=line.at, level=line.level, line=line.line)
