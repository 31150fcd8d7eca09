"""The adapter contract: one required protocol, and one small protocol per further ability."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol, runtime_checkable

from segue.model import Change, Playlist, PlaylistHeader, PlaylistId, Track, TrackId, UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerInfo:
    """What a server says of itself; `warnings` are sentences for the operator."""

    product: str
    version: str
    tracks: int | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookDelivery:
    """One authenticated webhook post; `headers` have lower-case names."""

    content_type: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """An account on a server."""

    id: UserId
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Play:
    """One user's history with one track; `skipped` when the server knows that it was."""

    track_id: TrackId
    at: datetime
    count: int = 1
    skipped: bool = False
    favourite: bool = False
    rating: float | None = None


class Adapter(Protocol):
    """What every adapter does. Failures are `AdapterError`s, never empty answers."""

    async def probe(self) -> ServerInfo:
        """Reach the server and check our rights."""
        ...

    def walk(self) -> AsyncIterator[Track]:
        """List every track once; ends normally only if the listing is complete."""
        ...

    async def get(self, track_id: TrackId) -> Track:
        """One track; NotFound if the server says there is none."""
        ...

    def audio(self, track_id: TrackId) -> AbstractAsyncContextManager[Path]:
        """Lend the track's audio as a local file; leaving the block cleans up."""
        ...


@runtime_checkable
class Watches(Protocol):
    """Streams hints of changes over the server's own channel until it breaks."""

    def changes(self) -> AsyncIterator[Change]: ...


@runtime_checkable
class ReceivesWebhooks(Protocol):
    """Reads the server's webhook posts; pure, no I/O."""

    def read_webhook(self, delivery: WebhookDelivery) -> Sequence[Change]: ...


@runtime_checkable
class SetsUpWebhooks(Protocol):
    """Has the server post its news to us, when the operator asks for it."""

    async def set_up_webhook(self, address: str, secret: str) -> str:
        """Post to this address with this secret; what was done or is left to do, as a sentence."""
        ...


@runtime_checkable
class CatchesUp(Protocol):
    """Lists cheaply what changed since a moment; says nothing about what is gone."""

    def changed_since(self, moment: datetime) -> AsyncIterator[Track]: ...


@runtime_checkable
class Publishes(Protocol):
    """Keeps a playlist on the server, in place, under the same id where it still exists."""

    async def publish(self, playlist: Playlist, *, replacing: PlaylistId | None) -> PlaylistId: ...

    async def withdraw(self, playlist_id: PlaylistId) -> None: ...


@runtime_checkable
class ReadsPlaylists(Protocol):
    """Reads playlists back, whoever made them."""

    def playlists(self) -> AsyncIterator[PlaylistHeader]: ...

    async def entries(self, playlist_id: PlaylistId) -> Sequence[TrackId]: ...


@runtime_checkable
class KeepsHistory(Protocol):
    """Plays, favourites and ratings, per user."""

    def users(self) -> AsyncIterator[User]: ...

    def plays(self, user: UserId, since: datetime) -> AsyncIterator[Play]: ...


@runtime_checkable
class NamesArtists(Protocol):
    """Says who is behind one of the server's own artist ids, which clients use instead of names, and which
    ids the artists of tracks have; of a track's several artists it is the first, and none may be known."""

    async def artist_name(self, artist_id: str) -> str: ...

    async def artist_ids(self, track_ids: Sequence[TrackId]) -> Mapping[TrackId, str]: ...


@runtime_checkable
class NumbersTracks(Protocol):
    """Tells the passing numbers under which the server's own plugins know tracks, and reads them."""

    async def numbers(self, track_ids: Sequence[TrackId]) -> Mapping[TrackId, str]: ...

    async def numbered(self, numbers: Sequence[str]) -> Mapping[str, TrackId]: ...
