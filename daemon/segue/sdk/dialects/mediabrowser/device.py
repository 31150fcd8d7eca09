"""A name for this process that stays: servers keep one token for each device and user."""

import fcntl
import os
import secrets
from asyncio import to_thread
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from segue.sdk.errors import Unavailable

__all__ = ["device"]

_MOST = 256


@asynccontextmanager
async def device(scratch: Path) -> AsyncIterator[str]:
    """A device id that nobody else has as long as the block lasts, and that is used again afterwards.

    A second login under the same id would make the first one's token worthless.
    """
    file, name = await to_thread(_take, scratch)
    try:
        yield name
    finally:
        os.close(file)


def _take(scratch: Path) -> tuple[int, str]:
    for number in range(_MOST):
        file = os.open(scratch / f"device-{number}", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            continue
        return file, _name(file)
    raise Unavailable("Too many connections to this server are open at once.")


def _name(file: int) -> str:
    kept = os.pread(file, 100, 0).decode("ascii", "replace")
    if kept.startswith("segue-") and kept.isprintable():
        return kept
    name = f"segue-{secrets.token_hex(8)}"
    os.pwrite(file, name.encode(), 0)
    return name
