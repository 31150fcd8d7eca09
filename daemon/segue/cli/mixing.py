"""Seeds of different weight, as `segue similar --seed` gives them."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import typer

from segue.cli.api import Api
from segue.cli.faults import CommandError, Exit

__all__ = ["mixed"]

_KINDS = ("track", "artist", "album", "playlist")
_NUMBERS = ("year_from", "year_to", "tempo_from", "tempo_to")
_YES = ("walk", "unhub", "why", "versions")


def mixed(
    api: Api,
    words: str | None,
    *,
    plain: Mapping[str, Sequence[object] | None],
    weighted: Sequence[str],
    unlike: Sequence[int],
    wanted: Mapping[str, object],
) -> Any:
    """What the daemon finds for all of these together; what has no weight of its own counts 1."""
    seeds = [{kind: one} for kind, some in plain.items() for one in some or ()]
    seeds += [_seed(one) for one in weighted]
    seeds += [{"track": one, "weight": -1} for one in unlike]
    if words:
        seeds.insert(0, {"track": _best_match(api, words, wanted["server"])})
    return api.post("/similar", {"seeds": seeds, **_as_values(wanted)})


def _seed(text: str) -> dict[str, object]:
    """`artist=Nina Simone:2`; without a number behind the last colon all of it is the name."""
    kind, _, rest = text.partition("=")
    name, colon, last = rest.rpartition(":")
    weight = _number(last) if colon else None
    what = rest if weight is None else name
    if kind not in _KINDS or not what or (kind == "track" and not what.isdecimal()):
        raise typer.BadParameter(
            f"--seed must be such as artist=Nina Simone:2, not {text}. Kinds: {', '.join(_KINDS)}."
        )
    seed: dict[str, object] = {kind: int(what) if kind == "track" else what}
    return seed if weight is None else {**seed, "weight": weight}


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _best_match(api: Api, words: str, server: object) -> int:
    found = api.get("/tracks", q=words, server=server, limit=1)["items"]
    if not found:
        raise CommandError("No track fits these words; `segue tracks search` finds tracks.", exit=Exit.FAILED)
    return int(found[0]["id"])


def _as_values(wanted: Mapping[str, object]) -> dict[str, object]:
    """A query's texts as a body holds them."""
    given = {name: value for name, value in wanted.items() if value is not None}
    given |= {name: _value(str(given[name])) for name in _NUMBERS if name in given}
    return given | {name: True for name in _YES if name in given}


def _value(text: str) -> float:
    return int(text) if text.isdecimal() else float(text)
