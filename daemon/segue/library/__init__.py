"""Keeps what we know of the servers' libraries true: hints come in, walks prove."""

from collections.abc import Awaitable, Callable

__all__ = ["WakeCall"]

WakeCall = Callable[[str], Awaitable[object]]
"""`wake(kind)`: tells the workers that rows of this kind are committed."""
