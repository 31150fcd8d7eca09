"""Fixtures of this folder's tests."""

from tests.faults.services import own_valkey

__all__ = ["own_valkey"]
