"""Mixes: what sounds like several things of any kind, each as much as it is wanted."""

import asyncio
import time
from typing import Annotated, Self

import numpy as np
from pydantic import Field, model_validator

from segue.model import PlaylistId, RecordingId, ServerKey, TrackId
from segue.sdk import AdapterError, ReadsPlaylists
from segue.similarity import AlbumSeed, ArtistSeed, Seed, TrackKey, VectorSeed, Weighted, near
from segue.similarity.spreading import spread
from segue.store import tracks
from segue.store.pool import Connection
from segue.web.answering import answering
from segue.web.context import Call
from segue.web.errors import CONFLICT, INVALID, NOT_FOUND, SERVER_FAILED, Fault, Refusal
from segue.web.naming import named_server
from segue.web.own_playlists import own_songs
from segue.web.routes.similar import Similar, told_similar
from segue.web.routing import Scope, post
from segue.web.rules_query import RulesQuery, rules_of
from segue.web.shapes import Asked, Id, Limit, Name, Text

__all__ = ["ROUTES"]

_TAG = "Music"
_MOST_SEEDS = 100
_MOST_ENTRIES = 300
_READING_SECONDS = 15
_KINDS = ("track", "recording", "server_track", "album", "artist", "playlist", "vector")

Number = Annotated[float, Field(allow_inf_nan=False)]
Weight = Annotated[float, Field(ge=-100, le=100, allow_inf_nan=False)]


class MixSeed(Asked):
    """One thing to start from: exactly one of the kinds, only an album may name its artist too."""

    track: Id | None = Field(default=None, description="A track by our id.")
    recording: Id | None = Field(default=None, description="A recording.")
    server_track: Text | None = Field(default=None, description="A track by the id that `server` gives it.")
    artist: Text | None = Field(default=None, description="An artist by name, or the artist of `album`.")
    album: Text | None = Field(default=None, description="An album by name.")
    playlist: Text | None = Field(
        default=None,
        description="A playlist by the id that `server` gives it; without `server` ours by number or name.",
    )
    vector: tuple[Number, ...] | None = Field(
        default=None, max_length=4096, description="A direction in the space that serves."
    )
    server: Name | None = Field(default=None, description="Whose id `server_track` or `playlist` is.")
    weight: Weight = Field(default=1.0, description="How much it counts; below 0 it is led away from.")

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        given = {kind for kind in _KINDS if getattr(self, kind) is not None}
        if given == {"album", "artist"}:
            given.discard("artist")
        if len(given) != 1:
            raise ValueError(f"name exactly one of {', '.join(_KINDS)}")
        if "server_track" in given and self.server is None:
            raise ValueError("`server` must say whose id this is")
        if self.weight == 0:
            raise ValueError("`weight` must not be 0")
        return self


class Mix(RulesQuery):
    """Seeds, rules, and what is wanted."""

    seeds: tuple[MixSeed, ...] = Field(
        min_length=1,
        max_length=_MOST_SEEDS,
        description="What to start from.",
        examples=[[{"artist": "Nina Simone", "weight": 2}, {"track": 17}]],
    )
    spread: bool = Field(
        default=False,
        description="Look near each seed in turn, as often as its weight says, instead of in the middle.",
    )
    why: bool = Field(default=False, description="Say why each track stands there.")
    limit: Limit = Field(default=25, description="How many tracks at most.")


@post(
    "/api/v1/similar",
    tag=_TAG,
    scope=Scope.PLAY,
    summary="Find tracks that sound like several things",
    refusals=[NOT_FOUND, CONFLICT, SERVER_FAILED],
)
async def mix(call: Call, body: Mix) -> Similar:
    """Tracks, albums, artists, playlists and vectors may stand together, each with its weight."""
    began = time.perf_counter()
    services, follower = call.services, call.context.follower
    if all(seed.weight < 0 for seed in body.seeds):
        sentence = "must hold at least one of positive weight"
        raise Refusal(INVALID, f"`seeds` {sentence}.", faults=[Fault(where="body.seeds", message=sentence)])
    async with answering():
        space = follower.live.space
        seeds = [one for number, seed in enumerate(body.seeds) for one in await _seeds(call, number, seed)]
        async with call.context.connection() as c:
            server = (await named_server(c, body.server)).id if body.server else None
        rules = await rules_of(services.pool, body, server)
        ask = spread if body.spread else near
        found = await ask(services.pool, follower, seeds, body.limit, rules=rules, why=body.why)
    return Similar(
        seeds=(),
        items=tuple(told_similar(one) for one in found),
        space=space.name,
        milliseconds=round(1000 * (time.perf_counter() - began), 3),
    )


async def _seeds(call: Call, number: int, seed: MixSeed) -> list[Weighted]:
    """What it stands for; a playlist's entries share its weight."""
    if seed.vector is not None:
        return [Weighted(_direction(call, number, seed.vector), seed.weight)]
    async with call.context.connection() as c:
        server = (await named_server(c, seed.server)).id if seed.server else None
        if seed.playlist is None:
            return [Weighted(await _one(c, seed, server), seed.weight)]
        if server is None:
            songs = await own_songs(c, seed.playlist, at_most=_MOST_ENTRIES)
            return [Weighted(song, seed.weight / len(songs)) for song in songs]
    entries = await _entries(call, server, seed.playlist)
    return [Weighted(TrackKey(server, one), seed.weight / len(entries)) for one in entries]


async def _one(c: Connection, seed: MixSeed, server: ServerKey | None) -> Seed:
    if seed.track is not None:
        rows = await tracks.by_ids(c, [seed.track])
        if not rows:
            raise Refusal(NOT_FOUND, f"There is no track {seed.track}; `GET /api/v1/tracks?q=` finds tracks.")
        return rows[0].recording_id
    if seed.recording is not None:
        return RecordingId(seed.recording)
    if seed.album is not None:
        return AlbumSeed(album=seed.album, artist=seed.artist, server=server)
    if seed.artist is not None:
        return ArtistSeed(artist=seed.artist, server=server)
    assert server is not None
    return TrackKey(server, TrackId(seed.server_track or ""))


def _direction(call: Call, number: int, vector: tuple[float, ...]) -> VectorSeed:
    dimensions = call.context.follower.live.space.dimensions
    where = f"body.seeds.{number}.vector"
    if len(vector) != dimensions:
        sentence = f"must have {dimensions} numbers, as the space that serves"
        raise Refusal(INVALID, f"A vector {sentence}.", faults=[Fault(where=where, message=sentence)])
    numbers = np.array(vector, np.float64)
    length = float(np.linalg.norm(numbers))
    if not 0 < length < float("inf"):
        sentence = "must point somewhere"
        raise Refusal(INVALID, f"A vector {sentence}.", faults=[Fault(where=where, message=sentence)])
    return VectorSeed((numbers / length).astype(np.float32))


async def _entries(call: Call, server: ServerKey, playlist: str) -> list[TrackId]:
    """The playlist's songs that we know, as the server tells them now."""
    try:
        async with asyncio.timeout(_READING_SECONDS), call.services.registry.using(server) as adapter:
            if not isinstance(adapter, ReadsPlaylists):
                raise Refusal(CONFLICT, "Playlists of this kind of server cannot be read.")
            entries = await adapter.entries(PlaylistId(playlist))
    except AdapterError as error:
        raise Refusal(SERVER_FAILED, str(error)) from error
    except TimeoutError as error:
        raise Refusal(SERVER_FAILED, "The server did not tell the playlist in time.") from error
    distinct = list(dict.fromkeys(entries))[:_MOST_ENTRIES]
    async with call.context.connection() as c:
        known = {row.track_id for row in await tracks.of_server(c, server, distinct)}
    found = [one for one in distinct if one in known]
    if not found:
        raise Refusal(NOT_FOUND, "Nothing in this playlist is known here.")
    return found


ROUTES = (mix,)
