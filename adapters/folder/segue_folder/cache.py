"""What was read from files, kept by revision, so that a walk opens only files that are new."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from pathlib import Path
from typing import Any

import structlog

from segue.model import Track, TrackId
from segue.sdk.shelf import Shelf

__all__ = ["Cache"]

_LAYOUT = 1
_MOUNTS = "/mounts"  # no track has an absolute path as its id


class Cache:
    """Tracks as they were last read, and folders that were disks of their own. Used from threads."""

    def __init__(self, file: Path, log: structlog.stdlib.BoundLogger) -> None:
        self._shelf = Shelf(file, log, layout=_LAYOUT)

    def close(self) -> None:
        self._shelf.close()

    def get(self, ids: Sequence[TrackId]) -> dict[TrackId, Track]:
        """What is kept of these, whatever its revision."""
        return {TrackId(id_): _decoded(text) for id_, text in self._shelf.get(ids).items()}

    def put(self, tracks: Iterable[Track]) -> None:
        self._shelf.put((track.id, _encoded(track)) for track in tracks)

    def count(self) -> int:
        """How many tracks are kept."""
        return self._shelf.count() - (_MOUNTS in self._shelf.get([_MOUNTS]))

    def forget(self) -> None:
        """Drop all tracks; the next walk reads every file again."""
        mounts = self.mounts()
        self._shelf.clear()
        self.remember_mounts(mounts)

    def mounts(self) -> list[str]:
        """Folders that were disks of their own when last seen."""
        return list(json.loads(self._shelf.get([_MOUNTS]).get(_MOUNTS, "[]")))

    def remember_mounts(self, paths: Iterable[str]) -> None:
        known = self.mounts()
        if new := sorted(set(paths) - set(known)):
            self._shelf.put([(_MOUNTS, json.dumps(known + new))])


def _encoded(track: Track) -> str:
    values: Mapping[str, Any] = {field.name: getattr(track, field.name) for field in fields(track)}
    return json.dumps(
        {name: value.isoformat() if isinstance(value, datetime) else value for name, value in values.items()}
    )


def _decoded(text: str) -> Track:
    values = json.loads(text)
    values["genres"] = tuple(values["genres"])
    if values["added_at"] is not None:
        values["added_at"] = datetime.fromisoformat(values["added_at"])
    return Track(**values)
