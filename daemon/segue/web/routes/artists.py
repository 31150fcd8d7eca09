"""Artists: who sounds like whom, and which of their songs show it."""

from collections.abc import Iterable, Mapping

from pydantic import Field

from segue.model import RecordingId
from segue.similarity import Match, SimilarArtist
from segue.similarity.guessing import alike
from segue.store import artists, tracks
from segue.store.pool import Connection
from segue.store.tracks import TrackRow
from segue.web.answering import answering
from segue.web.context import Call
from segue.web.errors import CONFLICT, NOT_FOUND
from segue.web.naming import named_server
from segue.web.routing import Scope, get
from segue.web.shapes import Asked, Limit, Name, Text, Told

__all__ = ["ROUTES"]

_TAG = "Music"


class ArtistMatch(Told):
    """A side of one artist that is like a side of another."""

    share: float = Field(description="How much of the whole this pair of sides is.")
    distance: float
    ours: tuple[str, ...] = Field(description="Songs of the seed that show it.")
    theirs: tuple[str, ...] = Field(description="Songs of the other artist that show it.")


class ArtistReply(Told):
    """An artist that sounds like another."""

    artist: str
    recordings: int = Field(description="How many of theirs are heard.")
    distance: float = Field(description="0 is the same; for artists of one track it is that of the tracks.")
    matches: tuple[ArtistMatch, ...] | None = Field(
        default=None, description="What agrees most; given only when asked for."
    )


class SimilarArtists(Told):
    """The nearest artists, nearest first."""

    items: tuple[ArtistReply, ...]


class SimilarArtistsQuery(Asked):
    """Whom to start from, and what is wanted."""

    artist: Text = Field(description="The artist's name as tracks write it.", examples=["Nina Simone"])
    server: Name | None = Field(default=None, description="Only artists with tracks on this server.")
    matches: bool = Field(default=False, description="Say what agrees, with songs that show it.")
    limit: Limit = Field(default=25, description="How many artists at most.")


class FoundArtist(Told):
    """An artist whose name fits."""

    artist: str
    recordings: int = Field(description="How many of theirs are there.")


class FoundArtists(Told):
    """The best matches first."""

    items: tuple[FoundArtist, ...]


class ArtistsQuery(Asked):
    """Whom to find."""

    q: Text = Field(description="Part of a name; a misspelt one is found too.", examples=["nina simone"])
    server: Name | None = Field(default=None, description="Only artists with tracks on this server.")
    limit: Limit = Field(default=25, description="How many artists at most.")


@get("/api/v1/artists", tag=_TAG, scope=Scope.PLAY, summary="Find artists", refusals=[NOT_FOUND])
async def find_artists(call: Call, query: ArtistsQuery) -> FoundArtists:
    """Whole names come first, then their beginnings, then who has most recordings."""
    async with call.context.connection() as c:
        server = (await named_server(c, query.server)).id if query.server else None
        found = await artists.search(c, query.q, query.limit, server=server)
        if not found and (meant := await alike(c, query.q)):
            found = await artists.search(c, meant[0], query.limit, server=server)
    return FoundArtists(items=tuple(FoundArtist(artist=one.name, recordings=one.recordings) for one in found))


@get(
    "/api/v1/artists/similar",
    tag=_TAG,
    scope=Scope.PLAY,
    summary="Find artists that sound like one",
    refusals=[NOT_FOUND, CONFLICT],
)
async def find_similar_artists(call: Call, query: SimilarArtistsQuery) -> SimilarArtists:
    """All of their tracks are compared, not their middle: who plays two styles is near to both."""
    async with answering():
        async with call.context.connection() as c:
            server = (await named_server(c, query.server)).id if query.server else None
        found = await call.context.artists.similar(
            query.artist, query.limit, server=server, matches=query.matches
        )
    titles: Mapping[RecordingId, TrackRow] = {}
    if query.matches:
        async with call.context.connection() as c:
            titles = await _titles(c, found)
    return SimilarArtists(items=tuple(_told(one, titles, query.matches) for one in found))


async def _titles(c: Connection, found: Iterable[SimilarArtist]) -> Mapping[RecordingId, TrackRow]:
    songs = {song for one in found for match in one.matches for song in (*match.ours[2], *match.theirs[2])}
    rows = await tracks.of_recordings(c, sorted(songs))
    return {row.recording_id: row for row in reversed(rows)}


def _told(one: SimilarArtist, titles: Mapping[RecordingId, TrackRow], with_matches: bool) -> ArtistReply:
    matches = tuple(_match(match, titles) for match in one.matches) if with_matches else None
    return ArtistReply(
        artist=one.artist.name, recordings=one.artist.recordings, distance=one.distance, matches=matches
    )


def _match(match: Match, titles: Mapping[RecordingId, TrackRow]) -> ArtistMatch:
    def named(songs: Iterable[RecordingId]) -> tuple[str, ...]:
        return tuple(titles[song].title for song in songs if song in titles)

    return ArtistMatch(
        share=match.share, distance=match.distance, ours=named(match.ours[2]), theirs=named(match.theirs[2])
    )


ROUTES = (find_artists, find_similar_artists)
