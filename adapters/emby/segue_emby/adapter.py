"""Speaks to one Emby server."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from segue.sdk import Adapter, Toolbox, Unsupported
from segue_emby.config import EmbyConfig

__all__ = ["connect"]


@asynccontextmanager
async def connect(config: EmbyConfig, toolbox: Toolbox) -> AsyncIterator[Adapter]:
    """An adapter for as long as the block lasts."""
    raise Unsupported("Emby servers cannot be connected yet.")
    yield
