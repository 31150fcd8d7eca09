"""Hints that something in a server's library is different."""

from dataclasses import dataclass

from segue.model.ids import TrackId


@dataclass(frozen=True, slots=True)
class TrackChanged:
    """This track is new or different."""

    track_id: TrackId


@dataclass(frozen=True, slots=True)
class TrackGone:
    """This track is said to be gone; only a walk proves it."""

    track_id: TrackId


@dataclass(frozen=True, slots=True)
class LibraryChanged:
    """Something changed; look again."""


@dataclass(frozen=True, slots=True)
class PlaylistsChanged:
    """Somebody, perhaps we, edited a playlist."""


Change = TrackChanged | TrackGone | LibraryChanged | PlaylistsChanged
