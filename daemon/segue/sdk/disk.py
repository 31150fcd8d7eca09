"""Work on a disk, in threads of its own: one that does not answer is Unavailable, and stops nobody else."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from segue.sdk.errors import Unavailable

__all__ = ["Disk"]

_LIMIT_SECONDS = 120.0
_THREADS = 4

Result = TypeVar("Result")


class Disk:
    """The disk below a folder."""

    def __init__(self, root: Path, *, limit_seconds: float = _LIMIT_SECONDS) -> None:
        self._root = root
        self._limit = limit_seconds
        self._threads = ThreadPoolExecutor(max_workers=_THREADS, thread_name_prefix="disk")

    async def __call__(self, function: Callable[..., Result], *arguments: object) -> Result:
        """What the function gives; it goes on in its thread when it takes too long."""
        work = asyncio.get_running_loop().run_in_executor(self._threads, function, *arguments)
        try:
            async with asyncio.timeout(self._limit):
                return await work
        except TimeoutError as error:
            raise Unavailable(
                f"The disk of {self._root} has not answered for {self._limit:.0f} s."
            ) from error

    def close(self) -> None:
        """Begin nothing more; what hangs is left to hang."""
        self._threads.shutdown(wait=False, cancel_futures=True)
