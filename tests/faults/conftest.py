"""Fixtures of this folder's tests."""

from collections.abc import AsyncIterator

import pytest

from segue.store.pool import Pool, open_pool
from tests.faults.services import own_valkey

__all__ = ["own_valkey"]


@pytest.fixture
async def many(database_url: str) -> AsyncIterator[Pool]:
    """Connections as the daemon has them; the workers of these tests need the others."""
    async with open_pool(database_url, max_size=3) as pool:
        yield pool
