"""Artists by the ids that one server gives them, as its plugins look them up."""

import asyncio
from collections.abc import Mapping, Sequence

from segue.model import ServerKey, TrackId
from segue.sdk import AdapterError, NamesArtists
from segue.store import artists, servers
from segue.store.pool import Connection
from segue.store.servers import ServerState
from segue.web.context import Call

__all__ = ["ArtistIds", "ids_of_artists", "may_be_asked"]

_SECONDS = 5


class ArtistIds:
    """What a server calls some artists."""

    def __init__(self, told: Mapping[str, str] | None = None) -> None:
        self._told = told or {}

    def of(self, artist: artists.Artist) -> str | None:
        """None for an artist whose id the server does not tell."""
        return self._told.get(artist.artist)


async def ids_of_artists(call: Call, among: Sequence[artists.Artist], server: ServerKey | None) -> ArtistIds:
    """By asking for a song of each; without a server, the only one that there is is meant."""
    async with call.context.connection() as c:
        key = await _present(c, server)
        songs = await artists.samples(c, key, [one.artist for one in among]) if key is not None else {}
    if key is None or not songs:
        return ArtistIds()
    told = await _told(call, key, list(songs.values()))
    return ArtistIds({artist: told[song] for artist, song in songs.items() if song in told})


def may_be_asked(server: servers.Server) -> bool:
    """Whether it is worth a client's time to ask this server something now."""
    return not server.withdrawn and server.state in (ServerState.NEW, ServerState.CONNECTED)


async def _present(c: Connection, server: ServerKey | None) -> ServerKey | None:
    """The server that is meant, unless it cannot be asked now."""
    meant = [one for one in await servers.list_(c) if not one.withdrawn and server in (None, one.id)]
    return meant[0].id if len(meant) == 1 and may_be_asked(meant[0]) else None


async def _told(call: Call, server: ServerKey, songs: Sequence[TrackId]) -> Mapping[TrackId, str]:
    try:
        async with asyncio.timeout(_SECONDS):
            adapter = await call.services.registry.adapter(server)
            return await adapter.artist_ids(songs) if isinstance(adapter, NamesArtists) else {}
    except (AdapterError, TimeoutError):
        return {}
