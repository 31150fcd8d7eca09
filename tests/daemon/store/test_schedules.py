"""Schedules: cron as people know it, each moment at most once, however many processes look."""

import asyncio
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from segue.model import RunId
from segue.store import runs, schedules
from segue.store.pool import Connection, Pool
from segue.store.schedules import Schedule, ScheduleError

BERLIN = ZoneInfo("Europe/Berlin")


def moments(cron: str, start: str, count: int) -> list[str]:
    found = []
    moment: datetime | None = datetime.fromisoformat(start).replace(tzinfo=BERLIN)
    for _ in range(count):
        assert moment is not None
        moment = schedules.after(cron, "Europe/Berlin", moment)
        found.append(f"{moment:%d.%m. %H:%M %Z}")
    return found


def test_steps_and_days_are_those_of_cron() -> None:
    assert moments("*/20 * * * *", "2026-03-27 20:00", 3) == [
        "27.03. 20:20 CET", "27.03. 20:40 CET", "27.03. 21:00 CET",
    ]  # fmt: skip
    either = moments("0 0 13 * 5", "2026-04-04 00:00", 3)  # day of month or day of week
    assert either == ["10.04. 00:00 CEST", "13.04. 00:00 CEST", "17.04. 00:00 CEST"]
    assert moments("0 12 31 * *", "2026-03-31 13:00", 2) == ["31.05. 12:00 CEST", "31.07. 12:00 CEST"]


def test_an_hour_that_does_not_exist_or_exists_twice_is_met_once() -> None:
    assert moments("30 2 * * *", "2026-03-28 03:00", 2) == ["29.03. 03:00 CEST", "30.03. 02:30 CEST"]
    assert moments("30 2 * * *", "2026-10-24 03:00", 2) == ["25.10. 02:30 CEST", "26.10. 02:30 CET"]


@pytest.mark.parametrize("cron", ["", "* * * *", "61 * * * *", "0 0 30 2 *", "hourly"])
async def test_nonsense_is_refused_with_a_sentence(pool: Pool, cron: str) -> None:
    async with pool.connection() as c:
        with pytest.raises(ScheduleError, match="cron expression"):
            await schedules.upsert(c, "bad", kind="walk", cron=cron)


@pytest.mark.parametrize("zone", ["Nowhere/Land", "", "../etc/passwd"])
async def test_an_unknown_zone_is_refused(pool: Pool, zone: str) -> None:
    async with pool.connection() as c:
        with pytest.raises(ScheduleError, match="time zone"):
            await schedules.upsert(c, "bad", kind="walk", cron="0 4 * * *", timezone=zone)


async def make_due(c: Connection, name: str = "nightly", *, cron: str = "0 4 * * *") -> Schedule:
    await schedules.upsert(c, name, kind="demo", cron=cron, arguments={"deep": True})
    await c.execute("update schedules set next_due_at = now() - interval '3 days' where name = %s", [name])
    schedule = await schedules.get(c, name)
    assert schedule is not None
    return schedule


async def test_a_schedule_is_given_once(pool: Pool) -> None:
    async with pool.connection() as c:
        assert await schedules.give_once(c, "weekly", kind="recluster", cron="30 3 * * 1")
        assert await schedules.remove(c, "weekly")
        assert not await schedules.give_once(c, "weekly", kind="recluster", cron="30 3 * * 1")
        assert await schedules.get(c, "weekly") is None


async def test_a_schedule_can_be_made_changed_and_removed(pool: Pool) -> None:
    async with pool.connection() as c:
        first = await schedules.upsert(c, "nightly", kind="walk", cron="0 4 * * *")
        second = await schedules.upsert(c, "nightly", kind="walk", cron="0 5 * * *", enabled=False)
        assert first.id == second.id
        assert first.next_due_at is not None
        assert second.next_due_at is not None
        assert (first.next_due_at.hour, second.next_due_at.hour) == (4, 5)
        assert [schedule.name for schedule in await schedules.all_(c)] == ["nightly"]
        assert await schedules.next_look(c) is None
        assert await schedules.remove(c, "nightly")
        assert not await schedules.remove(c, "nightly")


async def test_a_due_moment_begins_one_run_and_missed_ones_are_made_up_for_once(pool: Pool) -> None:
    async with pool.connection() as c:
        schedule = await make_due(c)
        assert await schedules.next_look(c) == 0
        assert [found.name for found in await schedules.due(c)] == ["nightly"]
        run = await schedules.fire(c, schedule)
        assert run is not None
        begun = await runs.get(c, run)
        assert begun is not None
        assert (begun.kind, begun.schedule_id, begun.due_at) == ("demo", schedule.id, schedule.next_due_at)
        assert begun.arguments == {"deep": True}
        assert await schedules.due(c) == []
        assert await schedules.fire(c, schedule) is None
        seconds = await schedules.next_look(c)
    assert seconds is not None
    assert 0 < seconds <= 86400


async def test_many_processes_fire_a_moment_once(pool: Pool) -> None:
    async with pool.connection() as c:
        for number in range(5):
            await make_due(c, f"s{number}")

    async def process() -> list[RunId | None]:
        async with pool.connection() as c:
            due = await schedules.due(c)
        fired = []
        for schedule in due:
            async with pool.connection() as c:
                fired.append(await schedules.fire(c, schedule))
        return fired

    fired = await asyncio.gather(*(process() for _ in range(6)))
    assert len([run for some in fired for run in some if run is not None]) == 5
    async with pool.connection() as c:
        assert len(await runs.list_(c, kind="demo")) == 5


async def test_a_removed_schedules_runs_stay(pool: Pool) -> None:
    async with pool.connection() as c:
        run = await schedules.fire(c, await make_due(c))
        assert run is not None
        await schedules.remove(c, "nightly")
        assert await runs.get(c, run) is not None
