"""The music questions of AudioMuse-AI's dialect, so that its clients work with another address."""

from collections.abc import Sequence

from pydantic import Field, RootModel

from segue.analysis.moods import cold_start, mood_inputs, moods
from segue.model import MODEL_TAGS, ServerKey, TrackId
from segue.similarity import Rules, VectorSeed, near, path, today
from segue.store import analyses, servers, tracks, traits
from segue.store.pool import Connection
from segue.store.tracks import TrackRow
from segue.store.traits import Filter, Traits
from segue.web import reading
from segue.web.answering import answering
from segue.web.context import Call
from segue.web.errors import CONFLICT, NOT_FOUND, Fault, Refusal
from segue.web.naming import named_server
from segue.web.numbering import Numbering, names_of, numbering, numbering_of
from segue.web.routing import DIALECT, Scope, get
from segue.web.shapes import AskedLoosely, Name, Text, Told

__all__ = ["ROUTES", "DialectTrack", "dialect_rules", "told_dialect", "track_called"]

_LONGEST_SECONDS = 1800.0
_TAGS_TOLD = 5
_MOST = 500  # clients ask for many times what they need: they get as many as there are up to this
_MOST_STEPS = 200


class DialectTrack(Told):
    """A track under the id that its server gives it."""

    item_id: str
    title: str
    author: str | None
    album: str | None
    album_artist: str | None


class DialectNeighbour(DialectTrack):
    """A similar track."""

    distance: float


class DialectTracks(RootModel[tuple[DialectTrack, ...]]):
    """Tracks, the best matches first."""


class DialectNeighbours(RootModel[tuple[DialectNeighbour, ...]]):
    """Similar tracks."""


class Score(DialectTrack):
    """What was heard in a track, as lists in one text."""

    tempo: float | None
    key: str | None
    scale: str | None
    energy: float | None
    mood_vector: str | None = Field(description="The five surest tags.", examples=["jazz:0.244,soul:0.121"])
    other_features: str | None = Field(description="The six moods.", examples=["danceable:0.61,sad:0.20"])


class DialectStep(Score):
    """A song of a path."""

    embedding_vector: tuple[float, ...]


class DialectPath(Told):
    """A path of songs."""

    path: tuple[DialectStep, ...]
    total_distance: float


class Farthest(Told):
    """The track least like another."""

    max_distance: float
    farthest_item_id: str


class Embedding(Told):
    """The network's own embedding of a track."""

    item_id: str
    embedding: tuple[float, ...]


class ServerAsked(AskedLoosely):
    """Whose ids are meant."""

    server: Name | None = Field(
        default=None, description="The server whose ids are meant; found out by the ids when left out."
    )


class SimilarAsked(ServerAsked):
    """A seed, by id or by title and artist."""

    item_id: Text | None = Field(default=None, description="The server's id of the seed.")
    title: Text | None = Field(default=None, description="The seed's title, with `artist`.")
    artist: Text | None = Field(default=None, description="The seed's artist, with `title`.")
    n: int = Field(default=10, ge=1, description=f"How many tracks, {_MOST} at most.")
    eliminate_duplicates: bool = Field(default=True, description="At most three tracks of one artist.")
    radius_similarity: bool = Field(
        default=True, description="Order the answer so that each track is near the one before."
    )


class PathAsked(ServerAsked):
    """Where a path begins and ends."""

    start_song_id: Text = Field(description="The server's id of the first song.")
    end_song_id: Text = Field(description="The server's id of the last song.")
    max_steps: int = Field(default=25, ge=1, description=f"How many songs at most, from 2 to {_MOST_STEPS}.")
    path_fix_size: bool = Field(default=False, description="Fill every place.")


class SearchAsked(ServerAsked):
    """Words of a title and artist, apart or together."""

    search_query: Text | None = Field(default=None, description="Words of both.")
    title: Text | None = Field(default=None, description="Words of the title.")
    artist: Text | None = Field(default=None, description="Words of the artist.")
    start: int = Field(default=0, ge=0, description="The first match wanted.")
    end: int = Field(default=20, ge=0, description=f"The match after the last wanted, {_MOST} at most.")


class ItemAsked(ServerAsked):
    """Which track."""

    item_id: Text = Field(description="The server's id.")


class ExternalAsked(ServerAsked):
    """Which track."""

    id: Text = Field(description="The server's id.")


@get(
    "/api/similar_tracks",
    tag=DIALECT,
    scope=Scope.PLAY,
    summary="Similar tracks, as AudioMuse-AI answers",
    refusals=[NOT_FOUND, CONFLICT],
)
async def dialect_similar_tracks(call: Call, query: SimilarAsked) -> DialectNeighbours:
    async with answering(unheard=NOT_FOUND):
        numbers = await numbering(call, [query.item_id], query.server)
        async with call.context.connection() as c:
            seed = await _seed(c, query, numbers)
        if not query.item_id:
            numbers = await numbering_of(call, seed.server_id)
        rules = dialect_rules(
            seed.server_id, per_artist=3 if query.eliminate_duplicates else None, walk=query.radius_similarity
        )
        found = await near(
            call.services.pool, call.context.follower, [seed.recording_id], min(query.n, _MOST), rules=rules
        )
    names = await numbers.names([str(one.track.track_id) for one in found])
    told = [(told_dialect(one.track), one.distance) for one in found]
    return DialectNeighbours(
        tuple(
            DialectNeighbour(**{**track.model_dump(), "item_id": names[track.item_id]}, distance=distance)
            for track, distance in told
            if track.item_id in names
        )
    )


@get(
    "/api/find_path",
    tag=DIALECT,
    scope=Scope.PLAY,
    summary="A path of songs, as AudioMuse-AI answers",
    refusals=[NOT_FOUND, CONFLICT],
)
async def dialect_find_path(call: Call, query: PathAsked) -> DialectPath:
    async with answering(unheard=NOT_FOUND):
        numbers = await numbering(call, [query.start_song_id, query.end_song_id], query.server)
        async with call.context.connection() as c:
            start = await track_called(c, numbers.id_of(query.start_song_id), query.server)
            end = await track_called(c, numbers.id_of(query.end_song_id), query.server)
        steps = await path(
            call.services.pool,
            call.context.follower,
            start.recording_id,
            end.recording_id,
            min(max(2, query.max_steps), _MOST_STEPS),
            rules=dialect_rules(start.server_id),
            fixed_length=query.path_fix_size,
        )
    rows = [one.track for one in steps]
    rows[0], rows[-1] = start, end if len(rows) > 1 else start
    names = await numbers.names([str(row.track_id) for row in rows])
    told = await _steps(call, [row for row in rows if str(row.track_id) in names])
    named = tuple(one.model_copy(update={"item_id": names[one.item_id]}) for one in told)
    return DialectPath(path=named, total_distance=round(sum(one.step for one in steps), 6))


@get(
    "/api/search_tracks",
    tag=DIALECT,
    scope=Scope.PLAY,
    summary="Search, as AudioMuse-AI answers",
    refusals=[NOT_FOUND],
)
async def dialect_search_tracks(call: Call, query: SearchAsked) -> DialectTracks:
    return await _search(call, query)


@get(
    "/external/search",
    tag=DIALECT,
    scope=Scope.PLAY,
    summary="Search, as AudioMuse-AI's external API answers",
    refusals=[NOT_FOUND],
)
async def dialect_external_search(call: Call, query: SearchAsked) -> DialectTracks:
    return await _search(call, query)


@get(
    "/api/track",
    tag=DIALECT,
    scope=Scope.PLAY,
    summary="One track, as AudioMuse-AI answers",
    refusals=[NOT_FOUND, CONFLICT],
)
async def dialect_track(call: Call, query: ItemAsked) -> DialectTrack:
    track, name = await _named(call, query.item_id, query.server)
    return told_dialect(track, name)


@get(
    "/api/max_distance",
    tag=DIALECT,
    scope=Scope.PLAY,
    summary="The track least like another, as AudioMuse-AI answers",
    refusals=[NOT_FOUND, CONFLICT],
)
async def dialect_max_distance(call: Call, query: ItemAsked) -> Farthest:
    async with answering(unheard=NOT_FOUND):
        numbers = await numbering(call, [query.item_id], query.server)
        async with call.context.connection() as c:
            track = await track_called(c, numbers.id_of(query.item_id), query.server)
        view, places = call.context.follower.live.index.table.find([track.recording_id])
        if places[0] < 0:
            raise Refusal(NOT_FOUND, "This track has not been heard yet; ask again later.")
        opposite = VectorSeed(-view.units[places[0]])
        rules = Rules(filter=Filter(server=track.server_id), per_artist=None, one_version=False)
        found = await near(call.services.pool, call.context.follower, [opposite], 1, rules=rules)
    if not found:
        raise Refusal(NOT_FOUND, "No other track has been heard yet.")
    farthest = str(found[0].track.track_id)
    names = await numbers.names([farthest])
    if farthest not in names:
        raise Refusal(NOT_FOUND, "The server does not have the track that is least like it any more.")
    return Farthest(max_distance=round(2 - found[0].distance, 6), farthest_item_id=names[farthest])


@get(
    "/external/get_embedding",
    tag=DIALECT,
    scope=Scope.PLAY,
    summary="A track's embedding, as AudioMuse-AI answers",
    refusals=[NOT_FOUND, CONFLICT],
)
async def dialect_embedding(call: Call, query: ExternalAsked) -> Embedding:
    track, name = await _named(call, query.id, query.server)
    async with call.context.connection() as c:
        vectors = await analyses.own_embeddings(c, [track.recording_id])
    if track.recording_id not in vectors:
        raise Refusal(NOT_FOUND, "This track has not been heard yet; ask again later.")
    return Embedding(item_id=name, embedding=tuple(vectors[track.recording_id].tolist()))


@get(
    "/external/get_score",
    tag=DIALECT,
    scope=Scope.PLAY,
    summary="What was heard in a track, as AudioMuse-AI answers",
    refusals=[NOT_FOUND, CONFLICT],
)
async def dialect_score(call: Call, query: ExternalAsked) -> Score:
    track, name = await _named(call, query.id, query.server)
    async with call.context.connection() as c:
        heard = await traits.of_recordings(c, [track.recording_id])
    if track.recording_id not in heard:
        raise Refusal(NOT_FOUND, "This track has not been heard yet; ask again later.")
    return _score(told_dialect(track, name), heard[track.recording_id])


async def _search(call: Call, query: SearchAsked) -> DialectTracks:
    words = query.search_query or " ".join(filter(None, (query.artist, query.title)))
    if not words:
        raise reading.refuse([Fault(where="query.search_query", message="or `title` or `artist` is needed")])
    async with call.context.connection() as c:
        server = (await named_server(c, query.server)).id if query.server else None
        found = await tracks.search(c, words, min(query.end, _MOST), server=server)
    rows = found[query.start :]
    names = await names_of(call, rows)
    return DialectTracks(
        tuple(told_dialect(row, name) for row in rows if (name := names.of(row)) is not None)
    )


async def _named(call: Call, item: str, server: str | None) -> tuple[TrackRow, str]:
    """The track that is meant, and what the asker calls it."""
    numbers = await numbering(call, [item], server)
    async with call.context.connection() as c:
        track = await track_called(c, numbers.id_of(item), server)
    return track, item if numbers.adapter else str(track.track_id)


async def _seed(c: Connection, query: SimilarAsked, numbers: Numbering) -> TrackRow:
    if query.item_id:
        return await track_called(c, numbers.id_of(query.item_id), query.server)
    if not (query.title and query.artist):
        sentence = "or `title` and `artist` must name a seed"
        raise reading.refuse([Fault(where="query.item_id", message=sentence)])
    server = (await named_server(c, query.server)).id if query.server else None
    found = await tracks.search(c, f"{query.artist} {query.title}", 1, server=server)
    if not found:
        raise Refusal(NOT_FOUND, "No track has this title and artist.")
    return found[0]


async def track_called(c: Connection, item: str, server: str | None) -> TrackRow:
    """The track that a server calls so; an id that two servers use needs the server's name."""
    keys = [(await named_server(c, server)).id] if server else [one.id for one in await servers.list_(c)]
    found = [row for key in keys for row in await tracks.of_server(c, key, [TrackId(item)])]
    if not found:
        raise Refusal(NOT_FOUND, "No server here has a track with this id.")
    if len(found) > 1:
        raise Refusal(CONFLICT, "Several servers use this id; say whose it is with `server`.")
    return found[0]


async def _steps(call: Call, rows: Sequence[TrackRow]) -> tuple[DialectStep, ...]:
    async with call.context.connection() as c:
        recordings = [row.recording_id for row in rows]
        vectors = await analyses.own_embeddings(c, recordings)
        heard = await traits.of_recordings(c, recordings)
    told = {recording: tuple(vector.tolist()) for recording, vector in vectors.items()}
    return tuple(
        DialectStep(
            **_score(told_dialect(row), heard.get(row.recording_id)).model_dump(),
            embedding_vector=told.get(row.recording_id, ()),
        )
        for row in rows
    )


def _score(track: DialectTrack, heard: Traits | None) -> Score:
    if heard is None:  # forgotten since the path was found
        return Score(
            **track.model_dump(),
            tempo=None,
            key=None,
            scale=None,
            energy=None,
            mood_vector=None,
            other_features=None,
        )
    found = heard.descriptors
    tags = zip(MODEL_TAGS, heard.tags.tolist(), strict=True)
    surest = sorted(tags, key=lambda tag: -tag[1])[:_TAGS_TOLD]
    scores = moods(mood_inputs(heard.tags, found), cold_start())
    return Score(
        **track.model_dump(),
        tempo=found.tempo,
        key=found.key,
        scale=found.scale,
        energy=found.energy,
        mood_vector=",".join(f"{tag}:{probability:.3f}" for tag, probability in surest),
        other_features=",".join(f"{name}:{score:.2f}" for name, score in scores.items() if score is not None),
    )


def dialect_rules(server: ServerKey | None, *, per_artist: int | None = 3, walk: bool = False) -> Rules:
    """Answers are in the asking server's own ids."""
    return Rules(
        filter=Filter(server=server, seconds=(None, _LONGEST_SECONDS)),
        per_artist=per_artist,
        walk=walk,
        today=today(),
    )


def told_dialect(row: TrackRow, name: str | None = None) -> DialectTrack:
    return DialectTrack(
        item_id=name or str(row.track_id),
        title=row.title,
        author=row.artist,
        album=row.album,
        album_artist=row.album_artist,
    )


ROUTES = (
    dialect_similar_tracks,
    dialect_find_path,
    dialect_search_tracks,
    dialect_track,
    dialect_max_distance,
    dialect_external_search,
    dialect_embedding,
    dialect_score,
)
