"""What a child is asked to do in these tests; runs in the child."""

import ctypes
import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path


def act(request: Mapping[str, object]) -> dict[str, object]:
    return _ACTS[str(request["act"])](request)


def _echo(request: Mapping[str, object]) -> dict[str, object]:
    return dict(request)


def _chatter(request: Mapping[str, object]) -> dict[str, object]:
    sys.stdout.write("stray words " * 10_000)
    os.write(1, b"more stray words")
    os.write(2, b"x" * 1_000_000)
    return {"input": sys.stdin.read()}


def _sleep(request: Mapping[str, object]) -> dict[str, object]:
    if "touch" in request:
        Path(str(request["touch"])).touch()
    time.sleep(1000)
    return {}


def _segfault(request: Mapping[str, object]) -> dict[str, object]:
    ctypes.string_at(0)
    return {}


def _exit(request: Mapping[str, object]) -> dict[str, object]:
    os.write(2, b"my last words\n")
    os._exit(3)


def _garbage(request: Mapping[str, object]) -> dict[str, object]:
    for number in range(3, 10):
        try:
            os.write(number, b"\x00\x00\x00\x05trash" * 100)
        except OSError:
            continue
    return {}


def _eat(request: Mapping[str, object]) -> dict[str, object]:
    return {"eaten": len([bytearray(2**20) for _ in range(10_000)])}


def _unsendable(request: Mapping[str, object]) -> dict[str, object]:
    return {"set": {1, 2}}


def _raise(request: Mapping[str, object]) -> dict[str, object]:
    raise LookupError("no such thing")


def _describe(request: Mapping[str, object]) -> dict[str, object]:
    return {
        "pid": os.getpid(),
        "nice": os.nice(0),
        "threads": os.environ["OMP_NUM_THREADS"],
        "secrets": [name for name in os.environ if name.startswith("SEGUE_")],
    }


_ACTS: dict[str, Callable[[Mapping[str, object]], dict[str, object]]] = {
    "echo": _echo,
    "chatter": _chatter,
    "sleep": _sleep,
    "segfault": _segfault,
    "exit": _exit,
    "garbage": _garbage,
    "eat": _eat,
    "unsendable": _unsendable,
    "raise": _raise,
    "describe": _describe,
}
