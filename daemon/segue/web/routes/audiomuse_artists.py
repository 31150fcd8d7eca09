"""The artist questions of AudioMuse-AI's dialect."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import Field, RootModel

from segue.model import RecordingId, ServerKey
from segue.sdk import AdapterError, NamesArtists
from segue.similarity import Match, SimilarArtist
from segue.store import artists, catalogue, servers, tracks
from segue.store.pool import Connection
from segue.store.tracks import TrackRow
from segue.web import reading
from segue.web.answering import answering
from segue.web.artist_ids import ids_of_artists, may_be_asked
from segue.web.context import Call
from segue.web.errors import CONFLICT, NOT_FOUND, Fault, Refusal
from segue.web.naming import named_server
from segue.web.numbering import Names, names_of
from segue.web.routing import DIALECT, Scope, get
from segue.web.shapes import AskedLoosely, Name, Text, Told

__all__ = ["ROUTES", "artist_meant"]

_ASKING_SECONDS = 5
_MOST_FOUND = 50
_MOST_SIMILAR = 200
_ARTIST_ID = (
    "As the server calls the artist; none while it cannot be asked, or when several servers may be meant."
)


class RepresentativeSong(Told):
    """A song under the id that its server gives it."""

    item_id: str
    title: str


class ComponentMatch(Told):
    """A side of one artist that is like a side of the other."""

    component1_index: int
    component2_index: int
    distance: float
    component1_weight: float
    component2_weight: float
    artist1_representative_songs: tuple[RepresentativeSong, ...]
    artist2_representative_songs: tuple[RepresentativeSong, ...]


class DialectArtist(Told):
    """A similar artist."""

    artist: str
    artist_id: str | None = Field(description=_ARTIST_ID)
    divergence: float
    component_matches: tuple[ComponentMatch, ...] | None = None


class DialectArtists(RootModel[tuple[DialectArtist, ...]]):
    """Similar artists, nearest first."""


class FoundArtist(Told):
    """An artist that was searched."""

    artist: str
    artist_id: str | None = Field(description=_ARTIST_ID)
    track_count: int


class FoundArtists(RootModel[tuple[FoundArtist, ...]]):
    """Artists, the best matches first."""


class ArtistTracks(RootModel[tuple["ArtistTrack", ...]]):
    """An artist's tracks."""


class ArtistTrack(Told):
    """A track under the id that its server gives it."""

    item_id: str
    title: str
    author: str | None


@dataclass(frozen=True, slots=True)
class Songs:
    """Tracks of recordings, and what they are called."""

    rows: Mapping[RecordingId, TrackRow]
    names: Names

    def shown(self, ids: Sequence[RecordingId]) -> tuple[RepresentativeSong, ...]:
        """As they are told."""
        rows = [self.rows[one] for one in ids if one in self.rows]
        named = [(row, name) for row in rows if (name := self.names.of(row)) is not None]
        return tuple(RepresentativeSong(item_id=name, title=row.title) for row, name in named)


class SimilarArtistsAsked(AskedLoosely):
    """An artist, by name or by the server's id."""

    artist: Text | None = Field(default=None, description="The name, or the server's id.")
    artist_id: Text | None = Field(default=None, description="The server's id, or the name.")
    n: int = Field(default=10, ge=1, description=f"How many artists, {_MOST_SIMILAR} at most.")
    include_component_matches: bool = Field(default=False, description="Say which sides agree.")
    server: Name | None = Field(default=None, description="The server whose ids are meant.")


class SearchArtistsAsked(AskedLoosely):
    """Words of an artist's name."""

    query: Text = Field(description="Words of the name.")
    server: Name | None = Field(default=None, description="Only artists of this server.")


class ArtistTracksAsked(AskedLoosely):
    """An artist, by name or by the server's id."""

    artist: Text | None = Field(default=None, description="The name, or the server's id.")
    artist_id: Text | None = Field(default=None, description="The server's id, or the name.")
    server: Name | None = Field(default=None, description="The server whose ids are meant.")


@get(
    "/api/similar_artists",
    tag=DIALECT,
    scope=Scope.PLAY,
    summary="Similar artists, as AudioMuse-AI answers",
    refusals=[NOT_FOUND, CONFLICT],
    sparse=True,
)
async def dialect_similar_artists(call: Call, query: SimilarArtistsAsked) -> DialectArtists:
    async with answering(unheard=NOT_FOUND):
        name, server = await _artist(call, query)
        found = await call.context.artists.similar(
            name, min(query.n, _MOST_SIMILAR), server=server, matches=query.include_component_matches
        )
    songs: Mapping[RecordingId, TrackRow] = {}
    if query.include_component_matches:
        async with call.context.connection() as c:
            songs = await _songs(c, found, server)
    shown = Songs(songs, await names_of(call, songs.values()))
    ids = await ids_of_artists(call, [one.artist for one in found], server)
    return DialectArtists(
        tuple(
            DialectArtist(
                artist=one.artist.name,
                artist_id=ids.of(one.artist),
                divergence=one.distance,
                component_matches=tuple(_match(match, shown) for match in one.matches)
                if query.include_component_matches
                else None,
            )
            for one in found
        )
    )


@get(
    "/api/search_artists",
    tag=DIALECT,
    scope=Scope.PLAY,
    summary="Search artists, as AudioMuse-AI answers",
    refusals=[NOT_FOUND],
)
async def dialect_search_artists(call: Call, query: SearchArtistsAsked) -> FoundArtists:
    async with call.context.connection() as c:
        server = (await named_server(c, query.server)).id if query.server else None
        found = await artists.search(c, query.query, _MOST_FOUND, server=server)
    ids = await ids_of_artists(call, found, server)
    return FoundArtists(
        tuple(
            FoundArtist(artist=one.name, artist_id=ids.of(one), track_count=one.recordings) for one in found
        )
    )


@get(
    "/api/artist_tracks",
    tag=DIALECT,
    scope=Scope.PLAY,
    summary="An artist's tracks, as AudioMuse-AI answers",
    refusals=[NOT_FOUND, CONFLICT],
)
async def dialect_artist_tracks(call: Call, query: ArtistTracksAsked) -> ArtistTracks:
    name, server = await _artist(call, query)
    async with call.context.connection() as c:
        rows = await tracks.of_recordings(c, await catalogue.of_artist(c, name, server=server))
    mine = [row for row in rows if server is None or row.server_id == server]
    names = await names_of(call, mine)
    named = [(row, told) for row in mine if (told := names.of(row)) is not None]
    return ArtistTracks(
        tuple(ArtistTrack(item_id=told, title=row.title, author=row.artist) for row, told in named)
    )


async def _artist(call: Call, query: SimilarArtistsAsked | ArtistTracksAsked) -> tuple[str, ServerKey | None]:
    said = query.artist or query.artist_id
    if not said:
        raise reading.refuse([Fault(where="query.artist", message="or `artist_id` is needed")])
    return await artist_meant(call, said, query.server)


async def artist_meant(call: Call, said: str, server: str | None) -> tuple[str, ServerKey | None]:
    """Who is meant, and whose ids are told. Some clients send the server's id as the name."""
    async with call.context.connection() as c:
        named = await named_server(c, server) if server else None
        key = named.id if named else None
        if await catalogue.of_artist(c, said, server=key):
            return said, key
        asked = [one for one in await servers.list_(c) if key in (None, one.id) and may_be_asked(one)]
    for one in asked:
        name = await _name(call, one.id, said)
        if name is not None:
            return name, one.id
    raise Refusal(NOT_FOUND, f"No artist is known as {said!r}, and no server has one under this id.")


async def _name(call: Call, server: ServerKey, artist: str) -> str | None:
    """What the server calls the artist with this id; a server that cannot tell is passed over."""
    try:
        async with asyncio.timeout(_ASKING_SECONDS):
            adapter = await call.services.registry.adapter(server)
            return await adapter.artist_name(artist) if isinstance(adapter, NamesArtists) else None
    except (AdapterError, TimeoutError):
        return None


async def _songs(
    c: Connection, found: Sequence[SimilarArtist], server: ServerKey | None
) -> dict[RecordingId, TrackRow]:
    ids = {song for one in found for match in one.matches for song in (*match.ours[2], *match.theirs[2])}
    rows = await tracks.of_recordings(c, sorted(ids))
    return {row.recording_id: row for row in reversed(rows) if server is None or row.server_id == server}


def _match(match: Match, songs: Songs) -> ComponentMatch:
    return ComponentMatch(
        component1_index=match.ours[0],
        component2_index=match.theirs[0],
        distance=match.distance,
        component1_weight=match.ours[1],
        component2_weight=match.theirs[1],
        artist1_representative_songs=songs.shown(match.ours[2]),
        artist2_representative_songs=songs.shown(match.theirs[2]),
    )


ROUTES = (dialect_similar_artists, dialect_search_artists, dialect_artist_tracks)
