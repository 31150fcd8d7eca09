"""What one run is asked for: parameters, seed, and the music it is about; JSON in the run's row."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from segue.clustering.parameters import ClusteringParameters

__all__ = ["DEFAULT_SEED", "Order"]

DEFAULT_SEED = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """`servers` are our keys, `libraries` names that servers give; None is every one.

    A `fresh` search does not begin at the last groups, though what it finds may still continue them.
    """

    parameters: ClusteringParameters = field(default_factory=ClusteringParameters)
    seed: int = DEFAULT_SEED
    servers: Sequence[int] | None = None
    libraries: Sequence[str] | None = None
    fresh: bool = False
    automatic: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {**asdict(self), "parameters": json.loads(self.parameters.as_json())}

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> Self:
        """From `as_dict`, or a part of it; ValueError names what makes no sense."""
        return cls(
            parameters=ClusteringParameters.from_json(json.dumps(given.get("parameters") or {})),
            seed=given.get("seed") or DEFAULT_SEED,
            servers=given.get("servers"),
            libraries=given.get("libraries"),
            fresh=bool(given.get("fresh", False)),
            automatic=bool(given.get("automatic", False)),
        )
