"""Similar: which tracks sound like given ones, and paths from one to another."""

import time

from pydantic import Field

from segue.model import RecordingId, ServerKey, TrackId
from segue.similarity import (
    AlbumSeed,
    ArtistSeed,
    Neighbour,
    Seed,
    TrackKey,
    Weighted,
    near,
    path,
)
from segue.store import tracks
from segue.store.pool import Connection
from segue.store.tracks import TrackRow
from segue.web import reading
from segue.web.answering import answering
from segue.web.context import Call
from segue.web.errors import CONFLICT, NOT_FOUND, Fault, Refusal
from segue.web.naming import named_server
from segue.web.own_playlists import own_songs
from segue.web.routing import Scope, get
from segue.web.rules_query import RulesQuery, rules_of
from segue.web.shapes import Id, Limit, Text, Told
from segue.web.track_replies import TrackReply, told_track

__all__ = ["ROUTES", "Similar", "told_similar"]

_TAG = "Music"
_MOST_SEEDS = 100
_MOST_PLAYLISTS = 10
_MOST_SONGS = 300
_KINDS = ("q", "track", "recording", "server_track", "artist", "album", "playlist")
_NOT_FOUND = "`GET /api/v1/tracks?q=` finds tracks."


class WhySimilar(Told):
    """What agrees with the nearest of the seeds; null is unknown."""

    tags: tuple[str, ...] = Field(description="Tags that mark both.", examples=[["jazz", "instrumental"]])
    tempo: float | None = Field(description="How much faster; half and double time count as equal.")
    key_fits: bool | None = Field(description="Whether the keys go together.")
    energy: float | None = Field(description="How much more energy.")
    place: int = Field(description="Where it would stand by distance alone.")
    moved: tuple[str, ...] = Field(description="What brought it elsewhere.")


class SimilarTrack(Told):
    """A track that sounds like the seeds."""

    track: TrackReply
    distance: float = Field(description="1 - cosine: 0 is the same sound, 2 the opposite.", examples=[0.08])
    why: WhySimilar | None = Field(default=None, description="Given only when asked for.")


class Similar(Told):
    """The nearest tracks, nearest first."""

    seeds: tuple[TrackReply, ...] = Field(description="What was found for `q`; empty without.")
    items: tuple[SimilarTrack, ...]
    space: str = Field(description="The space that the distances belong to.")
    milliseconds: float = Field(description="How long the search took inside the daemon.")


class SimilarQuery(RulesQuery):
    """Seeds, rules, and what is wanted."""

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
    artist: tuple[Text, ...] = Field(
        default=(), max_length=_MOST_SEEDS, description="Everything of these artists is a seed."
    )
    album: tuple[Text, ...] = Field(
        default=(), max_length=_MOST_SEEDS, description="Everything of these albums is a seed."
    )
    playlist: tuple[Text, ...] = Field(
        default=(),
        max_length=_MOST_PLAYLISTS,
        description="Everything in these playlists of ours, by number or name, is a seed.",
    )
    unlike: tuple[Id, ...] = Field(
        default=(), max_length=_MOST_SEEDS, description="Tracks to lead away from, by our ids."
    )
    why: bool = Field(default=False, description="Say why each track stands there.")
    limit: Limit = Field(default=25, description="How many tracks at most.")


class PathStep(Told):
    """A song of a path."""

    track: TrackReply
    step: float = Field(description="How far it is from the one before.")
    distance: float = Field(description="How far it is from the first.")


class SongPath(Told):
    """Songs from the start to the end, both included."""

    items: tuple[PathStep, ...]


class PathQuery(RulesQuery):
    """Where the path begins and ends, and its rules."""

    start: Id | None = Field(default=None, description="Our id of the first track.")
    end: Id | None = Field(default=None, description="Our id of the last track.")
    start_q: Text | None = Field(default=None, description="Words; the best match is the first track.")
    end_q: Text | None = Field(default=None, description="Words; the best match is the last track.")
    length: int = Field(default=25, ge=2, le=200, description="How many songs at most.")
    fixed: bool = Field(
        default=True, description="Fill every place; otherwise the path is as long as it needs to be."
    )


@get(
    "/api/v1/similar",
    tag=_TAG,
    scope=Scope.PLAY,
    summary="Find tracks that sound like the seeds",
    refusals=[NOT_FOUND, CONFLICT],
)
async def find_similar(call: Call, query: SimilarQuery) -> Similar:
    """Give at least one seed; of several the middle is taken. `POST` weighs them."""
    _check(query)
    began = time.perf_counter()
    services, follower = call.services, call.context.follower
    async with answering():
        seeds, matches, server = await _seeds(call, query)
        space = follower.live.space.name
        rules = await rules_of(services.pool, query, server)
        found = await near(services.pool, follower, seeds, query.limit, rules=rules, why=query.why)
    return Similar(
        seeds=tuple(told_track(row) for row in matches),
        items=tuple(told_similar(one) for one in found),
        space=space,
        milliseconds=round(1000 * (time.perf_counter() - began), 3),
    )


@get(
    "/api/v1/path",
    tag=_TAG,
    scope=Scope.PLAY,
    summary="Find a path of songs from one to another",
    refusals=[NOT_FOUND, CONFLICT],
)
async def find_path(call: Call, query: PathQuery) -> SongPath:
    """Each song is a little further on the way; the path holds no song twice."""
    services, follower = call.services, call.context.follower
    async with answering():
        async with call.context.connection() as c:
            server = await _server(c, query)
            start = await _end(c, "start", query.start, query.start_q, server)
            end = await _end(c, "end", query.end, query.end_q, server)
        rules = await rules_of(services.pool, query, server)
        steps = await path(
            services.pool, follower, start, end, query.length, rules=rules, fixed_length=query.fixed
        )
    items = [PathStep(track=told_track(one.track), step=one.step, distance=one.distance) for one in steps]
    return SongPath(items=tuple(items))


def _check(query: SimilarQuery) -> None:
    if not any(getattr(query, kind) for kind in _KINDS):
        sentence = "or `track`, `recording`, `server_track`, `artist`, `album` or `playlist` must name a seed"
        raise reading.refuse([Fault(where="query.q", message=sentence)])
    if query.server_track and query.server is None:
        sentence = "is needed to know whose ids `server_track` gives"
        raise reading.refuse([Fault(where="query.server", message=sentence)])


async def _seeds(
    call: Call, query: SimilarQuery
) -> tuple[list[Seed | Weighted], list[TrackRow], ServerKey | None]:
    """The seeds, what was found for words, and the server; nothing is looked up that need not be."""
    seeds: list[Seed | Weighted] = [RecordingId(recording) for recording in query.recording]
    seeds += [ArtistSeed(artist=artist) for artist in query.artist]
    seeds += [AlbumSeed(album=album) for album in query.album]
    liked, disliked = _known(call, query.track), _known(call, query.unlike)
    if liked is not None and disliked is not None and not (query.q or query.server or query.playlist):
        return [*seeds, *liked, *(Weighted(seed, -1.0) for seed in disliked)], [], None
    async with call.context.connection() as c:
        server = await _server(c, query)
        matches = [await _match(c, query.q, server)] if query.q else []
        more, less = await _rows(c, query.track), await _rows(c, query.unlike)
        for playlist in query.playlist:
            songs = await own_songs(c, playlist, at_most=_MOST_SONGS)
            seeds += [Weighted(song, 1 / len(songs)) for song in songs]
    seeds += [row.recording_id for row in [*matches, *more]]
    seeds += [Weighted(row.recording_id, -1.0) for row in less]
    if server is not None:
        seeds += [TrackKey(server, TrackId(track)) for track in query.server_track]
    return seeds, matches, server


def _known(call: Call, keys: tuple[int, ...]) -> list[RecordingId] | None:
    """What these tracks play, if memory knows all of them; missing ones only the database knows."""
    if not keys:
        return []
    cards = call.context.follower.roster.of_tracks(keys)
    return [card.recording for card in cards] if len(cards) == len(keys) else None


async def _server(c: Connection, query: RulesQuery) -> ServerKey | None:
    return (await named_server(c, query.server)).id if query.server else None


async def _match(c: Connection, words: str, server: ServerKey | None) -> TrackRow:
    found = await tracks.search(c, words, 1, server=server)
    if not found:
        raise Refusal(NOT_FOUND, f"No track fits these words; {_NOT_FOUND}")
    return found[0]


async def _rows(c: Connection, ids: tuple[int, ...]) -> list[TrackRow]:
    rows = await tracks.by_ids(c, ids) if ids else []
    if unknown := set(ids) - {row.id for row in rows}:
        raise Refusal(NOT_FOUND, f"There is no track {min(unknown)}; {_NOT_FOUND}")
    return rows


async def _end(
    c: Connection, name: str, track: int | None, words: str | None, server: ServerKey | None
) -> Seed:
    if (track is None) == (not words):
        sentence = f"or `{name}_q` must name a song, and not both"
        raise reading.refuse([Fault(where=f"query.{name}", message=sentence)])
    if track is not None:
        return (await _rows(c, (track,)))[0].recording_id
    return (await _match(c, words or "", server)).recording_id


def told_similar(found: Neighbour) -> SimilarTrack:
    why = None
    if found.why is not None:
        why = WhySimilar(
            tags=found.why.tags,
            tempo=found.why.tempo,
            key_fits=found.why.key_fits,
            energy=found.why.energy,
            place=found.why.place,
            moved=found.why.moved,
        )
    return SimilarTrack(track=told_track(found.track), distance=found.distance, why=why)


ROUTES = (find_similar, find_path)
