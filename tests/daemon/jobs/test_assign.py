"""New music joins the nearest group and its playlist; new groups are asked for when they are worth it."""

from dataclasses import replace

import numpy as np
import pytest

from segue.clustering.clustering import Clustering, cluster
from segue.clustering.corpus import Corpus
from segue.jobs.assign import AssignDrain
from segue.jobs.recluster import DriftDrain, Habits, Reclustering
from segue.jobs.running import RunDrain
from segue.model import RecordingId, RunState
from segue.store import clusterings, runs, spaces
from segue.store.clusterings import ClusteringId, NewCluster
from segue.store.pool import Connection, Pool
from segue.wake import Wake
from tests.daemon.clustering.songs import make_songs, part_of
from tests.daemon.jobs.conftest import QUICK as TIMERS
from tests.daemon.jobs.conftest import Running
from tests.daemon.jobs.libraries import QUICK, fill
from tests.daemon.jobs.test_clustering import ended
from tests.faults.waiting import until

_PARAMETERS = replace(QUICK, clustering_runs=20, max_songs_per_artist=0)


@pytest.fixture(scope="module")
def library() -> tuple[Corpus, Clustering]:
    """120 songs and their groups."""
    songs = make_songs(150, genres=4).corpus
    old = part_of(songs, np.arange(150) % 5 != 0)
    found = cluster(old, _PARAMETERS, seed=1)
    assert isinstance(found, Clustering)
    return songs, found


async def keep(
    c: Connection, found: Clustering, ids: list[RecordingId], rows: list[int], **changes: float
) -> ClusteringId:
    """A clustering in rows as a run would have left it; `rows` are the library's of these recordings."""
    space = await spaces.serving(c)
    assert space is not None
    recording = dict(zip((row + 1 for row in rows), ids, strict=True))
    lineages = await clusterings.new_lineages(c, len(found.groups))
    return await clusterings.save(
        c,
        run=None,
        space=space.id,
        source="vectors",
        parameters={"algorithm": "kmeans", "max_songs_per_artist": 0},
        seed=1,
        score=found.score,
        recordings=len(ids),
        mean_distance=changes.get("mean_distance", 0.8),
        model=found.model.to_bytes(),
        servers=None,
        libraries=None,
        remarks=(),
        clusters=[
            NewCluster(
                lineage=lineages[place],
                place=place,
                position=place if len(group.playlist) else None,
                name=f"Group {place}",
                description="",
                centroid=b"",
                members=[
                    (recording[one], distance)
                    for one, distance in zip(group.members.tolist(), group.distances.tolist(), strict=True)
                ],
                order=[recording[one] for one in group.playlist.tolist()],
            )
            for place, group in enumerate(found.groups)
        ],
    )


def assigning(pool: Pool, wake: Wake) -> AssignDrain:
    return AssignDrain(pool, wake, TIMERS)


async def test_new_music_joins_its_group_and_its_playlist(
    pool: Pool, wake: Wake, running: Running, library: tuple[Corpus, Clustering]
) -> None:
    songs, found = library
    rows = np.arange(150)
    old = rows % 5 != 0
    async with pool.connection() as c:
        ids = await fill(c, 120, corpus=part_of(songs, old))
        clustering = await keep(c, found, ids, rows[old].tolist())
        before = await playlists(c)
        coming = await fill(c, 30, corpus=part_of(songs, ~old))
    expected = found.model.assign(songs.vectors[~old])

    async def joined() -> bool:
        async with pool.connection() as c:
            return len(await groups(c, clustering)) == 150

    async with running(assigning(pool, wake)):
        await until(joined)
    async with pool.connection() as c:
        placed, after = await groups(c, clustering), await playlists(c)
    assert [placed[one] for one in coming] == expected.groups.tolist()
    near = {one for one, fits in zip(coming, expected.near.tolist(), strict=True) if fits}
    played = {song for order in after.values() for song in order}
    assert {one for one in coming if one in played} == {
        one for one in near if len(found.groups[placed[one]].playlist)
    }
    assert near
    for lineage, order in before.items():
        new = set(after[lineage]) - set(order)
        kept = [song for song in after[lineage] if song not in new]
        assert sorted(kept) == sorted(order)


async def test_what_is_far_from_every_group_joins_one_but_is_not_played(
    pool: Pool, wake: Wake, running: Running, library: tuple[Corpus, Clustering]
) -> None:
    songs, found = library
    rows = np.arange(150)
    old = rows % 5 != 0
    far = replace(part_of(songs, rows == 0), vectors=songs.vectors[:1] * -50)
    async with pool.connection() as c:
        clustering = await keep(c, found, await fill(c, 120, corpus=part_of(songs, old)), rows[old].tolist())
        before = await playlists(c)
        (odd,) = await fill(c, 1, corpus=far)

    async def joined() -> bool:
        async with pool.connection() as c:
            return odd in await groups(c, clustering)

    async with running(assigning(pool, wake)):
        await until(joined)
    async with pool.connection() as c:
        assert await playlists(c) == before


async def test_drift_asks_for_new_groups_once(
    pool: Pool, wake: Wake, running: Running, library: tuple[Corpus, Clustering]
) -> None:
    songs, found = library
    rows = np.arange(150)
    old = rows % 5 != 0
    async with pool.connection() as c:
        await keep(c, found, await fill(c, 120, corpus=part_of(songs, old)), rows[old].tolist())
    reclustering = Reclustering(pool, wake, Habits())
    await reclustering.consider()
    assert await wanted(pool) == []
    async with pool.connection() as c:
        await fill(c, 30, corpus=part_of(songs, ~old))
    async with running(assigning(pool, wake), DriftDrain(reclustering, TIMERS)):

        async def asked() -> bool:
            return len(await wanted(pool)) == 1

        await until(asked)
    async with pool.connection() as c:
        await runs.cancel(c, (await wanted(pool))[0].id)
    await reclustering.consider()
    assert len(await wanted(pool)) == 1  # the pause holds, though nothing came of it


async def test_a_library_that_doubled_does_not_make_runs_that_fail_come_again_and_again(
    pool: Pool, wake: Wake, running: Running, library: tuple[Corpus, Clustering]
) -> None:
    songs, found = library
    old = np.arange(150) % 5 != 0
    async with pool.connection() as c:
        await keep(c, found, await fill(c, 120, corpus=part_of(songs, old)), np.arange(150)[old].tolist())
        await c.execute("update clusterings set recordings = 20")
        await fill(c, 30, corpus=part_of(songs, ~old))
    reclustering = Reclustering(pool, wake, Habits())
    async with running(assigning(pool, wake), DriftDrain(reclustering, TIMERS)):

        async def asked() -> bool:
            return len(await wanted(pool)) == 1

        await until(asked)
    async with pool.connection() as c:
        await c.execute("update runs set state = 'SUCCESS', finished_at = now()")
    await reclustering.consider()
    [again] = [run for run in await wanted(pool) if run.finished_at is None]  # the pause does not hold
    async with pool.connection() as c:
        await runs.cancel(c, again.id)
    await reclustering.consider()
    assert len(await wanted(pool)) == 2


async def test_the_first_groups_come_by_themselves_when_enough_was_heard(pool: Pool, wake: Wake) -> None:
    reclustering = Reclustering(pool, wake, Habits())
    async with pool.connection() as c:
        await fill(c, 49)
    await reclustering.consider()
    assert await wanted(pool) == []
    async with pool.connection() as c:
        await fill(c, 2, seed=1)
    await Reclustering(pool, wake, Habits(automatic=False)).consider()
    assert await wanted(pool) == []
    await reclustering.consider()
    (run,) = await wanted(pool)
    assert run.arguments["automatic"] is True


@pytest.mark.parametrize(
    ("more", "told"), [(0, "0.0% of the library came or went; the groups stay."), (6, "Run ")]
)
async def test_a_schedule_looks_whether_enough_has_changed(
    pool: Pool,
    wake: Wake,
    running: Running,
    library: tuple[Corpus, Clustering],
    more: int,
    told: str,
) -> None:
    songs, found = library
    rows = np.arange(150)
    old = rows % 5 != 0
    async with pool.connection() as c:
        await keep(c, found, await fill(c, 120, corpus=part_of(songs, old)), rows[old].tolist())
    if more:
        async with pool.connection() as c:
            await fill(c, more, corpus=part_of(songs, (rows % 5 == 0) & (rows < 5 * more)))
        async with running(assigning(pool, wake)):

            async def joined() -> bool:
                async with pool.connection() as c:
                    newest = await clusterings.newest(c)
                    assert newest is not None
                    return (await clusterings.changes(c, newest)).added == more

            await until(joined)
    async with pool.connection() as c:
        run = await runs.create(c, "recluster")
    handler = Reclustering(pool, wake, Habits(automatic=False))
    async with running(RunDrain(pool, "recluster", handler, identity="w", slots=1, timers=TIMERS)):
        over = await ended(pool, run)
    assert over.state is RunState.SUCCESS
    assert told in over.message
    assert len(await wanted(pool)) == bool(more)


async def groups(c: Connection, clustering: ClusteringId) -> dict[RecordingId, int]:
    """The place of each recording's group."""
    clusters = await clusterings.all_clusters(c, clustering)
    members = await clusterings.members(c, [one.id for one in clusters])
    return {member.recording: one.place for one in clusters for member in members[one.id]}


async def playlists(c: Connection) -> dict[int, list[RecordingId]]:
    newest = await clusterings.newest(c)
    assert newest is not None
    return {one.lineage: one.recordings for one in await clusterings.chosen(c, newest)}


async def wanted(pool: Pool) -> list[runs.Run]:
    async with pool.connection() as c:
        return list(await runs.list_(c, kind="clustering"))
