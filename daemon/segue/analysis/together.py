"""Patches of several recordings, heard in one run of the network."""

import queue
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from segue.analysis.network import Floats, Heard

__all__ = ["Runs", "Together"]

_ENOUGH = 48
"""Patches: with the largest request on top a run has 64 at most."""
_WAIT_SECONDS = 0.003


class Runs(Protocol):
    """A network that runs at once."""

    device: str
    reason: str
    fell_back: bool

    def __call__(self, mels: Floats) -> Heard: ...


@dataclass(frozen=True, slots=True)
class _Request:
    mels: Floats
    answer: Future[Heard] = field(default_factory=Future)


class Together:
    """Each who asks has at most one request under way, so that what waits here stays small."""

    def __init__(self, network: Runs, *, wait_seconds: float = _WAIT_SECONDS) -> None:
        self.runs = self.requests = 0
        self._network = network
        self._wait = wait_seconds
        self._asking = 0
        self._lock = threading.Lock()
        self._requests: queue.SimpleQueue[_Request] = queue.SimpleQueue()
        threading.Thread(target=self._serve, daemon=True).start()

    @contextmanager
    def taking_part(self) -> Iterator[None]:
        """Whoever is inside may ask: a run waits a little for all of them."""
        with self._lock:
            self._asking += 1
        try:
            yield
        finally:
            with self._lock:
                self._asking -= 1

    def __call__(self, mels: Floats) -> Heard:
        """What the network hears in these; waits for it."""
        request = _Request(mels)
        self._requests.put(request)
        return request.answer.result()

    def _serve(self) -> None:
        while True:
            self._run(self._gathered())

    def _gathered(self) -> list[_Request]:
        requests = [self._requests.get()]
        patches, until = len(requests[0].mels), time.monotonic() + self._wait
        while patches < _ENOUGH and len(requests) < self._asking:
            try:
                request = self._requests.get(timeout=max(0.0, until - time.monotonic()))
            except queue.Empty:
                break
            requests.append(request)
            patches += len(request.mels)
        return requests

    def _run(self, requests: Sequence[_Request]) -> None:
        try:
            heard = self._network(np.concatenate([request.mels for request in requests]))
        except Exception as error:  # whoever asked is told
            for request in requests:
                request.answer.set_exception(error)
            return
        self.runs += 1
        self.requests += len(requests)
        start = 0
        for request in requests:
            part = slice(start, start + len(request.mels))
            request.answer.set_result(Heard(heard.embedding[part], heard.tags[part], heard.features[part]))
            start = part.stop
