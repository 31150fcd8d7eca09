"""The work of publishing: woken, it follows groups and recipes, looks at servers, and rests after faults."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from segue.index import Sizes
from segue.jobs.live import LiveOnDemand
from segue.jobs.publish import PublishDrain
from segue.jobs.timers import Timers
from segue.jobs.workers import run_drains
from segue.model import ServerKey
from segue.publishing import Wanted
from segue.publishing.clusters import follow_clustering
from segue.sdk import Adapter
from segue.sdk.testing import until
from segue.similarity.recipes import Recipe
from segue.store import clusterings, copies, playlists
from segue.store.clusterings import NewCluster
from segue.store.playlists import Kind, NewPlaylist
from segue.wake import open_wake
from tests.daemon.publishing.conftest import House, ids, shown
from tests.daemon.similarity.library import hear, towards
from tests.fakes.playlists import ListServer

TIMERS = Timers(heartbeat=1, lease=5, renew=1, watch=0.5, first_pause=0.05, longest_pause=0.5, stop=5)


class Uses:
    """The registry's part over servers in memory."""

    def __init__(self, house: House) -> None:
        self._house = house

    @asynccontextmanager
    async def using(self, server: ServerKey) -> AsyncIterator[Adapter]:
        yield self._house.far[server]


@pytest.fixture
async def working(
    house: House, redis_url: str, tmp_path: Path
) -> AsyncIterator[Callable[[], Awaitable[bool]]]:
    """The drain runs as long as the test does; gives the wake-up."""
    stop = asyncio.Event()
    async with open_wake(redis_url) as wake, asyncio.TaskGroup() as tasks:
        drain = PublishDrain(
            house.pool,
            Uses(house),
            wake,
            wanted=Wanted(songs=6),
            live=LiveOnDemand(house.pool, Sizes(exact_below=1000, quantise_above=1000, folder=tmp_path)),
            every_seconds=1,
            grace_hours=0,
            identity="test",
            timers=TIMERS,
        )
        tasks.create_task(run_drains([drain], redis_url, stop, timers=TIMERS))
        yield lambda: wake("publish")
        stop.set()


async def cluster(house: House, *groups: tuple[int, str, tuple[int, ...]]) -> None:
    """A clustering with these lineages, names and songs."""
    every = await house.recordings(*range(12))
    new = [
        NewCluster(
            lineage=lineage, place=place, position=place, name=name, description="", centroid=b"",
            members=[(every[number], 0.1) for number in numbers], order=[every[number] for number in numbers],
        )
        for place, (lineage, name, numbers) in enumerate(groups)
    ]  # fmt: skip
    async with house.pool.connection() as c:
        await clusterings.save(
            c, run=None, space=None, source="vectors", parameters={"algorithm": "kmeans"}, seed=1, score=0.0,
            recordings=12, mean_distance=0.0, model=b"", servers=None, libraries=None, remarks=(),
            clusters=new,
        )  # fmt: skip


async def shows(server: ListServer, wanted: dict[str, list[int]]) -> None:
    async def look() -> bool:
        return shown(server) == wanted

    try:
        await until(look, seconds=40)
    except TimeoutError:
        assert shown(server) == wanted


async def test_groups_become_playlists_that_keep_their_identity(
    house: House, working: Callable[[], Awaitable[bool]]
) -> None:
    far = await house.add_server("ids")
    await cluster(house, (1, "Slow Folk", (0, 1, 2)), (2, "Loud Rock", (3, 4)))
    await working()
    await shows(far, {"Slow Folk": [0, 1, 2], "Loud Rock": [3, 4]})
    kept = {held.name: id_ for id_, held in far.lists.items()}
    await cluster(house, (1, "Slower Folk", (1, 2, 5)), (3, "New Jazz", (6, 7)))
    await working()
    await shows(far, {"Slower Folk": [1, 2, 5], "New Jazz": [6, 7]})
    assert far.lists[kept["Slow Folk"]].name == "Slower Folk"
    await cluster(house, (1, "Slower Folk", (1, 2, 5)), (3, "New Jazz", (6, 7)), (2, "Loud Rock", (3, 4)))
    await working()
    await shows(far, {"Slower Folk": [1, 2, 5], "New Jazz": [6, 7], "Loud Rock": [3, 4]})
    async with house.pool.connection() as c:
        assert len(await playlists.list_(c)) == 3
        versions = {one.name: one.version for one in await playlists.list_(c)}
    assert versions == {"Slower Folk": 2, "New Jazz": 1, "Loud Rock": 1}


async def test_a_group_that_comes_back_anew_gets_its_playlist_back(
    house: House, working: Callable[[], Awaitable[bool]]
) -> None:
    far = await house.add_server("ids")
    await cluster(house, (1, "Slow Folk", (0, 1, 2)), (2, "Loud Rock", (3, 4, 5)))
    await working()
    await shows(far, {"Slow Folk": [0, 1, 2], "Loud Rock": [3, 4, 5]})
    async with house.pool.connection() as c:
        before = {one.name: one.id for one in await playlists.list_(c)}
        await playlists.pin(c, before["Loud Rock"], await house.recordings(11), banned=False)
        await playlists.pin(c, before["Loud Rock"], await house.recordings(5), banned=True)
        await copies.want_look(c)
    await working()
    await shows(far, {"Slow Folk": [0, 1, 2], "Loud Rock": [3, 4, 11]})
    kept = {held.name: id_ for id_, held in far.lists.items()}
    await cluster(house, (1, "Slow Folk", (0, 1, 2)))
    await working()
    await cluster(house, (1, "Slow Folk", (0, 1, 2)), (7, "Noisy Rock", (3, 4, 5, 6)), (8, "Jazz", (9, 10)))
    await working()
    await shows(far, {"Slow Folk": [0, 1, 2], "Noisy Rock": [3, 4, 11, 6], "Jazz": [9, 10]})
    assert far.lists[kept["Loud Rock"]].name == "Noisy Rock"
    async with house.pool.connection() as c:
        assert len(await playlists.list_(c)) == 3
        assert not await follow_clustering(c)


async def test_no_two_of_our_playlists_are_called_alike(
    house: House, working: Callable[[], Awaitable[bool]]
) -> None:
    """A group that is gone is still there where people edited it, and people name their own as they like."""
    far = await house.add_server("ids")
    await house.make("Loud Rock", 8)
    await cluster(house, (1, "Slow Folk", (0, 1, 2)), (2, "Loud Rock", (3, 4)), (3, "New Jazz", (6,)))
    await working()
    first = {"Loud Rock": [8], "Slow Folk": [0, 1, 2], "Loud Rock II": [3, 4], "New Jazz": [6]}
    await shows(far, first)
    async with house.pool.connection() as c:
        [one] = [one for one in await playlists.list_(c) if one.name == "Slow Folk"]
        await playlists.pin(c, one.id, await house.recordings(0), banned=False)
    await cluster(house, (4, "Slow Folk", (9, 10)), (2, "New Jazz", (3, 4)), (3, "Loud Rock", (6,)))
    await working()
    second = {
        "Loud Rock": [8], "Slow Folk": [0, 1, 2], "Slow Folk II": [9, 10], "New Jazz": [3, 4],
        "Loud Rock II": [6],
    }  # fmt: skip
    await shows(far, second)
    async with house.pool.connection() as c:
        await playlists.remove(c, one.id)
        assert not await follow_clustering(c)  # a name once given stays


async def test_a_persons_name_and_an_edited_list_outlive_their_group(
    house: House, working: Callable[[], Awaitable[bool]]
) -> None:
    far = await house.add_server("ids")
    await cluster(house, (1, "Slow Folk", (0, 1, 2)), (2, "Loud Rock", (3, 4)))
    await working()
    await shows(far, {"Slow Folk": [0, 1, 2], "Loud Rock": [3, 4]})
    kept = {held.name: id_ for id_, held in far.lists.items()}
    far.person_renames(kept["Slow Folk"], "Sundays")
    far.person_edits(kept["Loud Rock"], ids(far, 3, 4, 9))
    await house.pool.wait()

    async def taken_over() -> bool:
        async with house.pool.connection() as c:
            found = await copies.of_server(c, house.key(far), grace_hours=0)
            wishes = [await playlists.pins(c, copy.playlist) for copy in found]
        return any(copy.own_name for copy in found) and any(pins.pinned for pins in wishes)

    await until(taken_over, seconds=40)
    await cluster(house, (1, "Fast Folk", (0, 1, 2)), (2, "Soft Rock", (3, 4)))
    await working()
    await shows(far, {"Sundays": [0, 1, 2], "Soft Rock": [3, 4, 9]})
    async with house.pool.connection() as c:
        assert {one.name for one in await playlists.list_(c)} == {"Slow Folk", "Soft Rock"}
    await cluster(house, (7, "Other", (10, 11)))
    await working()
    await shows(far, {"Sundays": [0, 1, 2], "Soft Rock": [3, 4, 9], "Other": [10, 11]})


async def test_a_recipe_follows_new_music_and_a_list_that_asks_is_filled(
    house: House, working: Callable[[], Awaitable[bool]]
) -> None:
    far = await house.add_server("names")
    songs = await house.recordings(*range(12))
    async with house.pool.connection() as c:
        for number, recording in enumerate(songs[:8]):
            await hear(c, recording, towards(10.0 * number))
        recipe = Recipe(kind="similar", seeds=(songs[0],), count=3, per_artist=None)
        await playlists.create(
            c, NewPlaylist(name="Like Zero", kind=Kind.RECIPE, recipe=recipe.as_json(), refresh_hours=1)
        )
    far.person_makes("~radio", ids(far, 7))
    await working()
    await shows(far, {"Like Zero": [0, 1, 2], "~radio": [7, 6, 5, 4, 3, 2]})


async def test_a_recipe_that_makes_no_sense_stops_nobody_else(
    house: House, working: Callable[[], Awaitable[bool]]
) -> None:
    far = await house.add_server("ids")
    [song] = await house.recordings(0)
    async with house.pool.connection() as c:
        await hear(c, song, towards(0.0))
        for number, recipe in enumerate(({"kind": "similar", "seeds": ["x"]}, {"tea": 1})):
            await playlists.create(c, NewPlaylist(name=f"Odd {number}", kind=Kind.RECIPE, recipe=recipe))
    await house.make("Mix", 1, 2)
    await working()
    await shows(far, {"Mix": [1, 2]})
    async with house.pool.connection() as c:
        told = [one.last_error for one in await playlists.list_(c, kind=Kind.RECIPE)]
    assert all(error and error.startswith("Segue made an error") for error in told)


async def test_a_server_that_is_away_is_tried_again(
    house: House, working: Callable[[], Awaitable[bool]]
) -> None:
    far = await house.add_server("ids")
    far.break_at = 1
    await house.make("Mix", 1, 2)
    await working()

    async def noted() -> bool:
        async with house.pool.connection() as c:
            row = await (await c.execute("select last_error from publishing")).fetchone()
        return row is not None and row[0] == "The line broke."

    await until(noted, seconds=40)
    assert far.lists == {}
    async with house.pool.connection() as c:
        await copies.want_look(c)
    await working()
    await shows(far, {"Mix": [1, 2]})
