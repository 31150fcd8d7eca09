"""Playlists as a server is asked to hold them."""

from dataclasses import dataclass

from segue.model.ids import PlaylistId, TrackId, UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class Playlist:
    """What a server's copy should be: exact order, repeats kept."""

    name: str
    tracks: tuple[TrackId, ...]
    description: str = ""
    owner: UserId | None = None
    public: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaylistHeader:
    """A playlist found on a server, without its entries."""

    id: PlaylistId
    name: str
    revision: str
    owner: UserId | None = None
    public: bool | None = None
    size: int | None = None
