"""Makes the vectors of projected spaces, and new spaces when the library has outgrown the one that serves."""

import asyncio
from collections.abc import Callable, Mapping
from secrets import token_hex
from typing import Protocol

import numpy as np
import numpy.typing as npt
import structlog

from segue.index import Vectors
from segue.model import Analysis, SpaceId
from segue.store import analyses, embeddings, spaces
from segue.store.pool import Connection, Pool

__all__ = [
    "LEAST_FITTED",
    "Fits",
    "Projector",
    "Projects",
    "Readable",
    "is_refit_due",
    "refit",
    "serve",
    "tend",
]

LEAST_FITTED = 120
"""Below so many recordings a shipped projection is better than one of their own."""

_GROWN = 2.0  # times what the serving projection was fitted on
_PAGE = 1000
_MOST_FITTED = 50_000

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

Halves = npt.NDArray[np.float16]


class Projects(Protocol):
    """From pooled features to vectors, a row each."""

    @property
    def dimensions(self) -> int: ...

    def apply(self, mean: Halves, std: Halves) -> Vectors: ...

    def to_bytes(self) -> bytes: ...


class Fits(Protocol):
    """Fits a projection to the features it is shown, page by page."""

    def add(self, mean: Halves, std: Halves) -> None: ...

    def result(self) -> Projects: ...


Readable = Callable[[bytes], Projects]


class Projector:
    """Vectors for every projected space of the moment; knows each projection after its first use."""

    def __init__(self, read: Readable) -> None:
        self._read = read
        self._known: dict[SpaceId, Projects] = {}

    async def vectors(self, c: Connection, analysis: Analysis) -> Mapping[SpaceId, Vectors]:
        """What `analyses.save` needs; ask again when it raises SpacesChangedError."""
        live = [space.id for space in await spaces.live(c) if space.projected]
        for gone in self._known.keys() - set(live):
            del self._known[gone]
        for space in live:
            if space not in self._known and (stored := await spaces.projection(c, space)) is not None:
                self._known[space] = await asyncio.to_thread(self._read, stored)
        mean, std = analysis.features_mean[None], analysis.features_std[None]
        return {space: projection.apply(mean, std)[0] for space, projection in self._known.items()}


async def is_refit_due(c: Connection) -> bool:
    """Whether a projection of this library's own would now differ much from the one that serves."""
    serving, heard = await spaces.serving(c), await analyses.count(c)
    if serving is None or not serving.projected or serving.fitted_on is None:
        return heard >= LEAST_FITTED
    return heard >= _GROWN * serving.fitted_on and serving.fitted_on < _MOST_FITTED


async def tend(pool: Pool, *, shipped: Callable[[], Projects], fitting: Callable[[], Fits]) -> SpaceId | None:
    """Make a new space if one is due; below `LEAST_FITTED` recordings the shipped projection serves."""
    async with pool.connection() as c:
        serving, due = await spaces.serving(c), await is_refit_due(c)
    if serving is not None and serving.name != spaces.RAW and not serving.projected:
        return None  # somebody chose another model's space
    if due:
        return await refit(pool, fitting())
    if serving is None or not serving.projected:
        return await serve(pool, await asyncio.to_thread(shipped), fitted_on=None)
    return None


async def refit(pool: Pool, fitting: Fits) -> SpaceId | None:
    """Fit a projection to the library and let it serve; None when there is too little, or another does it."""
    async with pool.connection() as c:
        every = 1 + await analyses.count(c) // _MOST_FITTED
    fitted = after = 0
    while True:
        async with pool.connection() as c:
            page = await analyses.features(c, after=after, every=every, limit=_PAGE)
        if not page.recordings:
            break
        await asyncio.to_thread(fitting.add, page.mean, page.std)
        fitted, after = fitted + len(page.recordings), page.recordings[-1]
    if fitted < LEAST_FITTED:
        return None
    return await serve(pool, await asyncio.to_thread(fitting.result), fitted_on=fitted)


async def serve(pool: Pool, projection: Projects, *, fitted_on: int | None) -> SpaceId | None:
    """Make a space of a projection beside the one that serves, fill it, and let it serve.

    None when another process makes one. A half-made space is dropped by the next one that is made.
    """
    async with pool.connection() as held, spaces.exclusive(held) as mine:
        if not mine:
            return None
        async with pool.connection() as c:
            await spaces.drop_idle(c)
            name = f"{'shipped' if fitted_on is None else 'fitted'}-{token_hex(4)}"
            space = await spaces.create(
                c, name, projection.dimensions, projection.to_bytes(), fitted_on=fitted_on
            )
        while True:
            await _fill(pool, space, projection)
            async with pool.connection() as c:
                if await spaces.serve(c, space):
                    break
        _log.info("space_served", space=name, fitted_on=fitted_on)
        return space


async def _fill(pool: Pool, space: SpaceId, projection: Projects) -> None:
    while True:
        async with pool.connection() as c:
            page = await analyses.features(c, lacking=space, limit=_PAGE)
            if not page.recordings:
                return
            vectors = await asyncio.to_thread(projection.apply, page.mean, page.std)
            await embeddings.fill(c, space, page.recordings, vectors)
