"""Finds adapter packages, built in or foreign, by their entry points."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from segue.sdk import AdapterPlugin

__all__ = ["GROUP", "BrokenPlugin", "Plugins", "find_plugins"]

GROUP = "segue.adapters"


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenPlugin:
    """An installed adapter package that cannot be used, and why, as a sentence."""

    kind: str
    reason: str


Plugins = Mapping[str, AdapterPlugin[Any] | BrokenPlugin]


def find_plugins(found: Iterable[EntryPoint] | None = None) -> Plugins:
    """Every installed adapter by its kind; one that cannot be loaded is told of, not raised."""
    points = entry_points(group=GROUP) if found is None else found
    return {point.name: _load(point) for point in sorted(points, key=lambda point: point.name)}


def _load(point: EntryPoint) -> AdapterPlugin[Any] | BrokenPlugin:
    package = point.dist.name if point.dist else point.module
    try:
        plugin = point.load()
    except Exception as error:  # a foreign package may fail in any way, and only it shall
        reason = f"The adapter package {package} cannot be loaded: {type(error).__name__}: {error}"
        return BrokenPlugin(kind=point.name, reason=reason)
    if not isinstance(plugin, AdapterPlugin):
        reason = f"{point.value} in the package {package} is not an AdapterPlugin."
        return BrokenPlugin(kind=point.name, reason=reason)
    if plugin.kind != point.name:
        reason = f"The package {package} offers the kind {plugin.kind!r} under the name {point.name!r}."
        return BrokenPlugin(kind=point.name, reason=reason)
    return plugin
