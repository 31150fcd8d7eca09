"""All that a search knows between two results, and its form as bytes."""

import json
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from segue.clustering.candidates import Candidate
from segue.clustering.evaluation import Result
from segue.clustering.parameters import ClusteringParameters
from segue.clustering.scoring import Baseline
from segue.clustering.standing import Standing

__all__ = ["Phase", "State", "read_state", "write_state"]

_VERSION = 2


class Phase(StrEnum):
    """A search explores many groupings, refines the best few, and may ask what these agree on."""

    EXPLORING = "exploring"
    REFINING = "refining"
    AGREEING = "agreeing"
    FINISHED = "finished"


@dataclass(slots=True, kw_only=True)
class State:
    """`count`, `width` and `top` describe the library: recordings, components, highest rung.

    `spent` counts runs, `ended` those of generations that are over, `fruitless` generations in a row
    without a better score. `racing` are the candidates of the present rung, `results` what has come
    back of them, by number. `voters` are the first that were refined.
    """

    seed: int
    count: int
    width: int
    top: int
    baseline: Baseline
    phase: Phase = Phase.EXPLORING
    spent: int = 0
    ended: int = 0
    numbered: int = 0
    generation: int = 0
    rung: int = 0
    fruitless: int = 0
    racing: list[Candidate] = field(default_factory=list)
    results: dict[int, Result] = field(default_factory=dict)
    elites: list[Standing] = field(default_factory=list)
    best: Standing | None = None
    kept: Standing | None = None
    continued: Standing | None = None
    agreed: Standing | None = None
    voters: list[Standing] = field(default_factory=list)
    failures: dict[str, int] = field(default_factory=dict)
    history: list[tuple[int, float]] = field(default_factory=list)


_PLAIN = (
    "seed", "count", "width", "top", "spent", "ended", "numbered", "generation", "rung", "fruitless",
    "failures",
)  # fmt: skip
_STANDINGS = ("best", "kept", "continued", "agreed")


def write_state(parameters: ClusteringParameters, state: State) -> bytes:
    """The same bytes for the same state."""
    plain = {name: getattr(state, name) for name in _PLAIN}
    written = {
        **plain,
        "phase": state.phase,
        "history": state.history,
        "baseline": state.baseline.as_dict(),
        "racing": [one.as_dict() for one in state.racing],
        "results": [state.results[number].as_dict() for number in sorted(state.results)],
        "elites": [one.as_dict() for one in state.elites],
        "voters": [one.as_dict() for one in state.voters],
        **{name: _as_dict(getattr(state, name)) for name in _STANDINGS},
    }
    whole = {"version": _VERSION, "parameters": parameters.as_json(), "state": written}
    return json.dumps(whole, sort_keys=True).encode()


def read_state(data: bytes) -> tuple[ClusteringParameters, State]:
    """ValueError for bytes of another version."""
    whole = json.loads(data)
    if whole.get("version") != _VERSION:
        raise ValueError("This state of a clustering was written by another version; begin it anew.")
    return ClusteringParameters.from_json(whole["parameters"]), _state(whole["state"])


def _state(given: dict[str, Any]) -> State:
    results = [Result.from_dict(one) for one in given["results"]]
    return State(
        **{name: given[name] for name in _PLAIN},
        phase=Phase(given["phase"]),
        history=[(spent, reached) for spent, reached in given["history"]],
        baseline=Baseline.from_dict(given["baseline"]),
        racing=[Candidate.from_dict(one) for one in given["racing"]],
        results={result.number: result for result in results},
        elites=[Standing.from_dict(one) for one in given["elites"]],
        voters=[Standing.from_dict(one) for one in given["voters"]],
        best=_standing(given["best"]),
        kept=_standing(given["kept"]),
        continued=_standing(given["continued"]),
        agreed=_standing(given["agreed"]),
    )


def _as_dict(standing: Standing | None) -> dict[str, Any] | None:
    return None if standing is None else standing.as_dict()


def _standing(given: dict[str, Any] | None) -> Standing | None:
    return None if given is None else Standing.from_dict(given)
