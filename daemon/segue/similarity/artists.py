"""Artists that sound like another one."""

import asyncio
from bisect import insort
from collections.abc import Sequence
from dataclasses import dataclass
from time import monotonic

import numpy as np
import numpy.typing as npt

from segue.model import RecordingId, ServerKey, SpaceId
from segue.similarity.artist_models import VERSION, ArtistModel, costs, fit, least, transport
from segue.similarity.errors import NotHeardYet, NotReady, UnknownSeed
from segue.similarity.follower import Follower
from segue.similarity.guessing import unknown_artist
from segue.similarity.works import performer
from segue.store import artists
from segue.store.artists import Artist
from segue.store.pool import Pool

__all__ = ["Artists", "Match", "SimilarArtist"]

_BATCH = 50
_MATCHES = 3
_SONGS = 3
_FRESH_SECONDS = 60  # names of artists change without the index being told
_PAUSE_SECONDS = 2
_PATIENCE_SECONDS = 20

Starts = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A side of one artist that is like a side of another, with songs that show it."""

    share: float
    distance: float
    ours: tuple[int, float, tuple[RecordingId, ...]]
    theirs: tuple[int, float, tuple[RecordingId, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class SimilarArtist:
    """An artist, how far they are, and what agrees."""

    artist: Artist
    distance: float
    matches: tuple[Match, ...] = ()


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class _Known:
    """All artists of a space; their components lie one after another."""

    space: SpaceId
    artists: Sequence[Artist]
    places: dict[str, int]
    models: Sequence[ArtistModel]
    weights: npt.NDArray[np.float32]
    points: npt.NDArray[np.float32]
    starts: Starts


class Artists:
    """Keeps the models of a process in line with the library; nothing is read before the first question."""

    def __init__(self, pool: Pool, follower: Follower, *, pause_seconds: float = _PAUSE_SECONDS) -> None:
        self._pool = pool
        self._follower = follower
        self._pause_seconds = pause_seconds
        self._known: _Known | None = None
        self._looked_at = float("-inf")
        self._looked_for: tuple[int, int] | None = None
        self._refreshing: asyncio.Task[None] | None = None
        self.fitted = 0

    async def similar(
        self, artist: str, count: int, *, server: ServerKey | None = None, matches: bool = False
    ) -> list[SimilarArtist]:
        """The nearest artists; those of one server only when it is named."""
        known = await self._fresh()
        place = await self._place(known, artist)
        allowed = None
        if server is not None:
            async with self._pool.connection() as c:
                allowed = await artists.of_server(c, server)
        found = await asyncio.to_thread(_nearest, known, place, count, allowed)
        return await self._with_matches(known, place, found) if matches else found

    async def close(self) -> None:
        """End what runs beside."""
        if self._refreshing is not None:
            self._refreshing.cancel()
            await asyncio.gather(self._refreshing, return_exceptions=True)

    async def _fresh(self) -> _Known:
        """What is known, after a look at what changed; a long look is not waited for to its end."""
        space = self._follower.live.space.id
        sign = (space, self._follower.status.applied)
        age = monotonic() - self._looked_at
        due = age > _FRESH_SECONDS or (sign != self._looked_for and age >= self._pause_seconds)
        if self._refreshing is None and due:
            self._refreshing = asyncio.create_task(self._refresh(space, sign))
            self._refreshing.add_done_callback(self._refreshed)
        known = self._known if self._known is not None and self._known.space == space else None
        if self._refreshing is not None:
            task = self._refreshing
            patience = _PAUSE_SECONDS if known is not None else _PATIENCE_SECONDS
            await asyncio.wait([task], timeout=patience)
            if task.done():
                task.result()
        if self._known is None or self._known.space != space:
            raise NotReady("The artists are being compared for the first time; try again in a minute.")
        return self._known

    def _refreshed(self, task: asyncio.Task[None]) -> None:
        self._refreshing = None

    async def _refresh(self, space: SpaceId, sign: tuple[int, int]) -> None:
        began = monotonic()
        await self._fit(space)
        async with self._pool.connection() as c:
            stored = await artists.digests(c, space)
        stored = {name: digest for name, digest in stored.items() if performer(name)}
        self._known = await self._take_in(space, stored)
        self._looked_at, self._looked_for = began, sign

    async def _fit(self, space: SpaceId) -> None:
        """Only those whose tracks changed."""
        async with self._pool.connection() as c:
            stale = await artists.stale(c, space, version=VERSION)
            await artists.remove(c, space, [one.artist for one in stale if one.digest is None])
        wanted = [one for one in stale if one.digest is not None]
        for start in range(0, len(wanted), _BATCH):
            batch = wanted[start : start + _BATCH]
            async with self._pool.connection() as c:
                heard = await artists.vectors(c, space, [one.artist for one in batch])
            fitted = []
            for one in batch:
                vectors = heard[one.artist].vectors if one.artist in heard else None
                model = None if vectors is None else await asyncio.to_thread(fit, vectors)
                if model is not None:
                    fitted.append((one, model.to_bytes()))
            async with self._pool.connection() as c:
                await artists.save(c, space, fitted)
            self.fitted += len(fitted)

    async def _take_in(self, space: SpaceId, stored: dict[str, int]) -> _Known:
        before = self._known if self._known is not None and self._known.space == space else None
        held = {}
        if before is not None:
            pairs = zip(before.artists, before.models, strict=True)
            held = {artist.artist: (artist, model) for artist, model in pairs}
        kept = {name: one for name, one in held.items() if stored.get(name) == one[0].digest}
        missing = sorted(stored.keys() - kept.keys())
        if before is not None and not missing and len(kept) == len(held):
            return before
        for start in range(0, len(missing), 1000):
            async with self._pool.connection() as c:
                for artist, model in await artists.load(c, space, missing[start : start + 1000]):
                    kept[artist.artist] = artist, ArtistModel.from_bytes(model)
        return await asyncio.to_thread(_arranged, space, kept)

    async def _place(self, known: _Known, artist: str) -> int:
        place = known.places.get(artist.lower())
        if place is not None:
            return place
        if not performer(artist):
            raise UnknownSeed(f"{artist!r} stands for many artists, who have no sound in common.")
        async with self._pool.connection() as c:
            meant = await artists.meant(c, artist)
            if meant is None:
                raise await unknown_artist(c, artist)
        if meant not in known.places:
            raise NotHeardYet(f"Nothing of {artist!r} has been heard yet; ask again later.")
        return known.places[meant]

    async def _with_matches(
        self, known: _Known, place: int, found: Sequence[SimilarArtist]
    ) -> list[SimilarArtist]:
        names = [known.artists[place].artist, *(one.artist.artist for one in found)]
        async with self._pool.connection() as c:
            heard = await artists.vectors(c, known.space, names)
        ours = known.models[place]
        answer = []
        for one in found:
            theirs = known.models[known.places[one.artist.artist]]
            sides = _sides(ours, theirs, heard.get(names[0]), heard.get(one.artist.artist))
            answer.append(SimilarArtist(artist=one.artist, distance=one.distance, matches=sides))
        return answer


def _arranged(space: SpaceId, kept: dict[str, tuple[Artist, ArtistModel]]) -> _Known:
    names = sorted(kept)
    models = [kept[name][1] for name in names]
    counts = [len(model.weights) for model in models]
    nothing = np.zeros((1, 0), np.float32)
    places = {name: place for place, name in enumerate(names)}
    return _Known(
        space=space,
        artists=[kept[name][0] for name in names],
        places={kept[name][0].name.lower(): place for name, place in places.items()} | places,
        models=models,
        weights=np.concatenate([model.weights for model in models]) if models else nothing[0],
        points=np.concatenate([model.points for model in models]) if models else nothing,
        starts=np.concatenate([[0], np.cumsum(counts)[:-1]]).astype(np.int64),
    )


def _nearest(known: _Known, place: int, count: int, allowed: set[str] | None) -> list[SimilarArtist]:
    """Truly compared until a bound says that nobody nearer can come; ties go by name.

    Whoever plays with different guests stands once.
    """
    ours = known.models[place]
    bounds = least(costs(ours.points, known.points), ours.weights, known.weights, known.starts)
    found: list[SimilarArtist] = []
    own, best = performer(known.artists[place].artist), dict[str, SimilarArtist]()
    for at in np.argsort(bounds, kind="stable").tolist():
        if len(found) >= count and bounds[at] > found[count - 1].distance:
            break
        name = performer(known.artists[at].artist)
        if name == own or (allowed is not None and known.artists[at].artist not in allowed):
            continue
        theirs = known.models[at]
        distance, _ = transport(costs(ours.points, theirs.points), ours.weights, theirs.weights)
        one = SimilarArtist(artist=known.artists[at], distance=round(distance, 6))
        if name in best:
            one = min(one, best[name], key=_rank)
            found.remove(best[name])
        best[name] = one
        insort(found, one, key=_rank)
    return found[:count]


def _rank(one: SimilarArtist) -> tuple[float, str]:
    return one.distance, one.artist.artist


def _sides(
    ours: ArtistModel, theirs: ArtistModel, our_songs: artists.Heard | None, their_songs: artists.Heard | None
) -> tuple[Match, ...]:
    cost = costs(ours.points, theirs.points)
    _, plan = transport(cost, ours.weights, theirs.weights)
    heaviest = np.argsort(-plan, axis=None, kind="stable")[:_MATCHES]
    return tuple(
        Match(
            share=round(float(plan[row, column]), 4),
            distance=round(float(cost[row, column]), 6),
            ours=(row, round(float(ours.weights[row]), 4), _songs(ours, row, our_songs)),
            theirs=(column, round(float(theirs.weights[column]), 4), _songs(theirs, column, their_songs)),
        )
        for row, column in (divmod(int(at), plan.shape[1]) for at in heaviest)
    )


def _songs(model: ArtistModel, component: int, heard: artists.Heard | None) -> tuple[RecordingId, ...]:
    """Those nearest to the middle of a component."""
    if heard is None:
        return ()
    units = heard.vectors / np.maximum(np.linalg.norm(heard.vectors, axis=1), 1e-12)[:, None]
    order = np.argsort(-(units @ model.means[component]), kind="stable")[:_SONGS]
    return tuple(heard.recordings[at] for at in order.tolist())
