"""Streams of the outside world and tasks, each with an end that is waited for."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import TypeVar

from segue.model import Track
from segue.sdk import Malformed, NotFound, Unavailable

__all__ = ["batches", "closing", "together"]

_BATCH = 500
_GATHER_SECONDS = 1.0
_SILENCE_SECONDS = 600.0

Item = TypeVar("Item")


@asynccontextmanager
async def closing(items: AsyncIterator[Item]) -> AsyncIterator[AsyncIterator[Item]]:
    """An adapter's stream, whose own clean-up has run when the block is left."""
    try:
        yield items
    finally:
        if isinstance(items, AsyncGenerator):
            await items.aclose()


async def together(*work: Coroutine[None, None, None]) -> None:
    """Until one of them ends; raises what it raised."""
    tasks = [asyncio.create_task(one) for one in work]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
    for task in done:
        task.result()


async def batches(listing: AsyncIterator[Track]) -> AsyncIterator[list[Track]]:
    """Tracks by the hundred, sooner when they come slowly; a listing that falls silent is Unavailable."""
    while True:
        try:
            async with asyncio.timeout(_SILENCE_SECONDS):
                batch = await _batch(listing)
        except TimeoutError as error:
            raise Unavailable(f"The listing stood still for {_SILENCE_SECONDS:.0f} s.") from error
        except (Malformed, NotFound) as error:  # of a whole listing it is no item's fault
            raise Unavailable(f"The listing cannot be read: {error}") from error
        if not batch:
            return
        yield batch


async def _batch(listing: AsyncIterator[Track]) -> list[Track]:
    batch: list[Track] = []
    loop = asyncio.get_running_loop()
    until = loop.time() + _GATHER_SECONDS
    async for track in listing:
        batch.append(track)
        if len(batch) == _BATCH or loop.time() > until:
            break
    return batch
