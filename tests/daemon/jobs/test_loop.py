"""A loop looks when woken, when something is due and at heartbeats; errors cost a pause."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

from psycopg import OperationalError
from structlog.testing import capture_logs

from segue.jobs.loop import Loop
from segue.jobs.timers import Timers, pause_after
from tests.daemon.jobs.conftest import QUICK
from tests.faults.waiting import until


class Looks:
    """Counts looks; `answer` is what each gives or raises."""

    def __init__(self, answer: Callable[[], float | None] = lambda: None) -> None:
        self.count = 0
        self.answer = answer

    async def __call__(self) -> float | None:
        self.count += 1
        await asyncio.sleep(0)
        return self.answer()


@asynccontextmanager
async def looping(look: Looks, timers: Timers = QUICK) -> AsyncIterator[Loop]:
    loop = Loop("walk", look, timers)
    task = asyncio.create_task(loop.run())
    try:
        yield loop
    finally:
        task.cancel()
        await asyncio.wait([task])


async def test_it_looks_at_once_and_then_only_when_woken() -> None:
    look = Looks()
    async with looping(look) as loop:
        await until(lambda: look.count == 1)
        for _ in range(50):
            await asyncio.sleep(0)
        assert look.count == 1
        loop.wake()
        await until(lambda: look.count == 2)


async def test_a_wake_during_a_look_is_not_lost() -> None:
    look = Looks()
    async with looping(look) as loop:
        look.answer = lambda: loop.wake() if look.count < 3 else None
        await until(lambda: look.count == 3)


async def test_it_looks_again_when_something_becomes_due_and_at_heartbeats() -> None:
    due = Looks(lambda: 0.01)
    beats = Looks(lambda: 1000)
    async with looping(due), looping(beats, replace(QUICK, heartbeat=0.01)):
        await until(lambda: due.count > 3 and beats.count > 3)


async def test_rows_that_are_always_due_do_not_make_it_spin() -> None:
    look = Looks(lambda: 0.0)
    async with looping(look):
        await asyncio.sleep(0.3)
    assert look.count <= 8


async def test_a_lost_database_is_told_once_and_outlived() -> None:
    def lost() -> None:
        raise OperationalError("gone")

    look = Looks(lost)
    with capture_logs() as logs:
        async with looping(look):
            await until(lambda: look.count == 4)
            look.answer = lambda: None
            await until(lambda: logs[-1]["event"] == "work_resumed")
    assert [line["event"] for line in logs] == ["work_paused", "work_resumed"]


async def test_an_error_of_ours_is_told_and_outlived() -> None:
    look = Looks(lambda: 1 // 0)
    with capture_logs() as logs:
        async with looping(look):
            await until(lambda: look.count == 2)
    assert {line["event"] for line in logs} == {"look_broke"}


def test_pauses_double_up_to_a_limit() -> None:
    assert [pause_after(n, first=1, longest=5) for n in (1, 2, 3, 4, 10_000)] == [1, 2, 4, 5, 5]
