"""Projected spaces: made once the library is large enough, and whole whenever they serve."""

import asyncio
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from segue.index import Vectors
from segue.model import RecordingId, SpaceId
from segue.similarity import Follower
from segue.similarity.projecting import LEAST_FITTED, Projector, is_refit_due, refit, serve, tend
from segue.store import analyses, recordings, spaces
from segue.store.pool import Connection, Pool
from tests.daemon.store_recordings.rows import add_recording, an_analysis

Halves = npt.NDArray[np.float16]


@dataclass
class Shifted:
    """The first three features, less a shift."""

    shift: float
    dimensions: int = 3

    def apply(self, mean: Halves, std: Halves) -> Vectors:
        return mean[:, :3].astype(np.float32) - np.float32(self.shift)

    def to_bytes(self) -> bytes:
        return str(self.shift).encode()

    @classmethod
    def read(cls, stored: bytes) -> "Shifted":
        return cls(float(stored))


@dataclass
class Fitting:
    shown: list[Halves] = field(default_factory=list)

    def add(self, mean: Halves, std: Halves) -> None:
        self.shown.append(mean)

    def result(self) -> Shifted:
        return Shifted(float(np.concatenate(self.shown)[:, 0].astype(np.float64).mean()))


async def test_a_small_library_is_served_by_what_was_shipped(pool: Pool) -> None:
    async with pool.connection() as c:
        await hear_some(c, 5)
        assert not await is_refit_due(c)
    assert await refit(pool, Fitting()) is None
    shipped = await serve(pool, Shifted(0.5), fitted_on=None)
    async with pool.connection() as c:
        serving = await spaces.serving(c)
        assert serving is not None
        assert (serving.id, serving.fitted_on) == (shipped, None)
        assert not await is_refit_due(c)


async def test_a_library_gets_a_projection_of_its_own_and_a_new_one_when_it_doubles(pool: Pool) -> None:
    async with pool.connection() as c:
        await hear_some(c, LEAST_FITTED)
        assert await is_refit_due(c)
    assert await refit(pool, Fitting()) is not None
    async with pool.connection() as c:
        serving = await spaces.serving(c)
        assert serving is not None and serving.fitted_on == LEAST_FITTED
        assert not await is_refit_due(c)
        await hear_some(c, LEAST_FITTED, Projector(Shifted.read))
        assert await is_refit_due(c)


async def test_one_process_makes_a_space_and_the_others_leave_it(pool: Pool) -> None:
    async with pool.connection() as c:
        await hear_some(c, 3)
    made = await asyncio.gather(*(serve(pool, Shifted(number), fitted_on=None) for number in range(4)))
    assert sum(space is not None for space in made) >= 1
    async with pool.connection() as c:
        serving = await spaces.serving(c)
        assert serving is not None and serving.id in made
        assert await spaces.vacant(c, serving.id) == 0


async def test_followers_go_from_one_whole_space_to_the_next(pool: Pool) -> None:
    """While spaces are made one after another, recordings are heard and two followers look."""
    projector = Projector(Shifted.read)
    followers = [Follower(pool), Follower(pool)]
    async with pool.connection() as c:
        await hear_some(c, 20)
    heard = asyncio.Event()

    async def hear() -> None:
        for _ in range(30):
            async with pool.connection() as c:
                await hear_some(c, 1, projector)
        heard.set()

    async def make() -> None:
        shift = 0.0
        while not heard.is_set():
            shift += 1
            await serve(pool, Shifted(shift), fitted_on=None)

    async def look(follower: Follower) -> None:
        while not heard.is_set():
            await follower.look()
            assert follower.status.recordings >= 20
            await asyncio.sleep(0)

    await asyncio.gather(hear(), make(), *(look(follower) for follower in followers))
    for follower in followers:
        await follower.look()
        assert follower.status.recordings == 50
        assert await follower.audit()


async def hear_some(c: Connection, count: int, projector: Projector | None = None) -> list[RecordingId]:
    heard = []
    for _ in range(count):
        await add_recording(c, wanted="fast")
        (claim,) = await recordings.claim(c, owner="me", limit=1, seconds=60)
        heard.append(await keep(c, claim, projector))
    return heard


async def keep(c: Connection, claim: recordings.Claim, projector: Projector | None) -> RecordingId:
    analysis = an_analysis(claim.recording)
    while True:
        vectors = await projector.vectors(c, analysis) if projector else {}
        try:
            saved = await analyses.save(c, claim.recording, claim.owner, analysis, vectors=vectors)
        except analyses.SpacesChangedError:
            continue
        assert saved is not None
        return saved.recording


async def test_what_is_tended_needs_no_more(pool: Pool) -> None:
    """The shipped projection at first, the library's own as soon as it can be."""

    async def tended() -> SpaceId | None:
        return await tend(pool, shipped=lambda: Shifted(0.5), fitting=Fitting)

    assert await tended() is not None
    assert await tended() is None
    async with pool.connection() as c:
        await hear_some(c, LEAST_FITTED, Projector(Shifted.read))
    assert await tended() is not None
    assert await tended() is None
    async with pool.connection() as c:
        serving = await spaces.serving(c)
        assert serving is not None and serving.fitted_on == LEAST_FITTED
