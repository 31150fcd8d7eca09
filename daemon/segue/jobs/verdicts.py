"""The one place where errors become retries."""

from dataclasses import dataclass

import structlog
from psycopg import InterfaceError, OperationalError
from redis.exceptions import RedisError

from segue.jobs.timers import pause_after
from segue.sdk import AdapterError, Unavailable

__all__ = ["Later", "Never", "Verdict", "judge"]

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)
_FIRST_PAUSE = 30.0
_LONGEST_PAUSE = 3600.0


@dataclass(frozen=True, slots=True)
class Later:
    """Nobody need act: try again after some seconds."""

    seconds: float
    reason: str


@dataclass(frozen=True, slots=True)
class Never:
    """Trying again would not help."""

    reason: str


Verdict = Later | Never


def judge(error: Exception, *, attempt: int, kind: str) -> Verdict:
    """What an error means for the work that it ended; `attempt` counts from 1."""
    seconds = pause_after(attempt, first=_FIRST_PAUSE, longest=_LONGEST_PAUSE)
    match error:
        case Unavailable():
            return Later(max(seconds, error.retry_after or 0.0), str(error))
        case AdapterError():
            return Never(str(error))
        case OperationalError() | InterfaceError() | RedisError():
            return Later(1.0, "The database was not reachable.")
        case _:
            _log.error("job_broke", kind=kind, attempt=attempt, exc_info=error)
            return Later(seconds, f"Segue made an error ({type(error).__name__}); its log has the details.")
