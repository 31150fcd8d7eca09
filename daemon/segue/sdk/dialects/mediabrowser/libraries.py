"""The libraries of a server that are ours to list."""

from collections.abc import Sequence
from dataclasses import dataclass

from segue.sdk.dialects.mediabrowser.payloads import Library
from segue.sdk.errors import Unsupported

__all__ = ["Part", "choose", "part_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One library; `folders` are the server's own paths, none when it does not tell them."""

    id: str
    name: str
    folders: tuple[str, ...] = ()


def choose(libraries: Sequence[Library], wanted: Sequence[str]) -> list[Part]:
    """The wanted libraries, else all of music: audio books and films with sound are none."""
    named = {library.Name or library.id or "": library for library in libraries}
    if missing := [name for name in wanted if name not in named]:
        there = ", ".join(sorted(named)) or "none"
        raise Unsupported(f"There is no library named {', '.join(missing)}; there are: {there}.")
    return [
        Part(id=library.id, name=name, folders=tuple(library.Locations))
        for name, library in named.items()
        if library.id and (name in wanted if wanted else library.CollectionType == "music")
    ]


def part_of(path: str | None, parts: Sequence[Part]) -> Part | None:
    """The library in whose folders a path lies; in the innermost, if in several."""
    found = [
        (len(folder), part)
        for part in parts
        for folder in part.folders
        if path is not None and _lies_in(path, folder)
    ]
    return max(found, key=lambda one: one[0])[1] if found else None


def _lies_in(path: str, folder: str) -> bool:
    folder = folder.rstrip("/\\")
    return path.startswith(folder) and path[len(folder) :][:1] in ("/", "\\")
