"""The child that has the GPU: hears the patches of all who decode on this machine.

Log-mel patches come, not samples: tempo and fingerprint need the log-mel of every frame where the
music is decoded anyway, so that a second one on the GPU would save nothing and move 2.7 times the bytes.
"""

import contextlib
import os
import socket
import threading
from functools import lru_cache
from pathlib import Path

from segue.analysis.exchange import Line
from segue.analysis.faults import FAULTS
from segue.analysis.memory import keep_freed_memory
from segue.analysis.network import open_network
from segue.analysis.together import Runs, Together
from segue.analysis.wire import Reply

__all__ = ["Shared", "serve"]


def serve(request: Reply) -> Reply:
    """`{"folder"}` to where patches are heard from now on; asked again, to how that stands."""
    return _shared(request["folder"]).state()


class Shared:
    """A network behind a socket in a private folder."""

    def __init__(self, network: Runs, folder: Path) -> None:
        self._network = network
        self._together = Together(network)
        self._address = str(folder / str(os.getpid()))
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(self._address)
        self._socket.listen(256)
        threading.Thread(target=self._accept, daemon=True).start()

    def state(self) -> Reply:
        """Where it is, on what it runs, and how often it ran for how many requests."""
        return {
            "address": self._address,
            "device": self._network.device,
            "reason": self._network.reason,
            "fell_back": self._network.fell_back,
            "requests": self._together.requests,
            "runs": self._together.runs,
        }

    def _accept(self) -> None:
        while True:
            connection, _ = self._socket.accept()
            threading.Thread(target=self._hear, args=(Line(connection),), daemon=True).start()

    def _hear(self, line: Line) -> None:
        """What fails here is heard where it was decoded."""
        with line, self._together.taking_part(), contextlib.suppress(OSError, *FAULTS):
            while True:
                line.answer(self._together(line.asked()))


@lru_cache(maxsize=1)
def _shared(folder: str) -> Shared:
    keep_freed_memory()
    return Shared(open_network(), Path(folder))
