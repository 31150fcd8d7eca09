"""`segue up` with real services and stand-ins for our own programs."""

import os
import re
import signal
import socket
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from segue.embedded import unprivileged_account
from segue.up import Plan
from tests.daemon.up.running import (
    Up,
    is_free,
    plan_for,
    processes_on,
    python_for,
    stand_in,
    wait_for,
)

StartUp = Callable[[Plan], Up]


@pytest.fixture
def data(open_folder: Path) -> Path:
    return open_folder / "data"


def test_the_first_day_and_the_second(data: Path, start_up: StartUp) -> None:
    plan = plan_for(data)
    first = start_up(plan)
    first.await_saying("Stop with Ctrl-C")
    assert f"http://127.0.0.1:{plan.port}" in first.said()
    assert "segue_made_for_tests" in first.said()
    assert first.stop() == 0

    shown = first.said().count("segue_made_for_tests")
    second = start_up(plan)
    wait_for(lambda: second.said().count("Stop with Ctrl-C") == 2, seconds=60)
    assert second.said().count("segue_made_for_tests") == shown == 1
    assert str(data / "admin-token") in second.said()
    assert second.stop() == 0


@pytest.mark.parametrize(
    "number",
    [
        signal.SIGTERM,
        pytest.param(signal.SIGINT, marks=pytest.mark.slow),
        pytest.param(signal.SIGHUP, marks=pytest.mark.slow),
    ],
)
def test_stops_in_order_within_seconds(data: Path, start_up: StartUp, number: signal.Signals) -> None:
    up = start_up(plan_for(data))
    up.await_saying("Stop with Ctrl-C")
    wait_for((data / "working").exists, seconds=20)
    began = time.monotonic()
    assert up.stop(number) == 0
    assert time.monotonic() - began < 20
    assert [line.split()[0] for line in (data / "ended").read_text().splitlines()] == ["work", "serve"]
    assert "database system is shut down" in (data / "logs/postgres.log").read_text()
    assert processes_on(data) == []
    wait_for(lambda: is_free(up.plan.port), seconds=30)


@pytest.mark.slow
def test_a_second_wish_leaves_no_patience(data: Path, start_up: StartUp) -> None:
    up = start_up(plan_for(data, stand_in("serve"), stand_in("work", "cling", patience=100)))
    up.await_saying("Stop with Ctrl-C")
    wait_for((data / "clinging").exists, seconds=20)
    up.process.terminate()
    up.await_saying("Stopping.")
    assert up.stop(seconds=30) == 0
    assert processes_on(data) == []


@pytest.mark.slow
def test_what_does_not_end_is_killed_when_patience_ends(data: Path, start_up: StartUp) -> None:
    up = start_up(plan_for(data, stand_in("serve"), stand_in("work", "cling", patience=0.3)))
    up.await_saying("Stop with Ctrl-C")
    wait_for((data / "clinging").exists, seconds=20)
    assert up.stop(seconds=30) == 0
    assert "work does not end" in up.said()


def test_a_second_one_is_told_who_holds_the_data(data: Path, start_up: StartUp) -> None:
    first = start_up(plan_for(data))
    first.await_saying("Stop with Ctrl-C")
    second = start_up(plan_for(data))
    assert second.process.wait(60) == 1
    assert f"Another Segue (process {first.process.pid})" in second.said()
    assert first.process.poll() is None


def test_nothing_outlives_a_killed_supervisor(data: Path, start_up: StartUp) -> None:
    up = start_up(plan_for(data))
    up.await_saying("Stop with Ctrl-C")
    up.process.kill()
    wait_for(lambda: not processes_on(data), seconds=30)
    wait_for(lambda: is_free(up.plan.port), seconds=30)


@pytest.mark.slow
def test_dead_children_come_back(data: Path, start_up: StartUp) -> None:
    up = start_up(plan_for(data))
    up.await_saying("Stop with Ctrl-C")
    for name in ("serve", "work", "valkey", "postgres"):
        before = _children(up)
        (victim,) = [pid for pid, command in before.items() if _is(name, command)]
        os.kill(victim, signal.SIGKILL)
        up.await_saying(f"{name} ended (killed by SIGKILL); starting it again in 0.2 s")
        wait_for(lambda: len(_children(up)) == 4 and victim not in _children(up), seconds=30)  # noqa: B023
    wait_for(lambda: _can_connect(data), seconds=30)
    assert up.stop() == 0


@pytest.mark.slow
def test_one_that_always_dies_is_started_less_and_less_often(data: Path, start_up: StartUp) -> None:
    up = start_up(plan_for(data, stand_in("serve"), stand_in("work", "complain")))
    up.await_saying("starting it again in 5 s")
    assert "work ended (exit status 3); starting it again in 0.2 s" in up.said()
    assert "work: error server_lost server=attic" in up.said()
    assert "all_quiet" not in up.said()
    assert up.stop() == 0


def test_given_addresses_nothing_is_embedded(
    data: Path, start_up: StartUp, database_url: str, redis_url: str
) -> None:
    plan = plan_for(data, stand_in("serve"), stand_in("write"))
    up = start_up(replace(plan, database_url=database_url, redis_url=redis_url))
    up.await_saying("Stop with Ctrl-C")
    assert {path.name for path in data.iterdir()} >= {"lock", "logs"}
    assert not {path.name for path in data.iterdir()} & {"pg", "valkey"}
    assert len(_children(up)) == 2
    wait_for(lambda: (data / "noted").exists() and (data / "noted").read_text(), seconds=20)
    with psycopg.connect(database_url) as connection:
        connection.execute("select from written")
    assert up.stop() == 0


@pytest.mark.slow
def test_a_deep_folder_keeps_its_sockets_elsewhere(open_folder: Path, start_up: StartUp) -> None:
    up = start_up(plan_for(open_folder / ("d" * 60) / ("e" * 60)))
    up.await_saying("Stop with Ctrl-C")
    assert up.stop() == 0


def test_a_taken_port_is_refused(data: Path, start_up: StartUp) -> None:
    plan = plan_for(data)
    with socket.create_server(("127.0.0.1", plan.port)):
        up = start_up(plan)
        assert up.process.wait(60) == 1
    assert f"Port {plan.port} is taken by another program" in up.said()
    assert not (data / "pg").exists()


def test_an_address_of_another_machine_is_refused(data: Path, start_up: StartUp) -> None:
    up = start_up(replace(plan_for(data), host="192.0.2.1"))
    assert up.process.wait(60) == 1
    assert "SEGUE_HOST" in up.said()


def test_a_database_of_another_major_version_is_refused(data: Path, start_up: StartUp) -> None:
    (data / "pg").mkdir(parents=True)
    (data / "pg/PG_VERSION").write_text("16\n")
    data.chmod(0o711)
    up = start_up(plan_for(data))
    assert up.process.wait(60) == 1
    assert "was made by PostgreSQL 16" in up.said()


def test_a_data_folder_that_cannot_be_written_is_refused(open_folder: Path, start_up: StartUp) -> None:
    (open_folder / "file").touch()
    up = start_up(plan_for(open_folder / "file" / "data"))
    assert up.process.wait(60) == 1
    assert "cannot be written" in up.said()
    assert "SEGUE_DATA_DIR" in up.said()


def test_a_failed_migration_stops_everything_and_says_why(data: Path, start_up: StartUp) -> None:
    up = start_up(replace(plan_for(data), migrate=("/bin/sh", "-c", "echo the table is gone; exit 4")))
    assert up.process.wait(60) == 1
    assert "the table is gone" in up.said()
    assert processes_on(data) == []


@pytest.mark.slow
def test_an_ordinary_user_needs_no_other_account(open_folder: Path) -> None:
    nobody = unprivileged_account("nobody")
    if nobody is None:
        pytest.skip("we are an ordinary user: every other test shows it")
    home = open_folder / "home"
    home.mkdir()
    nobody.take(home)
    python = python_for(nobody)
    parts = (stand_in("serve", python=python), stand_in("work", python=python))
    plan = replace(plan_for(home / "data", *parts), migrate=(python, "-c", "pass"))
    up = Up(plan, home, account=nobody)
    try:
        up.await_saying("Stop with Ctrl-C")
        assert (home / "data").stat().st_mode & 0o777 == 0o700
        assert (home / "data/pg").stat().st_uid == nobody.uid
    finally:
        assert up.stop() == 0


def _children(up: Up) -> dict[int, str]:
    found: dict[int, str] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if parent == up.process.pid and command:
            found[int(entry.name)] = command
    return found


def _is(name: str, command: str) -> bool:
    pattern = {
        "serve": r"stand_ins.py serve",
        "work": r"stand_ins.py work",
        "valkey": r"valkey-server",
        "postgres": r"bin/postgres ",
    }
    return re.search(pattern[name], command) is not None


def _can_connect(data: Path) -> bool:
    try:
        psycopg.connect(host=str(data / "run"), user="segue", dbname="segue").close()
    except psycopg.OperationalError:
        return False
    return True
