"""The life of a run."""

from enum import StrEnum


class RunState(StrEnum):
    """PENDING -> STARTED -> PROGRESS -> SUCCESS | FAILURE | REVOKED."""

    PENDING = "PENDING"
    STARTED = "STARTED"
    PROGRESS = "PROGRESS"
    SUCCESS = "SUCCESS"
    FAILURE = "FAILURE"
    REVOKED = "REVOKED"


FINISHED_STATES = frozenset({RunState.SUCCESS, RunState.FAILURE, RunState.REVOKED})
