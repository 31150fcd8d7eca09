"""A library whose songs stand on servers in memory, and publishers that look after them."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from segue import publishing
from segue.library.taking import take_in
from segue.model import PlaylistId, Quality, RecordingId, ServerKey, Track, TrackId
from segue.publishing import Journal, Shelf, Wanted
from segue.publishing.asked import Wish
from segue.publishing.journal import NotOursError
from segue.sdk import Unavailable
from segue.store import copies, playlists, servers, tracks
from segue.store.playlists import Kind, NewPlaylist, PlaylistKey
from segue.store.pool import Connection, Pool
from tests.fakes.playlists import KilledError, ListServer, Manner

OWNER = "test/1"


@dataclass
class Kills:
    """Which entry of the journal is the last thing that the process does."""

    at: int | None = None
    when: str = "before"
    entries: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class MortalJournal(Journal):
    kills: Kills

    @asynccontextmanager
    async def _writing(self) -> AsyncIterator[Connection]:
        self.kills.entries += 1
        dies = self.kills.entries == self.kills.at
        if dies and self.kills.when == "before":
            raise KilledError
        async with self.pool.connection() as c:
            if self.owner is None or not await copies.held(c, [self.owner]):
                raise NotOursError
            yield c
        if dies:
            raise KilledError


@dataclass
class House:
    """Servers that have the same songs under ids of their own, and our playlists on them."""

    pool: Pool
    far: dict[ServerKey, ListServer] = field(default_factory=dict)
    kills: Kills = field(default_factory=Kills)
    filled: list[Wish] = field(default_factory=list)
    fill_with: tuple[RecordingId, ...] = ()
    keeps_seeds: bool = False

    async def add_server(self, manner: Manner, *, songs: int = 12, name: str | None = None) -> ListServer:
        server = ListServer(manner)
        name = name or f"{manner}-{len(self.far)}"
        async with self.pool.connection() as c:
            row = await servers.insert(
                c, name=name, kind="memory", origin="api", config_sealed=b"", hook_secret_sealed=b""
            )
            assert row is not None
            await take_in(c, row.id, [song(number, name) for number in range(songs)], quality=Quality.FAST)
        server.songs = {song(number, name).id for number in range(songs)}
        self.far[row.id] = server
        return server

    def key(self, server: ListServer) -> ServerKey:
        return next(key for key, one in self.far.items() if one is server)

    async def recordings(self, *numbers: int) -> list[RecordingId]:
        server = next(iter(self.far))
        async with self.pool.connection() as c:
            rows = await tracks.list_(c, server=server)
        by_title = {row.title: row.recording_id for row in rows}
        return [by_title[f"Song {number}"] for number in numbers]

    async def make(self, name: str, *numbers: int, kind: Kind = Kind.STATIC) -> PlaylistKey:
        found = await self.recordings(*numbers)
        async with self.pool.connection() as c:
            playlist = await playlists.create(c, NewPlaylist(name=name, kind=kind))
            await playlists.add_version(c, playlist, found)
        return playlist

    async def remake(self, playlist: PlaylistKey, *numbers: int) -> None:
        found = await self.recordings(*numbers)
        async with self.pool.connection() as c:
            await playlists.add_version(c, playlist, found)

    async def look(self, server: ListServer | None = None, *, asked: bool = True) -> int:
        """One look at one server, or at each."""
        changed = 0
        for key, far in self.far.items():
            if server is None or far is server:
                changed += await self._look(key, far, asked=asked)
        return changed

    async def _look(self, key: ServerKey, far: ListServer, *, asked: bool) -> int:
        journal = await self.journal(key, asked=asked)
        try:
            done = await publishing.look(Shelf(far, far, far), journal, self._fill, Wanted(songs=8))
        except BaseException:
            async with self.pool.connection() as c:
                await copies.finish(c, journal.look, OWNER, seconds=0, reason="It broke.")
            raise
        async with self.pool.connection() as c:
            await copies.finish(c, journal.look, OWNER, seconds=0, known=done.known)
        return done.changed

    async def journal(self, key: ServerKey, *, asked: bool = True) -> MortalJournal:
        async with self.pool.connection() as c:
            if asked:
                await copies.want_look(c)
            await c.execute("update publishing set due_at = now() + interval '1 day'")
            await c.execute("update publishing set due_at = now() where server_id = %s", [key])
        async with self.pool.connection() as c:
            look = await copies.claim(c, owner=OWNER, seconds=60)
        assert look is not None
        assert look.server == key
        return MortalJournal(pool=self.pool, look=look, owner=OWNER, grace_hours=1, kills=self.kills)

    async def _fill(self, wish: Wish) -> Sequence[RecordingId]:
        self.filled.append(wish)
        return [
            one
            for one in self.fill_with
            if one not in wish.banned and (self.keeps_seeds or one not in wish.seeds)
        ]

    async def id_of(self, playlist: PlaylistKey, server: ListServer) -> PlaylistId | None:
        async with self.pool.connection() as c:
            found = await copies.of_server(c, self.key(server), grace_hours=1)
        return next(copy.id for copy in found if copy.playlist == playlist)


async def insist(house: House) -> None:
    """Look until a look is undisturbed, as workers do."""
    while True:
        try:
            await house.look()
        except (KilledError, Unavailable):
            continue
        return


def song(number: int, server: str) -> Track:
    return Track(
        id=TrackId(f"{server}:{number}"), title=f"Song {number}", revision="1", content_key=f"key-{number}"
    )


def numbers(tracks_: Sequence[TrackId]) -> list[int]:
    return [int(track.rpartition(":")[2]) for track in tracks_]


def shown(server: ListServer) -> dict[str, list[int]]:
    """What a person sees on a server."""
    return {held.name: numbers(held.tracks) for held in server.lists.values()}


def ids(server: ListServer, *wanted: int) -> list[TrackId]:
    prefix = next(iter(server.songs)).rpartition(":")[0]
    return [TrackId(f"{prefix}:{number}") for number in wanted]


@pytest.fixture
async def house(pool: Pool) -> House:
    return House(pool)
