"""What was heard, in words for people."""

from collections.abc import Iterable, Mapping
from typing import Any


def descriptors(heard: Mapping[str, Any]) -> list[tuple[str, str | None]]:
    """Tempo, key, energy and loudness, where they could be measured."""
    return [
        ("tempo", _measured(heard["tempo"], "beats per minute")),
        ("key", " ".join(filter(None, (heard["key"], heard["scale"])))),
        ("energy", _measured(heard["energy"], "")),
        ("loudness", _measured(heard["loudness"], "LUFS")),
    ]


def percentages(named: Iterable[tuple[str, float | None]]) -> str:
    """Shares by name; unknown ones are left out."""
    return ", ".join(f"{name} {value:.0%}" for name, value in named if value is not None)


def _measured(value: float | None, unit: str) -> str | None:
    return None if value is None else f"{value:.4g} {unit}".strip()
