"""Similar: which tracks sound like given ones."""

import time

from pydantic import Field

from segue.model import RecordingId, ServerKey, TrackId
from segue.similarity import (
    CannotBeHeard,
    NotHeardYet,
    NotReady,
    Seed,
    SimilarityError,
    TrackKey,
    UnknownSeed,
    near,
)
from segue.store import tracks
from segue.store.pool import Connection
from segue.web import reading
from segue.web.context import Call
from segue.web.errors import CONFLICT, INTERNAL, NOT_FOUND, UNAVAILABLE, Fault, Kind, Refusal
from segue.web.naming import named_server
from segue.web.routing import Scope, get
from segue.web.shapes import Asked, Id, Limit, Name, Text, Told
from segue.web.track_replies import TrackReply, told_track

__all__ = ["ROUTES"]

_TAG = "Music"
_MOST_SEEDS = 100


class SimilarTrack(Told):
    """A track that sounds like the seeds."""

    track: TrackReply
    distance: float = Field(description="1 - cosine: 0 is the same sound, 2 the opposite.", examples=[0.08])


class Similar(Told):
    """The nearest tracks, nearest first."""

    seeds: tuple[TrackReply, ...] = Field(description="What was found for `q`; empty without.")
    items: tuple[SimilarTrack, ...]
    space: str = Field(description="The space that the distances belong to.")
    milliseconds: float = Field(description="How long the search took inside the daemon.")


class SimilarQuery(Asked):
    """Seeds, and what is wanted."""

    q: Text | None = Field(
        default=None, description="Words; the best match is a seed.", examples=["nina simone - sinnerman"]
    )
    track: tuple[Id, ...] = Field(default=(), max_length=_MOST_SEEDS, description="Seeds by our track ids.")
    recording: tuple[Id, ...] = Field(
        default=(), max_length=_MOST_SEEDS, description="Seeds by recording ids."
    )
    server_track: tuple[Text, ...] = Field(
        default=(), max_length=_MOST_SEEDS, description="Seeds by the ids that `server` gives them."
    )
    server: Name | None = Field(default=None, description="Only tracks of this server.")
    per_artist: int = Field(
        default=3, ge=0, le=500, description="How many of one artist at most; 0 is any number."
    )
    limit: Limit = Field(default=25, description="How many tracks at most.")


@get(
    "/api/v1/similar",
    tag=_TAG,
    scope=Scope.PLAY,
    summary="Find tracks that sound like the seeds",
    refusals=[NOT_FOUND, CONFLICT],
)
async def find_similar(call: Call, query: SimilarQuery) -> Similar:
    """Give at least one seed; of several the middle is taken."""
    _check(query)
    began = time.perf_counter()
    context = call.context
    try:
        async with context.connection() as c:
            server = (await named_server(c, query.server)).id if query.server else None
            matches = await _matches(c, query, server)
            seeds = await _seeds(c, query, server, matches)
        live = context.follower.live
        found = await near(
            context.services.pool,
            context.follower,
            seeds,
            query.limit,
            server=server,
            per_artist=query.per_artist or None,
        )
    except SimilarityError as error:
        raise Refusal(_kind(error), str(error)) from error
    return Similar(
        seeds=tuple(told_track(row) for row in matches),
        items=tuple(SimilarTrack(track=told_track(one.track), distance=one.distance) for one in found),
        space=live.space.name,
        milliseconds=round(1000 * (time.perf_counter() - began), 3),
    )


def _check(query: SimilarQuery) -> None:
    if not (query.q or query.track or query.recording or query.server_track):
        sentence = "or `track`, `recording` or `server_track` must name a seed"
        raise reading.refuse([Fault(where="query.q", message=sentence)])
    if query.server_track and query.server is None:
        sentence = "is needed to know whose ids `server_track` gives"
        raise reading.refuse([Fault(where="query.server", message=sentence)])


async def _matches(c: Connection, query: SimilarQuery, server: ServerKey | None) -> list[tracks.TrackRow]:
    if not query.q:
        return []
    found = await tracks.search(c, query.q, 1, server=server)
    if not found:
        raise Refusal(NOT_FOUND, "No track fits these words; `GET /api/v1/tracks?q=` finds tracks.")
    return found


async def _seeds(
    c: Connection, query: SimilarQuery, server: ServerKey | None, matches: list[tracks.TrackRow]
) -> list[Seed]:
    rows = {row.id: row for row in await tracks.by_ids(c, query.track)} if query.track else {}
    if unknown := [track for track in query.track if track not in rows]:
        raise Refusal(NOT_FOUND, f"There is no track {unknown[0]}; `GET /api/v1/tracks?q=` finds them.")
    seeds: list[Seed] = [row.recording_id for row in matches]
    seeds += [rows[track].recording_id for track in query.track]
    seeds += [RecordingId(recording) for recording in query.recording]
    if server is not None:
        seeds += [TrackKey(server, TrackId(track)) for track in query.server_track]
    return seeds


def _kind(error: SimilarityError) -> Kind:
    match error:
        case NotReady():
            return UNAVAILABLE
        case UnknownSeed():
            return NOT_FOUND
        case NotHeardYet() | CannotBeHeard():
            return CONFLICT
    return INTERNAL


ROUTES = (find_similar,)
