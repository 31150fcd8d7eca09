"""Supervised child processes: what crashes, hangs or eats memory takes a child down, never us."""

from segue.children.child import Child, Limits
from segue.children.errors import ChildCrashed, ChildError, ChildGarbled, ChildRaised, ChildTimedOut
from segue.children.frames import Message

__all__ = [
    "Child",
    "ChildCrashed",
    "ChildError",
    "ChildGarbled",
    "ChildRaised",
    "ChildTimedOut",
    "Limits",
    "Message",
]
