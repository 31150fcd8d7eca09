"""Borrows a recording's audio from whichever server can lend it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Protocol

from segue.model import ServerKey
from segue.sdk import Adapter, AdapterError, NotFound, Unavailable
from segue.store.recordings import Source

__all__ = ["Lends", "NobodyLendsError", "borrowed"]

_SECONDS = 900.0  # a long lossless file over a slow line


class Lends(Protocol):
    """The part of the registry that is needed here."""

    def using(self, server: ServerKey) -> AbstractAsyncContextManager[Adapter]: ...


class NobodyLendsError(Exception):
    """No server gave the audio; `refusals` say why, one for each source."""

    def __init__(self, refusals: Sequence[tuple[Source, AdapterError]]) -> None:
        super().__init__("No server has it now.")
        self.refusals = tuple(refusals)

    @property
    def weightiest(self) -> AdapterError:
        """What may pass by itself weighs most; that an item is not there weighs least."""
        return max((error for _, error in self.refusals), key=_weight, default=Unavailable(str(self)))


@asynccontextmanager
async def borrowed(lends: Lends, sources: Sequence[Source]) -> AsyncIterator[Path]:
    """The audio as a local file, from the first source that has it, until the block ends."""
    refusals: list[tuple[Source, AdapterError]] = []
    for source in sources:
        async with AsyncExitStack() as stack:
            try:
                path = await _enter(stack, lends, source)
            except AdapterError as error:
                refusals.append((source, error))
                continue
            yield path
            return
    raise NobodyLendsError(refusals)


async def _enter(stack: AsyncExitStack, lends: Lends, source: Source) -> Path:
    try:
        async with asyncio.timeout(_SECONDS):
            adapter = await stack.enter_async_context(lends.using(source.server))
            return await stack.enter_async_context(adapter.audio(source.track))
    except TimeoutError as error:
        raise Unavailable("The server did not deliver the audio in time.") from error


def _weight(error: AdapterError) -> int:
    if isinstance(error, Unavailable):
        return 2
    return 0 if isinstance(error, NotFound) else 1
