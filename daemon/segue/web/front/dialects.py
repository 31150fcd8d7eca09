"""The languages of clients that front doors understand."""

from collections.abc import Mapping
from typing import Protocol

from segue.model import ServerKey
from segue.similarity import Follower
from segue.store.pool import Pool
from segue.web.front.door import Dialect
from segue.web.front.jellyfin import JellyfinDialect
from segue.web.front.subsonic import SubsonicDialect

__all__ = ["DIALECTS", "MakesDialect"]


class MakesDialect(Protocol):
    """The class of a dialect: one is made for each door."""

    def __call__(self, *, pool: Pool, follower: Follower, server: ServerKey) -> Dialect: ...


DIALECTS: Mapping[str, MakesDialect] = {
    "emby": JellyfinDialect,
    "jellyfin": JellyfinDialect,
    "subsonic": SubsonicDialect,
}
"""By the name that adapters give; a door whose dialect nobody knows only passes on."""
