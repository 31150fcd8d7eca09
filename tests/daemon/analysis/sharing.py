"""Children that run the network for others as one with a GPU would, but on the processor."""

import os
import signal
from functools import lru_cache
from pathlib import Path
from typing import Any

from segue.analysis.network import Floats, Heard, open_network
from segue.analysis.shared import Shared
from segue.analysis.together import Runs

_GOOD_RUNS = 1


def serve(request: dict[str, Any]) -> dict[str, Any]:
    """A device that works."""
    return _shared(request["folder"], open_network("cpu")).state() | {"device": "pretended"}


def serve_and_die(request: dict[str, Any]) -> dict[str, Any]:
    """A device that takes the process down in the middle of a run."""
    return _shared(request["folder"], _Mortal()).state() | {"device": "pretended"}


def refuse(request: dict[str, Any]) -> dict[str, Any]:
    """The processor is faster."""
    return {"address": "nowhere", "device": "cpu", "reason": "the GPU is slow", "fell_back": False}


def crash(request: dict[str, Any]) -> dict[str, Any]:
    """A driver that ends the process."""
    os._exit(7)


class _Mortal:
    """Ends its process when it is run once too often."""

    device, reason, fell_back = "cpu", "made to die", False

    def __init__(self) -> None:
        self._network = open_network("cpu")
        self._runs = 0

    def __call__(self, mels: Floats) -> Heard:
        self._runs += 1
        if self._runs > _GOOD_RUNS:
            os.kill(os.getpid(), signal.SIGKILL)
        return self._network(mels)


@lru_cache(maxsize=1)
def _made(folder: str) -> list[Shared]:
    return []


def _shared(folder: str, network: Runs) -> Shared:
    made = _made(folder)
    if not made:
        made.append(Shared(network, Path(folder)))
    return made[0]
