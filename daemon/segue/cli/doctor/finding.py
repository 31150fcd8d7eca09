"""What one check found."""

from dataclasses import asdict, dataclass
from enum import StrEnum


class State(StrEnum):
    """BAD is what keeps Segue from its work; WARNING is worth a look."""

    GOOD = "good"
    WARNING = "warning"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Finding:
    """`detail` says what is, `advice` what to change."""

    subject: str
    state: State
    detail: str
    advice: str | None = None

    def as_values(self) -> dict[str, str | None]:
        return asdict(self)


def good(subject: str, detail: str) -> Finding:
    return Finding(subject, State.GOOD, detail)


def warning(subject: str, detail: str, advice: str) -> Finding:
    return Finding(subject, State.WARNING, detail, advice)


def bad(subject: str, detail: str, advice: str) -> Finding:
    return Finding(subject, State.BAD, detail, advice)
