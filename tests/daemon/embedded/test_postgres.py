"""Our PostgreSQL through kills, leftovers and foreign folders."""

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from segue.embedded import Postgres, StartError, unprivileged_account
from segue.embedded.process import running_in

_FASTER = {"fsync": "off"}
Make = Callable[..., Postgres]


@pytest.fixture
def make(open_folder: Path) -> Iterator[Make]:
    """Servers on one and the same folder, as one life follows the other."""
    made: list[Postgres] = []
    account = unprivileged_account()
    run = open_folder / "run with 'quote' & space"
    run.mkdir(mode=0o700)
    if account:
        account.take(run)

    def another() -> Postgres:
        made.append(Postgres(open_folder / "pg", run, account=account, settings=_FASTER))
        return made[-1]

    yield another
    for server in made:
        server.stop(seconds=10)


def test_committed_rows_survive_a_stop_and_a_kill(make: Make, open_folder: Path) -> None:
    first = make()
    first.start()
    with psycopg.connect(first.dsn) as connection:
        connection.execute("create table kept as select generate_series(1, 10)")
    first.stop()
    assert first.pid is None

    second = make()
    second.start()
    with psycopg.connect(second.dsn) as connection:
        connection.execute("insert into kept values (11)")
    assert second.pid is not None
    os.kill(second.pid, signal.SIGKILL)

    third = make()
    third.start()
    with psycopg.connect(third.dsn) as connection:
        assert connection.execute("select count(*) from kept").fetchone() == (11,)


def test_a_leftover_server_is_ended_before_a_new_one_starts(make: Make, open_folder: Path) -> None:
    first = make()
    first.start()
    leftover = first.pid
    second = make()
    second.start()
    assert leftover is not None
    assert leftover not in running_in(open_folder / "pg", "postgres")
    with psycopg.connect(second.dsn) as connection:
        connection.execute("select 1")


def test_a_status_file_with_the_number_of_another_program_does_not_forbid_the_start(
    make: Make, open_folder: Path
) -> None:
    first = make()
    first.start()
    first.stop()
    (open_folder / "pg/postmaster.pid").write_text(f"{os.getpid()}\n{open_folder / 'pg'}\n0\n5432\n\n\n\n")
    make().start()


def test_the_database_does_not_depend_on_the_systems_collations(postgres: Postgres) -> None:
    with psycopg.connect(postgres.dsn) as connection:
        facts = connection.execute(
            "select datlocprovider, datlocale, pg_encoding_to_char(encoding) from pg_database "
            "where datname = current_database()"
        ).fetchone()
    assert facts == ("b", "C.UTF-8", "UTF8")


def test_a_folder_with_something_else_in_it_is_refused(make: Make, open_folder: Path) -> None:
    (open_folder / "pg").mkdir()
    (open_folder / "pg/letters.txt").touch()
    with pytest.raises(StartError, match="is not empty"):
        make().start()
    assert (open_folder / "pg/letters.txt").exists()


def test_an_attempt_that_fails_leaves_nothing_half_made(make: Make, open_folder: Path) -> None:
    server = Postgres(
        open_folder / "pg",
        open_folder / "no such folder",
        account=unprivileged_account(),
        settings={**_FASTER, "shared_buffers": "nonsense"},
    )
    with pytest.raises(StartError, match="nonsense"):
        server.start()
    assert server.pid is None
