"""Wanted recordings are heard, counted in one run, and fail alone."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, time
from pathlib import Path

import pytest

import tests.fakes
from segue.children import Limits
from segue.clustering.limits import FEWEST_RECORDINGS
from segue.jobs.hearing import Ears, HearingDrain
from segue.jobs.recluster import DriftDrain, Habits, Reclustering
from segue.jobs.sparing import NEVER_QUIET, QuietHours, rest_after
from segue.jobs.timers import Timers
from segue.model import Quality, RecordingId, RunId, RunState
from segue.sdk import AuthFailed, Unavailable
from segue.store import hearing_runs, hearing_workers, recordings, runs
from segue.store.pool import Pool
from segue.store.runs import Run
from segue.wake import Wake
from tests.daemon.jobs.conftest import QUICK, Running
from tests.daemon.store_recordings.rows import add_recording
from tests.fakes.shelf import Shelf
from tests.faults.waiting import until

EARS = Ears(
    slots=2,
    limits=Limits(nice=0, memory_bytes=0),
    target=Quality.FAST,
    function="hearing:hear",
    search=tuple(Path(path) for path in tests.fakes.__path__),
)


class House:
    """A shelf of songs, their rows, and drains that hear them."""

    def __init__(self, pool: Pool, wake: Wake, folder: Path) -> None:
        self.pool = pool
        self.wake = wake
        self.shelf = Shelf(folder)

    def drain(self, *, ears: Ears = EARS, identity: str = "w", timers: Timers = QUICK) -> HearingDrain:
        return HearingDrain(self.pool, self.shelf, self.wake, ears=ears, identity=identity, timers=timers)

    async def set_state(self, state: str) -> None:
        async with self.pool.connection() as c:
            await c.execute("update servers set state = %s", [state])

    async def song(self, name: str, content: str | None = None) -> RecordingId:
        """A wanted recording, with a file on the shelf unless there is no content."""
        if content is not None:
            (self.shelf.folder / name).write_text(content)
        async with self.pool.connection() as c:
            recording = await add_recording(c, wanted="fast", track_id=name, path=f"Some Album/{name}")
        await self.wake("analyse")
        return recording

    async def column(self, recording: RecordingId, name: str) -> object:
        async with self.pool.connection() as c:
            cursor = await c.execute(f"select {name} from recordings where id = %s".encode(), [recording])
            row = await cursor.fetchone()
        assert row is not None
        return row[0]

    async def runs(self, kind: str = "analyse") -> list[Run]:
        async with self.pool.connection() as c:
            return list(await runs.list_(c, kind=kind))

    async def all_ended(self) -> bool:
        found = await self.runs()
        return bool(found) and all(run.finished for run in found)

    async def number(self, table: str) -> int:
        async with self.pool.connection() as c:
            cursor = await c.execute(f"select count(*) from {table}".encode())
            row = await cursor.fetchone()
        assert row is not None
        return int(row[0])


@pytest.fixture
def house(pool: Pool, wake: Wake, tmp_path: Path) -> House:
    return House(pool, wake, tmp_path)


def is_(house: House, recording: RecordingId, name: str, value: object) -> Callable[[], Awaitable[bool]]:
    async def fact() -> bool:
        return await house.column(recording, name) == value

    return fact


async def test_what_is_wanted_is_heard_and_counted_in_one_run(house: House, running: Running) -> None:
    for number in range(12):
        await house.song(f"{number}.ogg", f"song {number}")
    async with running(house.drain(identity="a"), house.drain(identity="b")):
        await until(house.all_ended, seconds=30)
    (run,) = await house.runs()
    assert (run.state, run.done, run.failed, run.total) == (RunState.SUCCESS, 12, 0, 12)
    assert run.message == "12 heard."
    assert await house.number("analyses") == await house.number("embeddings") == 12


async def test_the_first_groups_are_asked_for_once_the_last_song_is_heard(
    house: House, running: Running
) -> None:
    for number in range(FEWEST_RECORDINGS):
        await house.song(f"{number}.ogg", f"song {number}")
    drift = DriftDrain(Reclustering(house.pool, house.wake, Habits()), QUICK)

    async def asked() -> bool:
        return bool(await house.runs("clustering"))

    async with running(house.drain(), drift):
        await until(house.all_ended, seconds=30)
        await until(asked, seconds=QUICK.heartbeat / 2)


async def test_a_file_that_cannot_be_heard_fails_alone_with_its_reason(
    house: House, running: Running
) -> None:
    good, bad = await house.song("good.ogg", "song"), await house.song("bad.ogg", "broken")
    async with running(house.drain()):
        await until(house.all_ended, seconds=30)
    (run,) = await house.runs()
    assert (run.state, run.done, run.failed) == (RunState.SUCCESS, 1, 1)
    assert run.message == "1 heard, 1 could not be heard."
    assert await house.column(bad, "failure") == "The file is broken."
    assert await house.column(good, "failure") is None
    async with house.pool.connection() as c:
        assert (await runs.log_after(c, run.id))[0].line == "bad.ogg: The file is broken."


async def test_a_crashing_decoder_is_tried_again_and_then_left_alone(house: House, running: Running) -> None:
    bad, good = await house.song("bad.ogg", "crash"), await house.song("good.ogg", "song")
    async with running(house.drain()):
        await until(is_(house, good, "wanted", None), seconds=30)
        await until(is_(house, bad, "attempts", 1))
    async with house.pool.connection() as c:
        await c.execute("update recordings set attempts = 2, not_before = null where id = %s", [bad])
    async with running(house.drain()):
        await until(house.all_ended, seconds=30)
    failure = await house.column(bad, "failure")
    assert failure == "The decoder failed: ended with exit status 9."


async def test_a_hanging_decoder_is_killed(house: House, running: Running) -> None:
    song = await house.song("slow.ogg", "slow 1000")
    async with running(house.drain(ears=replace(EARS, deadline_seconds=0.2))):
        await until(is_(house, song, "failure", "The decoder failed: took longer than 0.2 seconds."))
    assert await house.column(song, "wanted") == "fast"


@pytest.mark.parametrize("error", [Unavailable("It sleeps."), AuthFailed("Wrong password.")])
async def test_a_server_that_does_not_lend_postpones(
    house: House, running: Running, error: Unavailable | AuthFailed
) -> None:
    house.shelf.failing = error
    song = await house.song("good.ogg", "song")
    async with running(house.drain()):
        await until(is_(house, song, "failure", str(error)))
        assert await house.column(song, "not_before > now() + interval '10 seconds'")
        assert await house.column(song, "lease_owner") is None
        assert not await house.all_ended()
        house.shelf.failing = None
        async with house.pool.connection() as c:
            await c.execute("update recordings set not_before = null")
        await house.wake("analyse")
        await until(house.all_ended)
    assert await house.column(song, "failure") is None


async def test_a_lost_servers_songs_wait_until_it_is_back(house: House, running: Running) -> None:
    song = await house.song("good.ogg", "song")
    await house.set_state("lost")
    house.shelf.failing = Unavailable("It sleeps.")
    timers = replace(QUICK, heartbeat=0.1)
    async with running(house.drain(timers=timers), timers=timers):
        await until(lambda: house.shelf.asked > 2)
        assert await house.column(song, "attempts") == 0
        assert not await house.all_ended()
        house.shelf.failing = None
        await until(lambda: house.shelf.probed > 0)
        await house.set_state("connected")  # as the registry does
        await until(house.all_ended)
    assert await house.column(song, "wanted") is None


async def test_a_track_that_is_not_there_wants_a_walk(house: House, running: Running) -> None:
    song = await house.song("gone.ogg")
    async with running(house.drain()):
        await until(is_(house, song, "failure", "There is no gone.ogg on the shelf."))
    (walk,) = await house.runs("walk")
    assert walk.server_id is not None


async def test_cancelling_the_run_takes_back_what_is_not_yet_heard(house: House, running: Running) -> None:
    songs = [await house.song(f"{number}.ogg", "slow 1000") for number in range(5)]
    async with running(house.drain()):
        await until(is_(house, songs[4], "lease_owner is not null", True))
        (run,) = await house.runs()
        async with house.pool.connection() as c:
            assert await runs.cancel(c, run.id) == 1
        later = await house.song("later.ogg", "song")
        await until(is_(house, later, "wanted", None))
        await until(house.all_ended)
    assert [await house.column(song, "wanted") for song in songs] == [None] * 5
    states = {run.state for run in await house.runs()}
    assert states == {RunState.REVOKED, RunState.SUCCESS}
    assert await house.number("analyses") == 1


async def test_a_stopping_worker_gives_recordings_back(house: House, running: Running) -> None:
    song = await house.song("slow.ogg", "slow 1000")
    async with running(house.drain()):
        await until(is_(house, song, "lease_owner is not null", True))
    assert await house.column(song, "lease_owner") is None
    assert await house.column(song, "attempts") == 0


async def test_better_quality_is_heard_after_the_first_pass(house: House, running: Running) -> None:
    song = await house.song("good.ogg", "song")
    async with running(house.drain(ears=replace(EARS, target=Quality.FULL, at_once=0))):
        await until(house.all_ended)
    (run,) = await house.runs()
    assert (run.done, run.total) == (2, 2)
    async with house.pool.connection() as c:
        assert (await recordings.standings(c, [song]))[0].heard == Quality.FULL


async def test_a_few_songs_are_heard_once_as_well_as_wanted(house: House, running: Running) -> None:
    songs = [await house.song(f"{number}.ogg", f"song {number}") for number in range(3)]
    async with running(house.drain(ears=replace(EARS, target=Quality.BALANCED, at_once=3))):
        await until(house.all_ended)
    (run,) = await house.runs()
    assert (run.done, run.total) == (3, 3)
    async with house.pool.connection() as c:
        found = await recordings.standings(c, songs)
    assert {one.heard for one in found} == {Quality.BALANCED}


async def test_the_first_songs_after_idle_looks_are_heard_once_too(house: House, running: Running) -> None:
    async def looked() -> bool:
        async with house.pool.connection() as c:
            return bool(await hearing_workers.present(c))

    async with running(house.drain(ears=replace(EARS, target=Quality.BALANCED, at_once=3))):
        await until(looked)
        songs = [await house.song(f"{number}.ogg", f"song {number}") for number in range(3)]
        await house.wake("analyse")
        for song in songs:
            await until(is_(house, song, "wanted", None))
        await until(house.all_ended)
    assert sum(run.done for run in await house.runs()) == 3


async def test_nothing_new_is_begun_in_quiet_hours(house: House, running: Running) -> None:
    now = datetime(2026, 1, 5, 23, 30, tzinfo=UTC)
    quiet = QuietHours(time(22), time(7), now=lambda: now)
    song = await house.song("good.ogg", "song")
    timers = replace(QUICK, heartbeat=0.1)
    async with running(house.drain(ears=replace(EARS, quiet=quiet), timers=timers), timers=timers):
        bell = house.shelf.asked
        now = datetime(2026, 1, 6, 6, 59, tzinfo=UTC)
        await house.wake("analyse")
        await until(is_(house, song, "wanted", "fast"))
        assert house.shelf.asked == bell == 0
        now = datetime(2026, 1, 6, 7, 0, tzinfo=UTC)
        await until(house.all_ended)
    assert await house.column(song, "wanted") is None


async def test_a_slow_server_does_not_keep_the_children_waiting(house: House, running: Running) -> None:
    for number in range(12):
        await house.song(f"{number}.ogg", f"song {number}")
    gate = house.shelf.gate = asyncio.Semaphore(0)
    async with running(house.drain(ears=replace(EARS, slots=1, ahead=5))):
        await until(lambda: house.shelf.waiting == 6)  # six downloads at a time for one child
        for _ in range(12):
            gate.release()
        await until(house.all_ended, seconds=30)
    (run,) = await house.runs()
    assert run.done == 12


def test_quiet_hours_may_go_past_midnight() -> None:
    at = datetime(2026, 1, 5, 23, 30, tzinfo=UTC)
    night, day = QuietHours.parse("22:00-07:00"), QuietHours.parse("09:00-17:30")
    assert replace(night, now=lambda: at).seconds_left() == 7.5 * 3600
    assert replace(night, now=lambda: at.replace(hour=7)).seconds_left() == 0
    assert replace(day, now=lambda: at.replace(hour=17, minute=0)).seconds_left() == 1800
    assert replace(day, now=lambda: at).seconds_left() == 0
    assert NEVER_QUIET.seconds_left() == 0


def test_rest_keeps_to_the_share_of_time() -> None:
    assert rest_after(10, percent=100) == 0
    assert rest_after(10, percent=25) == 30


async def test_a_run_whose_last_worker_died_is_ended_by_the_next_look(house: House, running: Running) -> None:
    async with house.pool.connection() as c:
        await add_recording(c, wanted="fast")
        run = await hearing_runs.join(c)
        await c.execute("update recordings set wanted = null")
    async with running(house.drain()):
        await until(house.all_ended)
    assert [found.id for found in await house.runs()] == [run]


async def test_a_run_wanted_by_a_person_ends_when_there_is_nothing_to_hear(
    house: House, running: Running
) -> None:
    async with house.pool.connection() as c:
        run: RunId = await runs.create(c, "analyse")
        assert await runs.create(c, "analyse") == run
    async with running(house.drain()):
        await until(house.all_ended)
    (ended,) = await house.runs()
    assert (ended.id, ended.state, ended.message) == (run, RunState.SUCCESS, "0 heard.")


async def test_a_second_better_hearing_is_in_the_total_from_the_start(pool: Pool) -> None:
    async with pool.connection() as c:
        for name in ("one", "two"):
            await add_recording(c, wanted="fast", track_id=name)
        await add_recording(c, wanted="balanced", track_id="three")
        run = await hearing_runs.join(c)
        assert run is not None
        await hearing_runs.recount(c, run, Quality.BALANCED)
        found = await runs.get(c, run)
    assert found is not None
    assert found.total == 5
