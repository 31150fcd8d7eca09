"""Everything is killed at once, again and again, while rows are written: nothing committed is lost."""

import contextlib
import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from segue.up import Plan
from tests.daemon.up.running import Up, free_port, is_free, plan_for, processes_on, stand_in, wait_for
from tests.e2e.songs import write_chord

pytestmark = [pytest.mark.slow, pytest.mark.faults, pytest.mark.timeout(900)]

_ROUNDS = 10
_SONGS = 48
_RATE = 16000


Start = Callable[[Plan], Up]


@pytest.fixture
def data(open_folder: Path) -> Path:
    return open_folder / "data"


@pytest.fixture
def start(open_folder: Path) -> Iterator[Start]:
    """Starts one life after the other and waits until it is ready."""
    lives: list[Up] = []

    def begin(plan: Plan) -> Up:
        lives.append(Up(plan, open_folder))
        wait_for(lambda: lives[-1].said().count("Stop with Ctrl-C") == len(lives), seconds=90)
        return lives[-1]

    yield begin
    _kill_all(open_folder)
    for life in lives:
        life.process.wait(30)


def test_ten_times_everything_is_killed_while_it_hears_music(
    data: Path, open_folder: Path, start: Start
) -> None:
    """The real daemon and worker, and beside them a writer that notes each commit it was told of."""
    music = _songs(open_folder / "music")
    real = Plan(data_dir=data, port=free_port(), music=music)
    plan = replace(real, parts=(*real.parts, stand_in("write")))
    chance = random.Random(20)
    for life in range(1, _ROUNDS + 1):
        up = start(plan)
        assert _noted(data) <= _stored(data), f"lost in life {life}"
        _await_writes(data, chance.randint(20, 400))
        assert _kill_all(open_folder) >= 8, "supervisor, database with its parts, queue, three programs"
        up.process.wait(30)
        wait_for(lambda: not processes_on(data), seconds=30)
        wait_for(lambda: is_free(plan.port), seconds=30)
    up = start(plan)
    assert _noted(data) <= _stored(data)
    wait_for(lambda: _ask(data, "select count(*) from analyses") == _SONGS, seconds=240)
    wait_for(lambda: _ask(data, "select count(*) from runs where finished_at is null") == 0, seconds=120)
    assert up.stop() == 0


def test_only_the_supervisor_is_killed_and_the_next_start_comes_at_once(data: Path, start: Start) -> None:
    plan = plan_for(data, stand_in("serve"), stand_in("write"))
    for _ in range(3):  # while the children of the killed one still end
        up = start(plan)
        assert _noted(data) <= _stored(data)
        _await_writes(data, 100)
        up.process.kill()
        up.process.wait(30)
    wait_for(lambda: not processes_on(data), seconds=15)


def test_the_database_alone_is_killed_and_comes_back(data: Path, start: Start) -> None:
    up = start(plan_for(data, stand_in("serve"), stand_in("write")))
    killed: set[int] = set()
    for _ in range(3):
        _await_writes(data, 100)
        wait_for(lambda: _postmaster(data) not in {None, *killed}, seconds=90)
        killed.add(_kill_postmaster(data))
    wait_for(lambda: _postmaster(data) not in {None, *killed}, seconds=90)
    _await_writes(data, 1)
    assert _noted(data) <= _stored(data)
    assert up.stop() == 0


def _postmaster(data: Path) -> int | None:
    """The process that the database's own note names; that of a killed one stays until the next begins.

    A connection outlives its killed postmaster for a moment and may go on writing.
    """
    try:
        words = (data / "pg/postmaster.pid").read_text().split()
    except FileNotFoundError:
        return None
    return int(words[0]) if words else None


def _kill_postmaster(data: Path) -> int:
    process = _postmaster(data)
    assert process is not None
    os.kill(process, signal.SIGKILL)
    return process


def _await_writes(data: Path, more: int) -> None:
    wanted = len(_noted(data)) + more
    wait_for(lambda: len(_noted(data)) >= wanted, seconds=90)


def _noted(data: Path) -> set[int]:
    """Rows whose commit somebody was told of; a line cut short by the kill was not told."""
    file = data / "noted"
    lines = file.read_text().split("\n")[:-1] if file.exists() else []
    return {int(line) for line in lines}


def _stored(data: Path) -> set[int]:
    with _connected(data) as connection:
        if connection.execute("select to_regclass('written')").fetchone() == (None,):
            return set()  # its writer has not made it yet
        return {row[0] for row in connection.execute("select id from written")}


def _ask(data: Path, question: str) -> int:
    with _connected(data) as connection:
        row = connection.execute(question).fetchone()
    assert row is not None
    number: int = row[0]
    return number


def _connected(data: Path) -> psycopg.Connection:
    """It may be recovering from the kill just now."""
    deadline = time.monotonic() + 60
    while True:
        try:
            return psycopg.connect(host=str(data / "run"), user="segue", dbname="segue")
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def _songs(folder: Path) -> Path:
    folder.mkdir()
    for number in range(_SONGS):
        write_chord(folder / f"chord {number}.wav", number)
    return folder


def _kill_all(folder: Path) -> int:
    """Leave nobody time to tidy up."""
    victims = processes_on(folder)
    for pid in victims:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return len(victims)
