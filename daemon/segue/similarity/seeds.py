"""From what a person names to the vector that is asked about."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from segue.index import Neighbours, Vectors
from segue.model import RecordingId, ServerKey, TrackId
from segue.similarity.errors import CannotBeHeard, NotHeardYet, UnknownSeed
from segue.similarity.guessing import unknown_artist
from segue.store import catalogue, recordings, tracks
from segue.store.pool import Connection, Pool, reading

__all__ = ["AlbumSeed", "ArtistSeed", "Found", "Seed", "TrackKey", "VectorSeed", "Weighted", "find", "middle"]


@dataclass(frozen=True, slots=True)
class TrackKey:
    """A track by its server and the server's own id."""

    server: ServerKey
    track: TrackId


@dataclass(frozen=True, slots=True, kw_only=True)
class AlbumSeed:
    """All recordings of an album; a name that none has may be `artist - album`."""

    album: str
    artist: str | None = None
    server: ServerKey | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtistSeed:
    """All recordings of an artist."""

    artist: str
    server: ServerKey | None = None


@dataclass(frozen=True, slots=True, eq=False)
class VectorSeed:
    """A direction in the space that serves."""

    vector: Vectors


Seed = RecordingId | TrackKey | AlbumSeed | ArtistSeed | VectorSeed


@dataclass(frozen=True, slots=True)
class Weighted:
    """A seed that counts more or less than others; a negative weight leads away from it."""

    seed: Seed
    weight: float


@dataclass(slots=True)
class Found:
    """What the seeds stand for: recordings with their weights, each once, and directions."""

    recordings: dict[RecordingId, float] = field(default_factory=dict)
    vectors: list[tuple[Vectors, float]] = field(default_factory=list)

    @property
    def wanted(self) -> list[RecordingId]:
        """Those that are not led away from."""
        return [recording for recording, weight in self.recordings.items() if weight > 0]

    @property
    def alone(self) -> RecordingId | None:
        """The recording, where one and nothing else is asked about."""
        return self.wanted[0] if len(self.recordings) == 1 and self.wanted and not self.vectors else None

    def add(self, ids: Sequence[RecordingId], weight: float) -> None:
        """Share a weight among recordings."""
        for recording in ids:
            self.recordings[recording] = self.recordings.get(recording, 0.0) + weight / len(ids)


async def find(pool: Pool, seeds: Sequence[Seed | Weighted]) -> Found:
    """Look the seeds up; UnknownSeed for the first that stands for nothing."""
    weighted = [seed if isinstance(seed, Weighted) else Weighted(seed, 1.0) for seed in seeds]
    if any(isinstance(one.seed, _NAMES) for one in weighted):
        async with reading(pool) as c:
            return await _looked_up(c, weighted)
    return await _looked_up(None, weighted)


async def middle(pool: Pool, index: Neighbours, seeds: Found) -> Vectors:
    """The weighted middle of the seeds' directions; those not heard are left out, unless none wanted is."""
    ids = list(seeds.recordings)
    view, rows = index.table.find(ids)
    if seeds.alone is not None and rows[0] >= 0:
        own: Vectors = view.units[rows[0]]
        return own
    parts = [(vector, weight) for vector, weight in seeds.vectors]
    parts += [
        (view.units[row], seeds.recordings[recording])
        for recording, row in zip(ids, rows.tolist(), strict=True)
        if row >= 0
    ]
    if not parts or (seeds.wanted and not any(weight > 0 for _, weight in parts)):
        async with reading(pool) as c:
            await _explain(c, seeds.wanted or ids)
    directions = np.array([vector for vector, _ in parts], np.float64)
    directions /= np.linalg.norm(directions, axis=1)[:, None]
    centre = np.array([weight for _, weight in parts]) @ directions
    if not np.any(np.abs(centre) > _NOWHERE):
        centre = directions[0]  # opposite seeds have no middle
    found: Vectors = centre.astype(np.float32)
    return found


_NOWHERE = 1e-6
_NAMES = (TrackKey, AlbumSeed, ArtistSeed)  # what only the database knows


async def _looked_up(c: Connection | None, weighted: Sequence[Weighted]) -> Found:
    played = await _played(c, [one.seed for one in weighted if isinstance(one.seed, TrackKey)])
    found = Found()
    for one in weighted:
        match one.seed:
            case VectorSeed(vector):
                found.vectors.append((vector, one.weight))
            case TrackKey() as key:
                found.add([played[key]], one.weight)
            case AlbumSeed() | ArtistSeed() as name:
                assert c is not None
                found.add(await _named(c, name), one.weight)
            case recording:
                found.add([recording], one.weight)
    return found


async def _named(c: Connection, seed: AlbumSeed | ArtistSeed) -> list[RecordingId]:
    if isinstance(seed, ArtistSeed):
        ids = await catalogue.of_artist(c, seed.artist, server=seed.server)
        if not ids:
            raise await unknown_artist(c, seed.artist)
        return ids
    ids = await catalogue.of_album(c, seed.album, seed.artist, server=seed.server)
    artist, dash, album = seed.album.partition(" - ")
    if not ids and dash and seed.artist is None:
        ids = await catalogue.of_album(c, album.strip(), artist.strip(), server=seed.server)
    if not ids:
        raise UnknownSeed(f"No album is known as {seed.album!r}.")
    return ids


async def _played(c: Connection | None, keys: Sequence[TrackKey]) -> dict[TrackKey, RecordingId]:
    """Which recordings these tracks play."""
    played: dict[TrackKey, RecordingId] = {}
    if c is None:
        return played
    for server in {key.server for key in keys}:
        rows = await tracks.of_server(c, server, [key.track for key in keys if key.server == server])
        played |= {TrackKey(server, row.track_id): row.recording_id for row in rows}
    unknown = [key for key in keys if key not in played]
    if unknown:
        raise UnknownSeed(f"No track is known by the id {unknown[0].track!r}.")
    return played


async def _explain(c: Connection, seeds: Sequence[RecordingId]) -> None:
    """Say why the first of them has no vector."""
    standings = await recordings.standings(c, seeds)
    if not standings:
        raise UnknownSeed(f"There is no recording {seeds[0]}." if seeds else "No seed was given.")
    first = standings[0]
    if first.wanted is None and first.failure is not None:
        raise CannotBeHeard(f"This recording could not be heard: {first.failure}")
    raise NotHeardYet("This recording has not been heard yet; ask again later.")
