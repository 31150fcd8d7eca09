"""Speaks to one Lyrion Music Server."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from segue.sdk import Adapter, Toolbox, Unsupported
from segue_lyrion.config import LyrionConfig

__all__ = ["connect"]


@asynccontextmanager
async def connect(config: LyrionConfig, toolbox: Toolbox) -> AsyncIterator[Adapter]:
    """An adapter for as long as the block lasts."""
    if toolbox.server:
        raise Unsupported("Lyrion cannot be spoken to yet.")
    yield  # type: ignore[misc]
