"""New music joins the nearest group at once, and its playlist where it fits."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import structlog

from segue.clustering import Source
from segue.clustering.corpus import Corpus, Matrix
from segue.clustering.limits import Limits
from segue.clustering.model import Model
from segue.clustering.order import Order
from segue.clustering.ordering import Songs, rearrange
from segue.clustering.prepared import artist_codes
from segue.jobs.loop import LookingDrain
from segue.jobs.material import corpus_of
from segue.jobs.timers import Every, Timers
from segue.model import RecordingId
from segue.store import cluster_searches, clusterings, spaces
from segue.store.cluster_searches import Scope
from segue.store.clusterings import Cluster, Clustering
from segue.store.pool import Connection, Pool
from segue.wake import Wake

__all__ = ["AssignDrain"]

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)
_LATELY_MINUTES = 15.0
_THOROUGH_SECONDS = 600.0
_DRIFT_SECONDS = 60.0
_PAGE = 500


class AssignDrain(LookingDrain):
    """Looks for recordings without a group; any number of processes may, one at a time works."""

    kind = "assign"

    def __init__(self, pool: Pool, wake: Wake, timers: Timers) -> None:
        super().__init__(timers)
        self._pool = pool
        self._wake_others = wake
        self._thorough = Every(_THOROUGH_SECONDS)
        self._drifted = Every(_DRIFT_SECONDS)
        self._model: tuple[int, Model] | None = None

    async def _look(self) -> None:
        async with self._pool.connection() as c:
            newest = await clusterings.newest(c)
        if newest is not None and newest.space_id is not None:
            await self._assign(newest, minutes=None if self._thorough.is_due() else _LATELY_MINUTES)

    async def _assign(self, clustering: Clustering, *, minutes: float | None) -> None:
        after = 0
        while True:
            async with self._pool.connection() as c, c.transaction():
                ids = await clusterings.unassigned(c, clustering, minutes=minutes, after=after, limit=_PAGE)
                if not ids or not await clusterings.hold(c, clustering.id):
                    return
                changed = await self._let_join(c, clustering, ids)
            _log.info("recordings_assigned", count=len(ids), clustering=clustering.id, playlists=changed)
            if changed:
                await self._wake_others("publish")
            if self._drifted.is_due():
                await self._wake_others("drift")
            after = ids[-1]

    async def _let_join(self, c: Connection, clustering: Clustering, ids: Sequence[RecordingId]) -> int:
        """How many playlists became longer."""
        model = await self._model_of(c, clustering)
        corpus = await _corpus(c, clustering, ids)
        if model is None or not len(corpus):
            return 0
        found = model.assign(_material(corpus, clustering, model))
        changed = 0
        clusters = {one.place: one for one in await clusterings.all_clusters(c, clustering.id)}
        for place in np.unique(found.groups).tolist():
            rows = np.flatnonzero(found.groups == place)
            recordings = [RecordingId(one) for one in corpus.ids[rows].tolist()]
            pairs = list(zip(recordings, found.distances[rows].tolist(), strict=True))
            await clusterings.join(c, clusters[place].id, pairs)
            near = [one for one, fits in zip(recordings, found.near[rows].tolist(), strict=True) if fits]
            if near and clusters[place].position is not None:
                changed += await _play(c, clustering, clusters[place], near, model)
        return changed

    async def _model_of(self, c: Connection, clustering: Clustering) -> Model | None:
        if self._model is None or self._model[0] != clustering.id:
            data = await clusterings.model(c, clustering.id)
            self._model = None if data is None else (clustering.id, Model.from_bytes(data))
        return self._model[1] if self._model else None


@dataclass(frozen=True, slots=True)
class _Playlist:
    """Songs as they are played, and those that come, in one corpus."""

    corpus: Corpus
    order: Sequence[RecordingId]
    coming: Sequence[RecordingId]


async def _play(
    c: Connection, clustering: Clustering, cluster: Cluster, near: Sequence[RecordingId], model: Model
) -> bool:
    """Whether any of these songs found room in the playlist."""
    known = await clusterings.members(c, [cluster.id])
    order = [one.recording for one in known[cluster.id] if one.ordinal is not None]
    corpus = await _corpus(c, clustering, [*order, *near])
    heard = set(corpus.ids.tolist())
    playlist = _Playlist(
        corpus, [one for one in order if one in heard], [one for one in near if one in heard]
    )
    limits = Limits.of(
        Order.from_dict({"parameters": clustering.parameters}).parameters, clustering.recordings
    )
    rearranged = await asyncio.to_thread(_rearranged, playlist, clustering, model, limits)
    if rearranged is None:
        return False
    await clusterings.put_in_order(c, cluster.id, rearranged)
    return True


def _rearranged(
    playlist: _Playlist, clustering: Clustering, model: Model, limits: Limits
) -> list[RecordingId] | None:
    corpus = playlist.corpus
    artists = artist_codes(corpus.artists)
    row_of = {recording: row for row, recording in enumerate(corpus.ids.tolist())}
    kept = [row_of[one] for one in playlist.order]
    coming = _with_room([row_of[one] for one in playlist.coming], kept, artists.tolist(), limits)
    if not coming:
        return None
    rows = np.array([*kept, *coming], np.int64)
    songs = Songs(
        points=model.geometry.project(_material(corpus, clustering, model)[rows]),
        tempo=corpus.tempo[rows],
        keys=corpus.keys[rows],
        artists=artists[rows],
    )
    return [RecordingId(one) for one in corpus.ids[rows[rearrange(songs, range(len(kept)))]].tolist()]


def _with_room(
    coming: Sequence[int], kept: Sequence[int], artists: Sequence[int], limits: Limits
) -> list[int]:
    """Those for whom there is room: in the playlist, and beside others of the same artist."""
    taken = list(kept)
    for row in coming:
        if limits.playlist_max and len(taken) >= limits.playlist_max:
            break
        same = sum(artists[one] == artists[row] for one in taken)
        if not limits.per_artist or artists[row] < 0 or same < limits.per_artist:
            taken.append(row)
    return taken[len(kept) :]


async def _corpus(c: Connection, clustering: Clustering, ids: Sequence[RecordingId]) -> Corpus:
    """What clustering knows of these; what has no sound vector is left out."""
    assert clustering.space_id is not None
    space = next((one for one in await spaces.live(c) if one.id == clustering.space_id), None)
    dimensions = space.dimensions if space else 0
    scope = Scope(servers=clustering.servers, libraries=clustering.libraries)
    rows = await cluster_searches.heard(c, clustering.space_id, dimensions, scope, only=ids, limit=len(ids))
    sound = [row for row in rows if np.isfinite(np.frombuffer(row.vector, "<f4")).all()]
    return corpus_of(sound, dimensions)


def _material(corpus: Corpus, clustering: Clustering, model: Model) -> Matrix:
    """What is grouped; what nobody knows of a song is as in the middle of the library."""
    if clustering.source == Source.VECTORS.value:
        return corpus.vectors
    features = corpus.heard_features()
    filled: Matrix = np.where(np.isnan(features), model.geometry.mean, features).astype(np.float32)
    return filled
