"""A batch of candidates on one rung becomes as many small results; any worker can do it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from segue.clustering.agreeing import agree
from segue.clustering.backend import KMeans, SklearnKMeans, single_threaded
from segue.clustering.candidates import Candidate, read, written
from segue.clustering.fitting import FitError, fit
from segue.clustering.metrics import Metrics, judge
from segue.clustering.prepared import Prepared
from segue.clustering.refining import Refined, refine
from segue.clustering.scoring import Baseline, score

__all__ = ["Batch", "Result", "evaluate", "evaluate_batch"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What a worker is asked."""

    rung: int
    baseline: Baseline
    candidates: Sequence[Candidate]

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "rung": self.rung,
            "baseline": self.baseline.as_dict(),
            "candidates": [candidate.as_dict() for candidate in self.candidates],
        }

    @classmethod
    def from_dict(cls, given: dict[str, Any]) -> Self:
        """From `as_dict`, also after a way through JSON."""
        return cls(
            rung=given["rung"],
            baseline=Baseline.from_dict(given["baseline"]),
            candidates=[Candidate.from_dict(candidate) for candidate in given["candidates"]],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a candidate came to on a rung, or why it came to nothing; `centres` only of refined ones."""

    number: int
    rung: int
    score: float = float("-inf")
    metrics: Metrics | None = None
    centres: str | None = None
    failure: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "number": self.number,
            "rung": self.rung,
            "score": None if self.metrics is None else self.score,
            "metrics": self.metrics and self.metrics.as_dict(),
            "centres": self.centres,
            "failure": self.failure,
        }

    @classmethod
    def from_dict(cls, given: dict[str, Any]) -> Self:
        """From `as_dict`, also after a way through JSON."""
        if given["metrics"] is None:
            return cls(number=given["number"], rung=given["rung"], failure=given["failure"])
        return cls(**{**given, "metrics": Metrics.from_dict(given["metrics"])})


def evaluate(
    candidate: Candidate, data: Prepared, rung: int, *, baseline: Baseline, kmeans: KMeans | None = None
) -> Result:
    """The same for the same arguments on the same kind of machine, in whatever order they are asked."""
    fitter = kmeans or SklearnKMeans()
    if candidate.voices:
        voices = [read(voice) for voice in candidate.voices]
        found = agree(voices, data, baseline, tries=candidate.tries, seed=candidate.seed, kmeans=fitter)
        return _improved(candidate, rung, found)
    try:
        centres = fit(candidate, data, rung, kmeans=fitter)
    except FitError as error:
        return Result(number=candidate.number, rung=rung, failure=str(error))
    if candidate.tries:
        found = refine(centres, data, baseline, tries=candidate.tries, seed=candidate.seed, kmeans=fitter)
        return _improved(candidate, rung, found)
    metrics = judge(centres, data.judged, reach=data.reach)
    reached = score(metrics, baseline, data.parameters, data.limits)
    return Result(number=candidate.number, rung=rung, score=reached, metrics=metrics)


def _improved(candidate: Candidate, rung: int, found: Refined) -> Result:
    return Result(
        number=candidate.number,
        rung=rung,
        score=found.score,
        metrics=found.metrics,
        centres=written(found.centres),
    )


def evaluate_batch(batch: Batch, data: Prepared, *, kmeans: KMeans | None = None) -> list[Result]:
    """On one core."""
    with single_threaded():
        return [
            evaluate(candidate, data, batch.rung, baseline=batch.baseline, kmeans=kmeans)
            for candidate in batch.candidates
        ]
