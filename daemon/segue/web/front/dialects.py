"""The languages of clients that front doors understand."""

from collections.abc import Mapping
from functools import partial
from typing import Protocol

from segue.model import ServerKey
from segue.similarity import Artists, Follower
from segue.store.pool import Pool
from segue.web.front.door import Dialect
from segue.web.front.jellyfin import JellyfinDialect
from segue.web.front.subsonic import SubsonicDialect

__all__ = ["DIALECTS", "MakesDialect", "dialects_with"]


class MakesDialect(Protocol):
    """The class of a dialect: one is made for each door."""

    def __call__(self, *, pool: Pool, follower: Follower, server: ServerKey) -> Dialect: ...


DIALECTS: Mapping[str, MakesDialect] = {
    "emby": JellyfinDialect,
    "jellyfin": JellyfinDialect,
    "subsonic": SubsonicDialect,
}
"""By the name that adapters give; a door whose dialect nobody knows only passes on."""


def dialects_with(artists: Artists) -> Mapping[str, MakesDialect]:
    """The same, where those that tell of artists share one knowledge of them."""
    return {**DIALECTS, "subsonic": partial(SubsonicDialect, artists=artists)}
