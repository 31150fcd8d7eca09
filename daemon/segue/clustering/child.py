"""What runs in a supervised child process: one task of a search for each request.

Every request names the folder of the library (pieces of `wire.piece_to_bytes`, another name for another
library), the parameters and the seed; the library stays prepared from one request to the next.
"""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from segue.clustering.backend import KMeans, open_kmeans
from segue.clustering.clustering import NoSolution, conclude, reason_against
from segue.clustering.evaluation import Batch, evaluate_batch
from segue.clustering.parameters import ClusteringParameters
from segue.clustering.prepared import Prepared, prepare
from segue.clustering.search import Search
from segue.clustering.settling import Lived, Settled, settle
from segue.clustering.snapshot import Snapshot
from segue.clustering.wire import load_library, outcome_to_reply

Message = dict[str, Any]


def run(request: Message) -> Message:
    """`{"task", "library", "parameters", "seed", "fresh", "gpu"}` and what the task needs.

    `begin` gives the `state` of a new search, or the `reason` why there cannot be one; `evaluate`
    gives the `results` of a `batch`; `conclude` gives the outcome of a `state`, and its groups' `settled`
    identities: `last` tells of each lineage its name and whether it was chosen, `template` how to name
    new ones. `fell_back` says why a GPU that was asked for is not used.
    """
    falls: list[str] = []
    kmeans = open_kmeans(gpu=bool(request.get("gpu")), fell_back=falls.append)
    reply = _TASKS[request["task"]](request, kmeans)
    return {**reply, "fell_back": falls}


def _begin(request: Message, kmeans: KMeans) -> Message:
    if reason := reason_against(_library(request["library"]).corpus):
        return {"reason": reason}
    return {"state": Search.begin(_prepared(request), kmeans=kmeans).state()}


def _evaluate(request: Message, kmeans: KMeans) -> Message:
    batch = Batch.from_dict(request["batch"])
    results = evaluate_batch(batch, _prepared(request), kmeans=kmeans)
    return {"results": [result.as_dict() for result in results]}


def _conclude(request: Message, _: KMeans) -> Message:
    data, snapshot = _prepared(request), _library(request["library"])
    outcome = conclude(Search.resume(request["state"]), data)
    reply = outcome_to_reply(outcome, data.corpus.ids)
    if isinstance(outcome, NoSolution):
        return reply
    last = {int(lineage): Lived(**lived) for lineage, lived in request["last"].items()}
    settled = settle(outcome, data, snapshot, last=last, template=request["template"])
    return {**reply, "ids": data.corpus.ids.astype("<i8").tobytes(), **_settled_to_reply(settled)}


def _settled_to_reply(settled: Sequence[Settled]) -> Message:
    orders = [one.order for one in settled]
    return {
        "settled": [
            {
                "lineage": one.lineage,
                "name": one.name,
                "former": one.former,
                "description": one.description,
                "position": one.position,
                "songs": len(one.order),
            }
            for one in settled
        ],
        "orders": np.concatenate(orders).astype("<i8").tobytes(),
    }


_TASKS = {"begin": _begin, "evaluate": _evaluate, "conclude": _conclude}


def _prepared(request: Message) -> Prepared:
    fresh = bool(request.get("fresh"))
    return _prepare(request["library"], request["parameters"], request["seed"], fresh)


@lru_cache(maxsize=1)
def _prepare(library: str, text: str, seed: int, fresh: bool) -> Prepared:
    snapshot, parameters = _library(library), ClusteringParameters.from_json(text)
    previous = None if fresh else snapshot.centres(parameters.source)
    return prepare(snapshot.corpus, parameters, seed=seed, previous=previous)


@lru_cache(maxsize=1)
def _library(folder: str) -> Snapshot:
    return load_library(Path(folder))
