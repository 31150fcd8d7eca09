"""Servers in memory that keep playlists in several steps, and break off at any of them."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Literal

from segue.model import Playlist, PlaylistHeader, PlaylistId, Track, TrackId, UserId
from segue.sdk import NotFound, ServerInfo, Unavailable

Manner = Literal["ids", "names", "files"]
When = Literal["before", "after"]


class KilledError(Exception):
    """The process is gone in the middle of its work."""


@dataclass
class Held:
    """A playlist as the server has it."""

    name: str
    tracks: list[TrackId]
    public: bool = False
    revision: int = 0
    owner: UserId | None = None


@dataclass
class ListServer:
    """Keeps lists under ids of its own, under their names, or as files named like them.

    Every step of a request counts; `break_at` names the one that does not happen (`before`) or whose
    answer is lost (`after`); `dies` kills us there instead of refusing.
    """

    manner: Manner = "ids"
    songs: set[TrackId] = field(default_factory=set)
    lists: dict[PlaylistId, Held] = field(default_factory=dict)
    steps: int = 0
    edits: int = 0
    break_at: int | None = None
    when: When = "before"
    dies: bool = False
    _numbers: "count[int]" = field(default_factory=lambda: count(1))

    async def probe(self) -> ServerInfo:
        return ServerInfo(product="Lists", version="1")

    async def walk(self) -> AsyncIterator[Track]:
        for song in sorted(self.songs):
            yield Track(id=song, title=song, revision="1")

    async def get(self, track_id: TrackId) -> Track:
        with _Step(self):
            if track_id not in self.songs:
                raise NotFound(f"There is no song {track_id}.")
        return Track(id=track_id, title=track_id, revision="1")

    @asynccontextmanager
    async def audio(self, track_id: TrackId) -> AsyncIterator[Path]:
        raise NotFound("There is no audio here.")
        yield Path()

    async def playlists(self) -> AsyncIterator[PlaylistHeader]:
        with _Step(self):
            found = [
                PlaylistHeader(id=id_, name=held.name, revision=str(held.revision), public=held.public)
                for id_, held in self.lists.items()
            ]
        for header in found:
            yield header

    async def entries(self, playlist_id: PlaylistId) -> Sequence[TrackId]:
        with _Step(self):
            if playlist_id not in self.lists:
                raise NotFound(f"There is no list {playlist_id}.")
            return list(self.lists[playlist_id].tracks)

    async def publish(self, playlist: Playlist, *, replacing: PlaylistId | None) -> PlaylistId:
        self.edits += 1
        tracks = [track for track in playlist.tracks if track in self.songs]
        old = replacing if replacing in self.lists else None
        if self.manner == "ids":
            return self._by_id(playlist, tracks, old)
        return self._by_name(playlist, tracks, old)

    async def withdraw(self, playlist_id: PlaylistId) -> None:
        with _Step(self):
            self.lists.pop(playlist_id, None)

    def person_makes(self, name: str, tracks: Sequence[TrackId]) -> PlaylistId:
        id_ = PlaylistId(f"list-{next(self._numbers)}" if self.manner == "ids" else name)
        self.lists[id_] = Held(name, list(tracks))
        self._touch(id_)
        return id_

    def person_edits(self, id_: PlaylistId, tracks: Sequence[TrackId]) -> None:
        self.lists[id_].tracks = list(tracks)
        self._touch(id_)

    def person_renames(self, id_: PlaylistId, name: str) -> PlaylistId:
        held = self.lists.pop(id_)
        new = id_ if self.manner == "ids" else PlaylistId(name)
        self.lists[new] = held
        held.name = name
        self._touch(new)
        return new

    def _by_id(self, playlist: Playlist, tracks: list[TrackId], old: PlaylistId | None) -> PlaylistId:
        """Made empty, then filled in two pieces, then described."""
        id_ = old
        if id_ is None:
            with _Step(self):
                id_ = PlaylistId(f"list-{next(self._numbers)}")
                self.lists[id_] = Held(playlist.name, [], owner=playlist.owner)
        held = self.lists[id_]
        if held.tracks != tracks:
            half = len(tracks) // 2
            for piece in (tracks[:half], tracks):
                with _Step(self):
                    held.tracks = list(piece)
                    self._touch(id_)
        if (held.name, held.public) != (playlist.name, playlist.public):
            with _Step(self):
                held.name, held.public = playlist.name, playlist.public
                self._touch(id_)
        return id_

    def _by_name(self, playlist: Playlist, tracks: list[TrackId], old: PlaylistId | None) -> PlaylistId:
        """Built beside and swapped, or written under the new name and then removed under the old."""
        id_ = self._free(playlist.name, old)
        draft = PlaylistId(f"{id_}.new")
        with _Step(self):
            if self.manner == "names":
                self.lists[draft] = Held(draft, tracks[: len(tracks) // 2])
        with _Step(self):
            self.lists.pop(draft, None)
            if self.manner == "names" and old is not None:
                self.lists.pop(old, None)
            self.lists[id_] = Held(id_, tracks, playlist.public)
            self._touch(id_)
        if self.manner == "files" and old not in (None, id_):
            with _Step(self):
                self.lists.pop(PlaylistId(str(old)), None)
        return id_

    def _free(self, name: str, ours: PlaylistId | None) -> PlaylistId:
        names = (name if number == 1 else f"{name} ({number})" for number in count(1))
        return PlaylistId(next(one for one in names if one == ours or PlaylistId(one) not in self.lists))

    def _touch(self, id_: PlaylistId) -> None:
        self.lists[id_].revision = next(self._numbers)


class _Step:
    """One step of a request."""

    def __init__(self, server: ListServer) -> None:
        self._server = server
        server.steps += 1
        self._breaks = server.steps == server.break_at
        if self._breaks and server.when == "before":
            self._break()

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if self._breaks and error is None:
            self._break()

    def _break(self) -> None:
        raise KilledError if self._server.dies else Unavailable("The line broke.")
