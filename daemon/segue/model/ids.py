"""Identifiers: text ids belong to a server, integer ids are ours."""

from typing import NewType

TrackId = NewType("TrackId", str)
"""A track's id as its own server writes it."""
PlaylistId = NewType("PlaylistId", str)
"""A playlist's id as its own server writes it."""
UserId = NewType("UserId", str)
"""A user's id as its own server writes it."""

ServerKey = NewType("ServerKey", int)
"""Our key of one connected server; people use its name."""
RecordingId = NewType("RecordingId", int)
RunId = NewType("RunId", int)
SpaceId = NewType("SpaceId", int)
