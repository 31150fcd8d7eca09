"""What is remembered of one server's copies; every entry is a transaction of its own, and only ours."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from segue.model import PlaylistHeader, PlaylistId, RecordingId, TrackId
from segue.store import copies, playlists
from segue.store.copies import Copy, GivenUp, Intent, Look, Stood
from segue.store.playlists import Kind, NewPlaylist, Pins
from segue.store.pool import Connection, Pool

__all__ = ["Journal", "NotOursError", "Songs"]


class NotOursError(Exception):
    """Somebody else looks at this server now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Songs:
    """What a playlist's newest version holds, and what people want in and out of it."""

    version: tuple[RecordingId, ...] = ()
    pins: Pins = field(default_factory=Pins)


@dataclass(frozen=True, slots=True, kw_only=True)
class Journal:
    """Without an `owner` it only reads: for looking ahead."""

    pool: Pool
    look: Look
    owner: str | None
    grace_hours: float

    async def copies(self) -> list[Copy]:
        async with self.pool.connection() as c:
            if self.owner:
                await copies.ensure(c, self.look.server)
            return await copies.of_server(c, self.look.server, grace_hours=self.grace_hours)

    async def again(self, copy: Copy) -> Copy | None:
        """The copy as it stands in the journal now."""
        return next((one for one in await self.copies() if one.key == copy.key), None)

    async def songs(self, copy: Copy) -> Songs:
        async with self.pool.connection() as c:
            chosen = await playlists.entries(c, copy.version) if copy.version else []
            return Songs(version=tuple(chosen), pins=await playlists.pins(c, copy.playlist))

    async def playable(self, recordings: Collection[RecordingId]) -> Mapping[RecordingId, list[TrackId]]:
        async with self.pool.connection() as c:
            return await copies.playable(c, self.look.server, recordings)

    async def known(self, tracks: Collection[TrackId]) -> Mapping[TrackId, tuple[RecordingId, bool]]:
        async with self.pool.connection() as c:
            return await copies.known_tracks(c, self.look.server, tracks)

    async def intend(self, copy: Copy, intent: Intent, *, filled: Collection[TrackId] = ()) -> None:
        async with self._writing() as c:
            await copies.intend(c, copy.key, intent, filled=filled)

    async def created(self, copy: Copy, id_: PlaylistId, name: str) -> None:
        async with self._writing() as c:
            await copies.created(c, copy.key, id_, name)

    async def settled(self, copy: Copy, stood: Stood, **rest: Any) -> None:
        async with self._writing() as c:
            await copies.settled(c, copy.key, stood, **rest)

    async def read(
        self,
        copy: Copy,
        stood: Stood,
        *,
        banned: Sequence[RecordingId],
        pinned: Sequence[RecordingId],
        own_name: str | None,
    ) -> None:
        """Take over what people did; other servers hear of it at once."""
        async with self._writing() as c:
            await playlists.pin(c, copy.playlist, banned, banned=True)
            await playlists.pin(c, copy.playlist, pinned, banned=False)
            await copies.settled(
                c,
                copy.key,
                stood,
                own_name=own_name,
                published_name=own_name or copy.published_name,
                moves=copy.moves or None,
            )
            if banned or pinned:
                await copies.want_look(c)

    async def give_up(self, copy: Copy, why: GivenUp, reason: str | None = None) -> None:
        async with self._writing() as c:
            await copies.give_up(c, copy.key, why, reason)

    async def resume(self, copy: Copy) -> None:
        async with self._writing() as c:
            await copies.resume(c, copy.key)

    async def withdrawn(self, copy: Copy) -> None:
        async with self._writing() as c:
            await copies.withdrawn(c, copy.key)

    async def failed(self, copy: Copy, reason: str, *, seconds: float) -> None:
        async with self._writing() as c:
            await copies.failed(c, copy.key, reason, seconds=seconds)

    async def ban(self, copy: Copy, recordings: Sequence[RecordingId]) -> None:
        async with self._writing() as c:
            await playlists.pin(c, copy.playlist, recordings, banned=True)

    async def adopt(self, header: PlaylistHeader) -> None:
        """Somebody's list asks to be filled."""
        async with self._writing() as c:
            playlist = await playlists.create(c, NewPlaylist(name=header.name, kind=Kind.ASKED))
            await copies.adopt(c, playlist, self.look.server, header.id, header.name)

    async def filled(
        self, copy: Copy, stood: Stood, filled: Collection[TrackId], recordings: Sequence[RecordingId]
    ) -> None:
        """A person's list is filled anew."""
        async with self._writing() as c:
            await playlists.change(c, copy.playlist, name=stood.name)
            await playlists.add_version(c, copy.playlist, recordings)
            await playlists.recipe_followed(c, copy.playlist, change=await playlists.music_change(c))
            version = await playlists.version(c, copy.playlist)
            await copies.settled(
                c, copy.key, stood, filled=filled, published_name=stood.name, edited=True,
                published_version=version.id if version else None,
            )  # fmt: skip

    async def is_empty_for(self, *, hours: float) -> bool:
        """The server shows no playlists: whether it has done so for so long."""
        async with self._writing() as c:
            return await copies.is_empty_for(c, self.look.server, hours=hours)

    async def forget(self, copy: Copy) -> None:
        """A person's list asks no more."""
        async with self._writing() as c:
            await playlists.remove(c, copy.playlist)

    @asynccontextmanager
    async def _writing(self) -> AsyncIterator[Connection]:
        async with self.pool.connection() as c:
            if self.owner is None or not await copies.held(c, [self.owner]):
                raise NotOursError
            yield c
