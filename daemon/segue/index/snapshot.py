"""A graph on disk, so that a start need not build it anew.

Only the graph is kept, with the recording and change number of each of its rows. The vectors come
from the database at every start, so a wrong or old snapshot can cost recall, never truth.
"""

import hashlib
import json
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import voyager

from segue.index.exact import ExactIndex
from segue.index.files import locked, replace, sync
from segue.index.graph import Graph, GraphIndex, Parameters
from segue.index.neighbours import Neighbours
from segue.index.table import Ids, Table, View

__all__ = ["Snapshot", "SnapshotError", "adopt", "load", "save"]

_VERSION = 1
_SIDECAR = "graph.json"
_MOST_NEW = 0.05  # of all recordings; half a millisecond each


class SnapshotError(Exception):
    """A snapshot that must not be used; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A graph, and which change of which recording each of its rows was; -1 for a dead row."""

    graph: Graph
    ids: Ids
    changes: Ids


def save(index: GraphIndex, folder: Path, *, of: str) -> None:
    """Write the index's graph, whole or not at all; `of` says what it is an index of.

    Nobody may apply changes meanwhile.
    """
    with locked(folder):
        _save(index, folder, of)


def load(folder: Path, *, of: str, dimensions: int, parameters: Parameters) -> Snapshot | None:
    """The snapshot in a folder, None where there is none; SnapshotError when it must not be used."""
    try:
        sidecar = json.loads((folder / _SIDECAR).read_bytes())
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise SnapshotError("Its description can't be read.") from error
    expected = {
        "version": _VERSION, "of": of, "parameters": asdict(parameters), "dimensions": dimensions,
    }  # fmt: skip
    for name, value in expected.items():
        if sidecar.get(name) != value:
            raise SnapshotError(f"Its {name} is another.")
    paths = {suffix: folder / f"{sidecar['stem']}{suffix}" for suffix in (".voyager", ".rows")}
    try:
        for suffix, path in paths.items():
            if _sha256(path) != sidecar["sha256"][suffix]:
                raise SnapshotError(f"Its {suffix} file is damaged.")
        return _read(paths, dimensions, parameters, sidecar["rows"])
    except OSError as error:
        raise SnapshotError("Its files can't be read.") from error


def adopt(table: Table, snapshot: Snapshot) -> Neighbours:
    """An index of a table that was arranged for this snapshot and filled.

    Where too much has changed since, the exact one: building anew beside it is better than waiting.
    """
    view, kept = table.view, len(snapshot.ids)
    new = kept + np.flatnonzero(view.alive[kept:])
    if len(new) > _MOST_NEW * view.live:
        return ExactIndex(table)
    snapshot.graph.forget(np.flatnonzero(~view.alive[:kept] & (snapshot.ids >= 0)))
    snapshot.graph.add(new, view.units[new])
    return GraphIndex(table, snapshot.graph)


def _save(index: GraphIndex, folder: Path, of: str) -> None:
    stem = f"graph-{secrets.token_hex(8)}"
    graph, rows = folder / f"{stem}.voyager", folder / f"{stem}.rows"
    index.graph.voyager.save(str(graph))
    rows.write_bytes(_rows(index.table.view))
    sidecar = {
        "version": _VERSION,
        "of": of,
        "parameters": asdict(index.graph.parameters),
        "dimensions": index.table.dimensions,
        "rows": len(index.table.view),
        "stem": stem,
        "sha256": {path.suffix: _sha256(path) for path in (graph, rows)},
    }
    for path in (graph, rows):
        sync(path)
    replace(folder / _SIDECAR, lambda file: file.write(json.dumps(sidecar, indent=1).encode()))
    _sweep(folder, stem)


def _read(paths: dict[str, Path], dimensions: int, parameters: Parameters, rows: int) -> Snapshot:
    ids, changes = np.frombuffer(paths[".rows"].read_bytes(), "<i8").reshape(2, -1)
    graph = Graph(dimensions, parameters, rows=1)
    graph.voyager = voyager.Index.load(str(paths[".voyager"]))
    if len(ids) != rows or graph.voyager.num_elements > rows:
        raise SnapshotError("Its files belong to different moments.")
    graph.make_room(0)
    return Snapshot(graph, ids.astype(np.int64), changes.astype(np.int64))


def _rows(view: View) -> bytes:
    ids = np.where(view.alive, view.ids, -1)
    return np.stack([ids, view.changes]).astype("<i8").tobytes()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sweep(folder: Path, stem: str) -> None:
    for path in folder.glob("graph-*"):
        if path.stem != stem:
            path.unlink(missing_ok=True)
