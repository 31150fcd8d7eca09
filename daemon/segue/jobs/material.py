"""Makes a library ready for a search: rows become pieces, and pieces become files of this machine."""

import asyncio
import math
import shutil
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from secrets import token_hex

import numpy as np

from segue.analysis.moods import MOODS, cold_start, mood_inputs, moods
from segue.clustering.corpus import Corpus
from segue.clustering.keys import key_codes
from segue.clustering.snapshot import NO_LINEAGE, Snapshot
from segue.model import Descriptors, RunId, SpaceId
from segue.store import cluster_searches, embeddings
from segue.store.cluster_searches import Heard, Scope
from segue.store.clusterings import ClusteringId
from segue.store.pool import Pool

__all__ = ["Desk", "SearchOverError", "corpus_of", "pieces_of"]

_PAGE = 2000


async def pieces_of(
    pool: Pool, space: SpaceId, dimensions: int, scope: Scope, *, last: ClusteringId | None
) -> AsyncIterator[Snapshot]:
    """The library within a scope as it is at this moment, in pieces; an empty one is one piece."""
    async with pool.connection() as c:
        await embeddings.freeze(c)
        after, count = 0, 0
        while True:
            rows = await cluster_searches.heard(
                c, space, dimensions, scope, last=last, after=after, limit=_PAGE
            )
            if rows or not count:
                yield await asyncio.to_thread(_piece, rows, dimensions)
            count += 1
            if len(rows) < _PAGE:
                return
            after = rows[-1].recording


def corpus_of(rows: Sequence[Heard], dimensions: int) -> Corpus:
    """What clustering knows of these recordings; those whose vectors are no numbers must be left out."""
    return Corpus(
        ids=np.array([row.recording for row in rows], np.int64),
        vectors=_floats([row.vector for row in rows], dimensions),
        tags=_floats([row.tags for row in rows], 50),
        moods=_moods(rows),
        tempo=np.array([_known(row.tempo) for row in rows], np.float32),
        energy=np.array([_known(row.energy) for row in rows], np.float32),
        genres=[row.genre for row in rows],
        artists=[row.artist for row in rows],
        keys=key_codes([row.key for row in rows], [row.scale for row in rows]),
    )


class SearchOverError(Exception):
    """The library of a search is gone, as the search is."""


class Desk:
    """A folder in which libraries lie while they are searched; several processes may share it."""

    def __init__(self, pool: Pool, folder: Path) -> None:
        self._pool = pool
        self._folder = folder
        self._turn = asyncio.Lock()

    async def library(self, run: RunId, key: str) -> Path:
        """The folder of a search's library; SearchOverError when it is gone."""
        place = self._folder / key
        async with self._turn:
            if not place.exists():
                await self._tidy()
                await self._fetch(run, place)
        return place

    async def tidy(self) -> None:
        """Away with libraries of searches that are over."""
        async with self._turn:
            await self._tidy()

    async def _fetch(self, run: RunId, place: Path) -> None:
        """Written beside its place and moved there whole."""
        unfinished = self._folder / f"{place.name}.{token_hex(4)}"
        unfinished.mkdir(mode=0o700, parents=True)
        try:
            number = -1
            while True:
                async with self._pool.connection() as c:
                    found = await cluster_searches.pieces(c, run, after=number)
                if found is None:
                    break
                number, piece = found
                await asyncio.to_thread((unfinished / f"{number:06}.npz").write_bytes, piece)
            if number < 0:
                raise SearchOverError
            _move(unfinished, place)
        finally:
            await asyncio.to_thread(shutil.rmtree, unfinished, ignore_errors=True)

    async def _tidy(self) -> None:
        async with self._pool.connection() as c:
            known = await cluster_searches.keys(c)
        for folder in self._folder.iterdir() if self._folder.exists() else ():
            if folder.name.partition(".")[0] not in known:
                await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


def _move(unfinished: Path, place: Path) -> None:
    """Another process may have been quicker; its files are the same."""
    try:
        unfinished.rename(place)
    except OSError:
        if not place.exists():
            raise


def _piece(rows: Sequence[Heard], dimensions: int) -> Snapshot:
    vectors = _floats([row.vector for row in rows], dimensions)
    sound = np.flatnonzero(np.isfinite(vectors).all(axis=1))
    kept = [rows[place] for place in sound.tolist()]
    return Snapshot(
        corpus=corpus_of(kept, dimensions),
        lineages=np.array([row.lineage or NO_LINEAGE for row in kept], np.int64),
        ordinals=np.array([-1 if row.ordinal is None else row.ordinal for row in kept], np.int64),
    )


def _floats(rows: Sequence[bytes], width: int) -> "np.ndarray[tuple[int, ...], np.dtype[np.float32]]":
    return np.frombuffer(b"".join(rows), "<f4").reshape(len(rows), width).astype(np.float32)


def _moods(rows: Sequence[Heard]) -> "np.ndarray[tuple[int, ...], np.dtype[np.float32]]":
    calibration = cold_start()
    found = np.full((len(rows), len(MOODS)), np.nan, np.float32)
    for place, row in enumerate(rows):
        measured = Descriptors(
            tempo=row.tempo, key=row.key, scale=row.scale, energy=row.energy, loudness=row.loudness,
            dance=row.dance, pulse=row.pulse, flux=row.flux, mode=row.mode,
        )  # fmt: skip
        scores = moods(mood_inputs(np.frombuffer(row.tags, "<f4"), measured), calibration)
        found[place] = [_known(scores[mood]) for mood in MOODS]
    return found


def _known(value: float | None) -> float:
    return math.nan if value is None else value
