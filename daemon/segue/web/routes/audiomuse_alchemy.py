"""The blending question of AudioMuse-AI's dialect: like these songs and artists, and unlike those."""

import asyncio
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BeforeValidator, Field

from segue.model import RecordingId, ServerKey
from segue.similarity import ArtistSeed, Neighbour, Seed, VectorSeed, Weighted, near
from segue.similarity.errors import CannotBeHeard, NotHeardYet
from segue.similarity.seeds import find, middle
from segue.store.tracks import TrackRow
from segue.web.answering import answering
from segue.web.context import Call
from segue.web.errors import CONFLICT, INVALID, NOT_FOUND, Fault, Refusal
from segue.web.flat import flattened
from segue.web.numbering import Names, Numbering, names_of, numbering
from segue.web.routes.audiomuse import DialectTrack, dialect_rules, told_dialect, track_called
from segue.web.routes.audiomuse_artists import artist_meant
from segue.web.routing import DIALECT, Scope, post
from segue.web.shapes import AskedLoosely, Id, Name, Text, Told

__all__ = ["ROUTES"]

_MOST_ITEMS = 100
_MOST_SONGS = 200
_TOO_NEAR = 0.2  # of half a turn
_TIMES_WANTED = 3  # so many are looked at for each that is told, as some are too near what is unwanted
_NOWHERE = 1e-6

Directions = npt.NDArray[np.float64]
Place = tuple[float, float]


def _written(value: object) -> object:
    """Forms send numbers as text, and empty text for none."""
    if not isinstance(value, str):
        return value
    return float(value) if value else None


def _counted(value: object) -> object:
    return int(value) if isinstance(value, str) else value


Count = Annotated[int, Field(ge=1), BeforeValidator(_counted)]
Share = Annotated[Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] | None, BeforeValidator(_written)]


class AlchemyItem(AskedLoosely):
    """A song or an artist, wanted or unwanted."""

    id: Text | Id = Field(description="The server's id; of an artist the name as well.")
    op: Literal["ADD", "SUBTRACT"] = Field(default="ADD", description="Whether it is wanted.")
    type: Literal["song", "artist"] = Field(default="song", description="What the id is of.")


class AlchemyAsked(AskedLoosely):
    """What is blended; a `temperature` is passed over, as the nearest always come first."""

    items: tuple[AlchemyItem, ...] = Field(min_length=1, max_length=_MOST_ITEMS)
    n: Count = Field(
        default=100, description=f"How many tracks; above {_MOST_SONGS} is taken for {_MOST_SONGS}."
    )
    subtract_distance: Share = Field(
        default=None, description="Nothing nearer to what is unwanted, in half turns; 0.2 when left out."
    )
    server: Name | None = Field(default=None, description="The server whose ids are meant.")


class AlchemyTrack(DialectTrack):
    """A track, how far it is from the middle, and its place on the map of this answer."""

    distance: float
    embedding_2d: Place


class AlchemyPoint(Told):
    """A song or an artist that was asked for; an artist's title is the name."""

    item_id: str
    title: str
    author: str | None
    embedding_2d: Place


class Alchemy(Told):
    """The blend, nearest first."""

    results: tuple[AlchemyTrack, ...]
    filtered_out: tuple[AlchemyTrack, ...] = Field(description="Too near to what is unwanted.")
    centroid_2d: Place = Field(description="Where was looked: the middle of what is wanted.")
    add_centroid_2d: Place
    subtract_centroid_2d: Place | None
    add_points: tuple[AlchemyPoint, ...]
    sub_points: tuple[AlchemyPoint, ...]
    projection: Literal["pca"] = Field(description="How the map was drawn.")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ingredient:
    """An item, what it is called, and what it sounds like; None when it is not heard."""

    item: AlchemyItem
    title: str
    author: str | None
    server: ServerKey | None
    recordings: Sequence[RecordingId]
    direction: Directions | None


@dataclass(frozen=True, slots=True)
class _Blend:
    """Neighbours apart, and every direction that is drawn."""

    kept: Sequence[Neighbour]
    dropped: Sequence[Neighbour]
    directions: dict[RecordingId, Directions]


@post(
    "/api/alchemy",
    tag=DIALECT,
    scope=Scope.PLAY,
    summary="Blend songs and artists, as AudioMuse-AI answers",
    refusals=[NOT_FOUND, CONFLICT],
)
async def dialect_alchemy(call: Call, body: AlchemyAsked) -> Alchemy:
    """The middle of what is wanted is looked around; what is too near to what is unwanted is left out."""
    if all(item.op == "SUBTRACT" for item in body.items):
        sentence = "must hold at least one with `op` ADD"
        raise Refusal(INVALID, f"`items` {sentence}.", faults=[Fault(where="body.items", message=sentence)])
    songs = [str(item.id) for item in body.items if item.type == "song"]
    async with answering(unheard=NOT_FOUND):
        numbers = await numbering(call, songs, body.server)
        used = [await _ingredient(call, item, numbers, body.server) for item in body.items]
        wanted = [one for one in used if one.item.op == "ADD" and one.direction is not None]
        unwanted = [one for one in used if one.item.op == "SUBTRACT" and one.direction is not None]
        if not wanted:
            raise NotHeardYet("Nothing that is wanted has been heard yet; ask again later.")
        blend = await _blend(call, body, used, _centre(wanted), _centre(unwanted) if unwanted else None)
    rows = [one.track for one in (*blend.kept, *blend.dropped)]
    names = await _names(call, numbers, rows) if songs else await names_of(call, rows)
    return await asyncio.to_thread(_drawn, blend, names, wanted, unwanted)


async def _ingredient(call: Call, item: AlchemyItem, numbers: Numbering, server: str | None) -> _Ingredient:
    said = str(item.id)
    if item.type == "artist":
        name, key = await artist_meant(call, said, server)
        return await _heard(call, item, ArtistSeed(artist=name, server=key), (name, name), key)
    async with call.context.connection() as c:
        row = await track_called(c, numbers.id_of(said), server)
    return await _heard(call, item, row.recording_id, (row.title, row.artist), row.server_id)


async def _heard(
    call: Call, item: AlchemyItem, seed: Seed, names: tuple[str, str | None], server: ServerKey | None
) -> _Ingredient:
    pool = call.services.pool
    found = await find(pool, [seed])
    try:
        direction = _unit(await middle(pool, call.context.follower.live.index, found))
    except (NotHeardYet, CannotBeHeard):
        direction = None
    return _Ingredient(
        item=item,
        title=names[0],
        author=names[1],
        server=server,
        recordings=list(found.recordings),
        direction=direction,
    )


async def _blend(
    call: Call,
    body: AlchemyAsked,
    used: Sequence[_Ingredient],
    centre: Directions,
    away: Directions | None,
) -> _Blend:
    """Nothing that went into it comes out of it."""
    count = min(body.n, _MOST_SONGS)
    seeds: list[Seed | Weighted] = [VectorSeed(centre.astype(np.float32))]
    seeds += [Weighted(recording, 0.0) for one in used for recording in one.recordings]
    follower = call.context.follower
    rules = dialect_rules(next((one.server for one in used if one.server is not None), None), per_artist=None)
    looked_at = count if away is None else _TIMES_WANTED * count
    found = await near(call.services.pool, follower, seeds, looked_at, rules=rules)
    view, rows = follower.live.index.table.find([one.recording for one in found])
    directions = {
        one.recording: _unit(view.units[row])
        for one, row in zip(found, rows.tolist(), strict=True)
        if row >= 0
    }
    there = [one for one in found if one.recording in directions]
    if away is None:
        return _Blend(there, [], directions)
    least = _TOO_NEAR if body.subtract_distance is None else body.subtract_distance
    apart = {one.recording: _half_turns(directions[one.recording], away) for one in there}
    kept = [one for one in there if apart[one.recording] >= least]
    return _Blend(kept[:count], [one for one in there if apart[one.recording] < least], directions)


async def _names(call: Call, numbers: Numbering, rows: Sequence[TrackRow]) -> Names:
    """As the songs were named in the question."""
    told = await numbers.names([str(row.track_id) for row in rows])
    return Names(
        {
            (row.server_id, str(row.track_id)): told[str(row.track_id)]
            for row in rows
            if str(row.track_id) in told
        }
    )


def _drawn(
    blend: _Blend, names: Names, wanted: Sequence[_Ingredient], unwanted: Sequence[_Ingredient]
) -> Alchemy:
    """Everything on one map, so that places can be compared."""
    shown = [*blend.kept, *blend.dropped]
    used = [*wanted, *unwanted]
    centres = [_centre(wanted), *([_centre(unwanted)] if unwanted else [])]
    directions = [blend.directions[one.recording] for one in shown]
    directions += [one.direction for one in used if one.direction is not None]
    places = flattened(np.array(directions + centres))
    of_tracks = places[: len(shown)]
    of_used, of_centres = places[len(shown) : -len(centres)], places[-len(centres) :]
    drawn = [_track(one, names, place) for one, place in zip(shown, of_tracks, strict=True)]
    points = [_point(one, place) for one, place in zip(used, of_used, strict=True)]
    return Alchemy(
        results=tuple(one for one in drawn[: len(blend.kept)] if one is not None),
        filtered_out=tuple(one for one in drawn[len(blend.kept) :] if one is not None),
        centroid_2d=of_centres[0],
        add_centroid_2d=of_centres[0],
        subtract_centroid_2d=of_centres[1] if unwanted else None,
        add_points=tuple(points[: len(wanted)]),
        sub_points=tuple(points[len(wanted) :]),
        projection="pca",
    )


def _track(found: Neighbour, names: Names, place: Place) -> AlchemyTrack | None:
    """None for a track that the asker has no name for."""
    name = names.of(found.track)
    if name is None:
        return None
    told = told_dialect(found.track, name).model_dump()
    return AlchemyTrack(**told, distance=found.distance, embedding_2d=place)


def _point(one: _Ingredient, place: Place) -> AlchemyPoint:
    return AlchemyPoint(item_id=str(one.item.id), title=one.title, author=one.author, embedding_2d=place)


def _centre(among: Sequence[_Ingredient]) -> Directions:
    """Each counts the same; opposite ones have no middle, so the first of them is taken."""
    directions = [one.direction for one in among if one.direction is not None]
    total: Directions = np.sum(directions, axis=0)
    return _unit(total) if np.any(np.abs(total) > _NOWHERE) else directions[0]


def _unit(vector: npt.NDArray[np.floating]) -> Directions:
    numbers = np.asarray(vector, np.float64)
    found: Directions = numbers / np.linalg.norm(numbers)
    return found


def _half_turns(one: Directions, other: Directions) -> float:
    """0 is the same direction, 1 the opposite."""
    return math.acos(max(-1.0, min(1.0, float(one @ other)))) / math.pi


ROUTES = (dialect_alchemy,)
