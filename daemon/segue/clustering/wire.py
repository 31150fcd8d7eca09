"""A library as pieces that every worker of a search reads, and a clustering as one flat message."""

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from segue.clustering.candidates import Candidate
from segue.clustering.clustering import Clustering, Group, NoSolution
from segue.clustering.corpus import Corpus, Matrix, Rows
from segue.clustering.metrics import Metrics
from segue.clustering.model import Model
from segue.clustering.parameters import ClusteringParameters
from segue.clustering.portrait import Portrait
from segue.clustering.snapshot import Snapshot, joined

__all__ = ["load_library", "outcome_from_reply", "outcome_to_reply", "piece_to_bytes"]

_ARRAYS = ("ids", "vectors", "tags", "moods", "tempo", "energy", "keys")
_TEXTS = ("genres", "artists", "tag_names")


def piece_to_bytes(piece: Snapshot) -> bytes:
    """A part of a library, or all of it; the same bytes for the same library."""
    arrays: dict[str, np.ndarray[Any, Any]] = {name: getattr(piece.corpus, name) for name in _ARRAYS}
    for name in _TEXTS:
        arrays[name] = np.frombuffer(json.dumps(list(getattr(piece.corpus, name))).encode(), np.uint8)
    stream = io.BytesIO()
    np.savez(stream, allow_pickle=False, lineages=piece.lineages, ordinals=piece.ordinals, **arrays)
    return stream.getvalue()


def load_library(folder: Path) -> Snapshot:
    """What the files of a folder hold together, in the order of their names."""
    return joined([_load_piece(path) for path in sorted(folder.iterdir())])


def _load_piece(path: Path) -> Snapshot:
    with np.load(path, allow_pickle=False) as arrays:
        texts = {name: json.loads(arrays[name].tobytes()) for name in _TEXTS}
        numbers = {name: arrays[name] for name in _ARRAYS}
        return Snapshot(
            corpus=Corpus(**numbers, **texts), lineages=arrays["lineages"], ordinals=arrays["ordinals"]
        )


def outcome_to_reply(outcome: Clustering | NoSolution, ids: Rows) -> dict[str, Any]:
    """JSON values, and bytes at the top; `ids` are those of the corpus."""
    if isinstance(outcome, NoSolution):
        return {"reason": outcome.reason}
    place = {int(recording): row for row, recording in enumerate(ids.tolist())}
    labels, distances = np.zeros(len(ids), "<i4"), np.zeros(len(ids), "<f4")
    played = np.zeros(len(ids), np.uint8)
    for label, group in enumerate(outcome.groups):
        rows = [place[recording] for recording in group.members.tolist()]
        labels[rows], distances[rows] = label, group.distances
        played[[place[recording] for recording in group.playlist.tolist()]] = 1
    return {
        "parameters": outcome.parameters.as_json(),
        "seed": outcome.seed,
        "candidate": outcome.candidate.as_dict(),
        "score": outcome.score,
        "metrics": outcome.metrics.as_dict(),
        "remarks": list(outcome.remarks),
        "portraits": [asdict(group.portrait) for group in outcome.groups],
        "model": outcome.model.to_bytes(),
        "labels": labels.tobytes(),
        "distances": distances.tobytes(),
        "played": played.tobytes(),
    }


def outcome_from_reply(reply: Mapping[str, Any], ids: Rows) -> Clustering | NoSolution:
    """What `outcome_to_reply` made of it."""
    if "reason" in reply:
        return NoSolution(reply["reason"])
    labels = np.frombuffer(reply["labels"], "<i4")
    distances = np.frombuffer(reply["distances"], "<f4")
    played = np.frombuffer(reply["played"], np.uint8) == 1
    return Clustering(
        parameters=ClusteringParameters.from_json(reply["parameters"]),
        seed=reply["seed"],
        candidate=Candidate.from_dict(reply["candidate"]),
        score=reply["score"],
        metrics=Metrics.from_dict(reply["metrics"]),
        model=Model.from_bytes(reply["model"]),
        groups=_groups(reply["portraits"], ids, labels.astype(np.int64), distances, played),
        remarks=tuple(reply["remarks"]),
    )


def _groups(
    portraits: Sequence[Mapping[str, Any]],
    ids: Rows,
    labels: Rows,
    distances: Matrix,
    played: "np.ndarray[Any, np.dtype[np.bool_]]",
) -> tuple[Group, ...]:
    found = []
    for label, portrait in enumerate(portraits):
        rows = np.flatnonzero(labels == label)
        rows = rows[np.argsort(distances[rows], kind="stable")]
        found.append(
            Group(
                members=ids[rows],
                distances=distances[rows],
                playlist=ids[rows[played[rows]]],
                portrait=Portrait(**portrait),
            )
        )
    return tuple(found)
