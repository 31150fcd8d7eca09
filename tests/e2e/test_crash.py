"""Everything is killed at once, again and again, while rows are written: nothing committed is lost."""

import contextlib
import os
import random
import signal
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.daemon.up.running import Up, is_free, plan_for, processes_on, stand_in, wait_for, with_table

pytestmark = [pytest.mark.slow, pytest.mark.faults, pytest.mark.timeout(600)]

_ROUNDS = 10


@pytest.fixture
def data(open_folder: Path) -> Iterator[Path]:
    yield open_folder / "data"
    _kill_all(open_folder)


def test_ten_times_everything_is_killed_and_no_committed_row_is_lost(data: Path, open_folder: Path) -> None:
    chance = random.Random(20)
    plan = with_table(plan_for(data, stand_in("serve"), stand_in("write")))
    for life in range(1, _ROUNDS + 1):
        up = Up(plan, open_folder)
        wait_for(lambda: up.said().count("Stop with Ctrl-C") == life, seconds=60)  # noqa: B023
        assert _noted(data) <= _stored(data), f"lost in life {life}"
        grown = len(_noted(data)) + chance.randint(20, 400)
        wait_for(lambda: len(_noted(data)) > grown, seconds=60)  # noqa: B023
        assert _kill_all(open_folder) >= 8, "supervisor, database with its parts, queue, two programs"
        up.process.wait(10)
        wait_for(lambda: not processes_on(data), seconds=10)
        assert is_free(plan.port)
    assert len(_noted(data)) > 20 * _ROUNDS


def test_only_the_supervisor_is_killed_and_the_next_start_finds_everything_in_order(
    data: Path, open_folder: Path
) -> None:
    plan = with_table(plan_for(data, stand_in("serve"), stand_in("write")))
    for life in range(1, 4):
        up = Up(plan, open_folder)  # at once, while the children of the killed one still end
        wait_for(lambda: up.said().count("Stop with Ctrl-C") == life, seconds=60)  # noqa: B023
        assert _noted(data) <= _stored(data)
        grown = len(_noted(data)) + 100
        wait_for(lambda: len(_noted(data)) > grown, seconds=60)  # noqa: B023
        up.process.kill()
        up.process.wait(10)
    wait_for(lambda: not processes_on(data), seconds=15)


def test_the_database_alone_is_killed_and_comes_back(data: Path, open_folder: Path) -> None:
    plan = with_table(plan_for(data, stand_in("serve"), stand_in("write")))
    up = Up(plan, open_folder)
    up.await_saying("Stop with Ctrl-C")
    for _ in range(3):
        grown = len(_noted(data)) + 100
        wait_for(lambda: len(_noted(data)) > grown, seconds=60)  # noqa: B023
        os.kill(int((data / "pg/postmaster.pid").read_text().split()[0]), signal.SIGKILL)
    wait_for(lambda: _noted(data) <= _stored(data), seconds=60)
    assert up.stop() == 0


def _noted(data: Path) -> set[int]:
    """Rows whose commit somebody was told of; a line cut short by the kill was not told."""
    file = data / "noted"
    lines = file.read_text().split("\n")[:-1] if file.exists() else []
    return {int(line) for line in lines}


def _stored(data: Path) -> set[int]:
    try:
        with psycopg.connect(host=str(data / "run"), user="segue", dbname="segue") as connection:
            return {row[0] for row in connection.execute("select id from written")}
    except psycopg.OperationalError:
        return set()


def _kill_all(folder: Path) -> int:
    """Leave nobody time to tidy up."""
    victims = processes_on(folder)
    for pid in victims:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return len(victims)
