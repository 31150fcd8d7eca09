"""When a library has moved away from its groups, so that looking for new ones is worth it."""

from dataclasses import dataclass

__all__ = ["Drift", "drift_of"]

_NEW_SHARE = 0.1
_MISFIT = 1.25
_FEWEST_FOR_MISFIT = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """`new_share` and `gone_share` of the grouped library; `misfit` is how much farther new music lies."""

    new_share: float
    gone_share: float
    misfit: float
    reason: str | None

    @property
    def due(self) -> bool:
        """Whether to group anew."""
        return self.reason is not None


def drift_of(*, grouped: int, added: int, gone: int, distance_then: float, distance_of_added: float) -> Drift:
    """From counts, and mean distances to the nearest centre; the new clustering begins again at zero.

    Music that merely comes and goes within the limits never makes groups flap.
    """
    known = max(grouped, 1)
    new_share, gone_share = added / known, gone / known
    telling = added >= _FEWEST_FOR_MISFIT and distance_then > 0
    misfit = distance_of_added / distance_then if telling else 1.0
    reason = None
    if new_share + gone_share >= _NEW_SHARE:
        reason = f"{new_share + gone_share:.0%} of the library came or went since it was grouped."
    elif misfit >= _MISFIT:
        reason = f"New music lies {misfit:.1f} times as far from the groups as the old did."
    return Drift(new_share=new_share, gone_share=gone_share, misfit=misfit, reason=reason)
