"""Waiting for a fact, with a limit."""

import asyncio
from collections.abc import Awaitable, Callable


async def until(
    fact: Callable[[], bool | Awaitable[bool]], *, seconds: float = 30, every: float = 0.02
) -> None:
    """Return when the fact is true; TimeoutError when it does not become true."""
    async with asyncio.timeout(seconds):
        while True:
            answer = fact()
            if answer if isinstance(answer, bool) else await answer:
                return
            await asyncio.sleep(every)
