"""The child's side: `python -m segue.children.host module:function …` serves calls until its input ends."""

import argparse
import ctypes
import importlib
import os
import resource
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from typing import BinaryIO

from segue.children import frames
from segue.children.frames import Frame, Message

_PR_SET_PDEATHSIG = 1
_THREAD_COUNTS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")


def main() -> None:
    """Limit ourselves, say ready, answer."""
    options = _options()
    _die_with(options.parent)
    requests, replies = _take_pipes()
    _limit(memory_bytes=options.memory_bytes, nice=options.nice)
    for name in _THREAD_COUNTS:  # a child is one slot: threads that spin take another slot's time
        os.environ[name] = "1"
    sys.path.extend(options.search)
    try:
        function = _load(options.function)
    except Exception as error:
        _send(replies, _raised(error))
        raise
    _send(replies, frames.encode(Frame("ready", {})))
    for reply in _answers(function, requests):
        _send(replies, reply)


def _answers(function: Callable[[Message], Message], requests: BinaryIO) -> Iterator[bytes]:
    while (request := frames.read(requests)) is not None:
        try:
            reply = frames.encode(Frame("reply", function(request.message)))
        except MemoryError as error:
            yield _raised(error)
            return  # what is left of the memory is better given back
        except Exception as error:
            reply = _raised(error)
        yield reply


def _raised(error: Exception) -> bytes:
    trace = "".join(traceback.format_exception(error))[-4000:]
    return frames.encode(
        Frame("raised", {"kind": type(error).__name__, "message": str(error), "trace": trace})
    )


def _send(stream: BinaryIO, frame: bytes) -> None:
    stream.write(frame)
    stream.flush()


def _load(name: str) -> Callable[[Message], Message]:
    module, _, attribute = name.partition(":")
    function: Callable[[Message], Message] = getattr(importlib.import_module(module), attribute)
    return function


def _take_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Keep the pipes for ourselves: what a library prints or reads must not break a frame."""
    requests = os.fdopen(os.dup(0), "rb")
    replies = os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return requests, replies


def _limit(*, memory_bytes: int, nice: int) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if memory_bytes:
        resource.setrlimit(resource.RLIMIT_DATA, (memory_bytes, memory_bytes))
    if nice:
        os.nice(nice)


def _die_with(parent: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    if os.getppid() != parent:  # it died before the arrangement was made
        sys.exit(1)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("function")
    parser.add_argument("--parent", type=int, required=True)
    parser.add_argument("--memory-bytes", type=int, default=0)
    parser.add_argument("--nice", type=int, default=0)
    parser.add_argument("--search", action="append", default=[])
    return parser.parse_args()


if __name__ == "__main__":
    main()
