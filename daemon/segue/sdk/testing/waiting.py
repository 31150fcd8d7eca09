"""Waiting for a fact, with a limit."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

__all__ = ["until"]

Fact = TypeVar("Fact")


async def until(look: Callable[[], Awaitable[Fact]], *, seconds: float = 20.0, every: float = 0.02) -> Fact:
    """Look until the answer is true; TimeoutError after the limit."""
    async with asyncio.timeout(seconds):
        while True:
            if fact := await look():
                return fact
            await asyncio.sleep(every)
