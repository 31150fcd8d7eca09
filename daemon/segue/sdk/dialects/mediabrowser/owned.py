"""Proof that a playlist is one that we made: without it nothing on a server is ever deleted.

On both servers the request that deletes a playlist deletes a song's file when it is given a song's id.
"""

from dataclasses import InitVar, dataclass
from typing import Final

from segue.model import PlaylistId
from segue.sdk.dialects.mediabrowser.payloads import Item

__all__ = ["MARK", "OwnPlaylist", "claim"]

MARK: Final = "Segue"
"""The tag that our playlists carry, where we may tag them."""

_SEAL: Final = object()


@dataclass(frozen=True, slots=True)
class OwnPlaylist:
    """Made by `claim` only."""

    id: PlaylistId
    name: str
    marked: bool
    seal: InitVar[object] = None

    def __post_init__(self, seal: object) -> None:
        if seal is not _SEAL:
            raise TypeError("An OwnPlaylist is proved, not made.")


def claim(item: Item | None, id_: PlaylistId, *, was_marked: bool) -> OwnPlaylist | None:
    """The playlist that we made under this id, if the server has just told that it is one.

    Ids may come to life again: one that we had marked and that has no mark is somebody else's.
    """
    if item is None or item.Id != id_ or item.Type != "Playlist":
        return None
    marked = MARK in item.Tags or any(tag.Name == MARK for tag in item.TagItems)
    if was_marked and not marked:
        return None
    return OwnPlaylist(id_, item.Name or "", marked, seal=_SEAL)
