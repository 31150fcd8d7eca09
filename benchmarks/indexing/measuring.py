"""Measures one index in this process."""

import ctypes
import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np

from indexing.rivals import Ids, Ours, Rival, make
from indexing.vectors import Vectors, music

__all__ = ["measure"]

_ADDED = 200
_TRUTH_QUERIES = 300


def measure(method: str, size: int, queries: int, keep: Path | None = None) -> dict[str, object]:
    """One row of the table."""
    found = music(size + _ADDED)
    order = np.random.default_rng(5).permutation(size + _ADDED)
    vectors, fresh = found.vectors[order[:size]], found.vectors[order[size:]]
    asked = vectors[np.random.default_rng(3).integers(0, size, queries)]
    del found
    truth = _truth(vectors, asked[:_TRUTH_QUERIES], 50)
    before = _memory()
    rival = make(method, keep and keep / f"{size}")
    with _cpu() as build:
        rival.build(vectors)
    heap, mapped = (round((now - then) / size) for now, then in zip(_memory(), before, strict=True))
    row: dict[str, object] = {"method": method, "build": round(build[0], 1), "heap": heap, "mapped": mapped}
    for count in (10, 50):
        row[f"recall_{count}"] = round(_recall(rival, asked, truth, count), 4)
    times = _times(rival, asked)
    row["p50"], row["p99"] = (round(float(np.percentile(times, q)) * 1000, 2) for q in (50, 99))
    row["qps"] = round(1 / float(times.mean()))
    row["add"] = round(_added(rival, fresh, size) * 1000, 2)
    if isinstance(rival, Ours):
        again = rival.start(vectors)
        began = time.perf_counter()
        again()
        row["start"] = round(time.perf_counter() - began, 2)
    return row


def _truth(vectors: Vectors, asked: Vectors, count: int) -> Ids:
    """One query after another: all at once would take gigabytes at a million."""
    found = np.zeros((len(asked), count), np.int64)
    for at, query in enumerate(asked):
        cosines = vectors @ query
        best = np.argpartition(cosines, -count)[-count:]
        found[at] = best[np.argsort(-cosines[best])]
    return found


def _recall(rival: Rival, asked: Vectors, truth: Ids, count: int) -> float:
    shares = [
        len(set(rival.ask(query, count).tolist()) & set(true[:count].tolist())) / count
        for query, true in zip(asked[: len(truth)], truth, strict=True)
    ]
    return float(np.mean(shares))


def _times(rival: Rival, asked: Vectors) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    taken = []
    for query in asked:
        began = time.perf_counter()
        rival.ask(query, 10)
        taken.append(time.perf_counter() - began)
    return np.array(taken)


def _added(rival: Rival, fresh: Vectors, number: int) -> float:
    """From the call until a query returns it, at the median."""
    taken = []
    for at, vector in enumerate(fresh, number):
        began = time.perf_counter()
        rival.add(at, vector)
        rival.ask(vector, 1)
        taken.append(time.perf_counter() - began)
    return float(np.median(taken))


@contextmanager
def _cpu() -> Iterator[list[float]]:
    taken = [0.0]
    began = time.process_time()
    yield taken
    taken[0] = time.process_time() - began


def _memory() -> tuple[int, int]:
    """Bytes of this process's own memory, and of mapped files; what was freed does not count."""
    gc.collect()
    with suppress(OSError, AttributeError):  # only where the C library has it
        ctypes.CDLL(None).malloc_trim(0)
    status = dict(
        line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines() if ":" in line
    )
    return int(status["RssAnon"].split()[0]) * 1024, int(status["RssFile"].split()[0]) * 1024
