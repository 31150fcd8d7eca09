"""What runs in a supervised child process: one task of a search for each request.

Every request names the file of the library (`wire.save_library`, another name for another library),
the parameters and the seed; the library stays prepared from one request to the next.
"""

from functools import lru_cache
from pathlib import Path
from typing import Any

from segue.clustering.backend import KMeans, open_kmeans
from segue.clustering.clustering import conclude, reason_against
from segue.clustering.corpus import Corpus, Matrix
from segue.clustering.evaluation import Batch, evaluate_batch
from segue.clustering.parameters import ClusteringParameters
from segue.clustering.prepared import Prepared, prepare
from segue.clustering.search import Search
from segue.clustering.wire import load_library, outcome_to_reply

Message = dict[str, Any]


def run(request: Message) -> Message:
    """`{"task", "library", "parameters", "seed", "gpu"}` and what the task needs.

    `begin` gives the `state` of a new search, or the `reason` why there cannot be one; `evaluate`
    gives the `results` of a `batch`; `conclude` gives the outcome of a `state`. `fell_back` says why
    a GPU that was asked for is not used.
    """
    falls: list[str] = []
    kmeans = open_kmeans(gpu=bool(request.get("gpu")), fell_back=falls.append)
    reply = _TASKS[request["task"]](request, kmeans)
    return {**reply, "fell_back": falls}


def _begin(request: Message, kmeans: KMeans) -> Message:
    corpus, _ = _library(request["library"])
    if reason := reason_against(corpus):
        return {"reason": reason}
    return {"state": Search.begin(_prepared(request), kmeans=kmeans).state()}


def _evaluate(request: Message, kmeans: KMeans) -> Message:
    batch = Batch.from_dict(request["batch"])
    results = evaluate_batch(batch, _prepared(request), kmeans=kmeans)
    return {"results": [result.as_dict() for result in results]}


def _conclude(request: Message, _: KMeans) -> Message:
    data = _prepared(request)
    return outcome_to_reply(conclude(Search.resume(request["state"]), data), data.corpus.ids)


_TASKS = {"begin": _begin, "evaluate": _evaluate, "conclude": _conclude}


def _prepared(request: Message) -> Prepared:
    return _prepare(request["library"], request["parameters"], request["seed"])


@lru_cache(maxsize=1)
def _prepare(library: str, parameters: str, seed: int) -> Prepared:
    corpus, previous = _library(library)
    return prepare(corpus, ClusteringParameters.from_json(parameters), seed=seed, previous=previous)


@lru_cache(maxsize=1)
def _library(path: str) -> tuple[Corpus, Matrix | None]:
    return load_library(Path(path))
