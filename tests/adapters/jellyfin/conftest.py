"""Connects Jellyfin adapters."""

from pathlib import Path

import pytest

from segue_jellyfin import plugin
from tests.adapters.connecting import Connect, connecting

__all__ = ["Connect"]


@pytest.fixture
def connected(tmp_path: Path) -> Connect:
    """Connects an adapter with these settings."""
    return connecting(plugin, tmp_path / "scratch")
