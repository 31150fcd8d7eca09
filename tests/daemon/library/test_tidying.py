"""What is long over is forgotten, and nothing of a server that is in trouble."""

from segue.library.tidying import Tidied, tidy
from segue.model import TrackId
from segue.store import exclusions, runs
from segue.store.exclusions import Filter
from tests.daemon.library.conftest import Library, songs


async def _execute(library: Library, statement: str) -> None:
    async with library.pool.connection() as c:
        await c.execute(statement.encode())


async def _lose_one(library: Library) -> None:
    """A track is missing for 40 days, and the walk of today agreed."""
    library.far.hold(*songs(10))
    await library.walk()
    del library.far.tracks[TrackId("3.flac")]
    await library.walk()
    await _execute(
        library,
        "update tracks set missing_since = now() - interval '40 days' where not missing_since is null",
    )


async def test_what_is_missing_for_long_goes_with_what_only_it_played(library: Library) -> None:
    await _lose_one(library)
    assert await tidy(library.pool, missing_days=50, run_days=0) == Tidied()
    assert await tidy(library.pool, missing_days=0, run_days=0) == Tidied()
    assert await tidy(library.pool, missing_days=30, run_days=0) == Tidied(tracks=1, recordings=1)
    assert await library.missing() == {}
    assert len(await library.present()) == 10 - 1
    library.far.hold(songs(4)[3])
    assert (await library.walk()).new == 1


async def test_what_others_have_too_is_kept(library: Library) -> None:
    await _lose_one(library)
    other = await library.registry.add("cellar", "memory", {})
    assert other is not None
    library.far.hold(songs(4)[3])
    await Library(library.pool, library.registry, library.far, other.id).walk()
    assert await tidy(library.pool, missing_days=30, run_days=0) == Tidied(tracks=1, recordings=0)


async def test_nothing_goes_while_the_server_is_in_trouble(library: Library) -> None:
    await _lose_one(library)
    for trouble, well in (
        ("state = 'lost'", "state = 'connected'"),
        ("state = 'refused'", "state = 'connected'"),
        ("withdrawn = true", "withdrawn = false"),
        ("loss_doubted_at = now()", "loss_doubted_at = null"),
        ("last_walk_at = now() - interval '50 days'", "last_walk_at = now()"),
    ):
        await _execute(library, f"update servers set {trouble}")
        assert await tidy(library.pool, missing_days=30, run_days=0) == Tidied(), trouble
        await _execute(library, f"update servers set {well}")
    assert (await tidy(library.pool, missing_days=30, run_days=0)).tracks == 1


async def test_what_is_left_out_is_never_forgotten(library: Library) -> None:
    library.far.hold(*songs(3))
    await library.walk()
    async with library.pool.connection() as c:
        await exclusions.set_filter(c, library.server, Filter(exclude_paths=("*",)))
    await _execute(library, "update tracks set missing_since = now() - interval '40 days'")
    assert await tidy(library.pool, missing_days=30, run_days=0) == Tidied()


async def test_runs_that_ended_long_ago_go_with_those_below_them(library: Library) -> None:
    async with library.pool.connection() as c:
        old = await runs.create(c, "walk")
        await runs.create(c, "walk", parent=old, server=library.server)
        await runs.log(c, old, "info", "A line.")
        await c.execute(
            "update runs set state = 'SUCCESS', finished_at = now() - interval '40 days' where id = %s", [old]
        )
        assert await runs.purge(c, days=30, most=100) == 0, "one below it has not ended"
        await c.execute("update runs set state = 'SUCCESS', finished_at = now() where parent_id is not null")
        assert await runs.purge(c, days=50, most=100) == 0
        assert await runs.purge(c, days=30, most=100) == 1
        assert await runs.list_(c) == []
        for _ in range(5):
            run = await runs.create(c, "preview", server=library.server)
            await c.execute("update runs set state = 'SUCCESS', finished_at = now() where id = %s", [run])
        unfinished = await runs.create(c, "preview", server=library.server)
        assert await runs.purge(c, days=30, most=2) == 3
        assert unfinished in [run.id for run in await runs.list_(c)]
