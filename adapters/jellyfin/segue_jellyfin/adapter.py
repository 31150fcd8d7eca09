"""Speaks to one Jellyfin server."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from segue.sdk import Adapter, Toolbox, Unsupported
from segue_jellyfin.config import JellyfinConfig

__all__ = ["connect"]


@asynccontextmanager
async def connect(config: JellyfinConfig, toolbox: Toolbox) -> AsyncIterator[Adapter]:
    """An adapter for as long as the block lasts."""
    raise Unsupported("Jellyfin servers cannot be connected yet.")
    yield
