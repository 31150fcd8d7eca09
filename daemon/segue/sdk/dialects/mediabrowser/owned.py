"""Proof that a playlist is one that we made: without it nothing on a server is ever deleted.

On both servers the request that deletes a playlist deletes a song's file when it is given a song's id.
"""

import asyncio
from dataclasses import InitVar, dataclass
from typing import Final

import structlog

from segue.model import PlaylistId
from segue.sdk.dialects.mediabrowser.payloads import Item
from segue.sdk.shelf import Shelf

__all__ = ["MARK", "OwnPlaylist", "Ownership", "is_marked"]

MARK: Final = "Segue"
"""The tag that our playlists carry, where we may tag them."""

_SEAL: Final = object()
_MADE, _MARKED, _FORGOTTEN = "made", "marked", ""
_UNMARKABLE = "marks do not stay"


@dataclass(frozen=True, slots=True)
class OwnPlaylist:
    """Made by `Ownership` only. `proved`: by its mark or by our memory, and not by its id alone."""

    id: PlaylistId
    name: str
    proved: bool
    seal: InitVar[object] = None

    def __post_init__(self, seal: object) -> None:
        if seal is not _SEAL:
            raise TypeError("An OwnPlaylist is proved, not made.")


class Ownership:
    """What we made here, and what bears our mark. `may_mark`: whether we may tag playlists; then those
    without a mark are not ours, unless we remember them."""

    def __init__(self, memory: Shelf, log: structlog.stdlib.BoundLogger, *, may_mark: bool) -> None:
        self._memory = memory
        self._log = log
        self._may_mark = may_mark

    async def claim(self, item: Item | None, id_: PlaylistId) -> OwnPlaylist | None:
        """The playlist that we made under this id, if the server has just told that it is one.

        Ids may come to life again: one that we had marked and that has no mark is somebody else's.
        """
        if item is None:
            return None
        known = await asyncio.to_thread(self._memory.get, [id_, _UNMARKABLE])
        state, must_be_proved = known.get(id_), self._may_mark and _UNMARKABLE not in known
        proved = is_marked(item) or state == _MADE
        lost = state == _MARKED and not is_marked(item)
        is_list = item.Id == id_ and item.Type == "Playlist"
        if not is_list or lost or (must_be_proved and not proved):
            self._log.warning("playlist_not_ours", playlist=id_)
            return None
        return OwnPlaylist(id_, item.Name or "", proved, seal=_SEAL)

    async def made(self, id_: PlaylistId) -> None:
        """We have just made this one; an older list of ours may have had the same id."""
        await self._remember(id_, _MADE)

    async def tagged(self, id_: PlaylistId, item: Item) -> None:
        """We have just tagged this one; the server tells whether that stays."""
        if is_marked(item):
            await self._remember(id_, _MARKED)
        else:
            await self._remember(_UNMARKABLE, _MARKED)

    async def forget(self, id_: PlaylistId) -> None:
        """It is gone, and its id may be given to others."""
        await self._remember(id_, _FORGOTTEN)

    async def _remember(self, name: str, state: str) -> None:
        await asyncio.to_thread(self._memory.put, [(name, state)])


def is_marked(item: Item) -> bool:
    """Whether it carries our tag; Emby tells tags in two ways."""
    return MARK in item.Tags or any(tag.Name == MARK for tag in item.TagItems)
