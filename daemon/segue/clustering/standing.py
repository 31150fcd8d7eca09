"""A candidate and what it has come to."""

from dataclasses import dataclass, replace
from typing import Any, Self

from segue.clustering.candidates import Candidate, read
from segue.clustering.evaluation import Result
from segue.clustering.metrics import Metrics

__all__ = ["Standing"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """`candidate` leads to the same centres again; `score` and `metrics` are theirs."""

    candidate: Candidate
    rung: int
    score: float
    metrics: Metrics

    @classmethod
    def of(cls, candidate: Candidate, result: Result) -> Self | None:
        """None where the candidate came to nothing."""
        if result.metrics is None:
            return None
        if result.centres is not None:
            count = len(read(result.centres))
            candidate = replace(candidate, start=result.centres, tries=0, voices=(), clusters=count)
        return cls(candidate=candidate, rung=result.rung, score=result.score, metrics=result.metrics)

    @property
    def rank(self) -> tuple[int, float, int]:
        """Sorts the best last: the highest rung, there the highest score, there the eldest."""
        return self.rung, self.score, -self.candidate.number

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "candidate": self.candidate.as_dict(),
            "rung": self.rung,
            "score": self.score,
            "metrics": self.metrics.as_dict(),
        }

    @classmethod
    def from_dict(cls, given: dict[str, Any]) -> Self:
        """From `as_dict`, also after a way through JSON."""
        return cls(
            candidate=Candidate.from_dict(given["candidate"]),
            rung=given["rung"],
            score=given["score"],
            metrics=Metrics.from_dict(given["metrics"]),
        )
