"""Real PostgreSQL and Valkey for tests: started when first asked for, gone with the session."""

import asyncio
import itertools
import os
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import psycopg
import pytest
from psycopg import sql

from segue.embedded import Postgres, Valkey, unprivileged_account
from segue.store.migrate import migrate
from segue.store.pool import Pool, open_pool
from tests.specs import take_folder

_TEMPLATE = "migrated"
_FASTER = {  # a test's database need not survive a power cut
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "max_connections": "200",
    "max_wal_size": "256MB",
}
_MEMORY = Path("/dev/shm")
_ROOM = 2 << 30
_numbers = itertools.count(1)


take_folder()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--real", default="", metavar="NAME[=WHERE],…", help="Real servers to test adapters on as well."
    )


@pytest.fixture(scope="session")
def services_folder() -> Iterator[Path]:
    """A folder with a short path that the database's account may pass, unlike pytest's own."""
    _sweep_killed_sessions()
    folder = Path(tempfile.mkdtemp(prefix=f"segue-tests-{os.getpid()}-", dir=_quickest_place()))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def open_folder(services_folder: Path) -> Iterator[Path]:
    """A fresh folder that the database's account may pass, unlike `tmp_path`."""
    folder = services_folder / f"open-{next(_numbers)}"
    folder.mkdir(mode=0o711)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def run_folder(services_folder: Path) -> Path:
    """Where the session's servers have their sockets."""
    folder = services_folder / "run"
    folder.mkdir(mode=0o700)
    if account := unprivileged_account():
        account.take(folder)
    return folder


@pytest.fixture(scope="session")
def postgres(services_folder: Path, run_folder: Path) -> Iterator[Postgres]:
    """The session's PostgreSQL, with a migrated template."""
    server = Postgres(services_folder / "pg", run_folder, account=unprivileged_account(), settings=_FASTER)
    server.start()
    try:
        _make_template(server.dsn)
        yield server
    finally:
        server.stop(seconds=10)


@pytest.fixture(scope="session")
def valkey(services_folder: Path, run_folder: Path) -> Iterator[Valkey]:
    """The session's Valkey."""
    server = Valkey(services_folder / "valkey", run_folder, account=unprivileged_account())
    server.start()
    try:
        yield server
    finally:
        server.stop(seconds=5)


@pytest.fixture
def new_database(postgres: Postgres) -> Iterator[Callable[..., str]]:
    """Makes databases: migrated ones, or empty ones with `template="template0"`; gone after the test."""
    made: list[str] = []

    def make(template: str = _TEMPLATE) -> str:
        name = f"test_{next(_numbers)}"
        _administer(
            postgres.dsn, sql.SQL("create database {} template {} strategy file_copy"), name, template
        )
        made.append(name)
        return _of_database(postgres.dsn, name)

    yield make
    for name in made:
        _administer(postgres.dsn, sql.SQL("drop database {} with (force)"), name)


@pytest.fixture
def database_url(new_database: Callable[..., str]) -> str:
    """A fresh, migrated database."""
    return new_database()


@pytest.fixture
def redis_url(valkey: Valkey) -> str:
    """An empty Valkey."""
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(10)
        line.connect(unquote(urlsplit(valkey.url).path))
        line.sendall(b"FLUSHALL\r\n")
        assert line.recv(16) == b"+OK\r\n"
    return valkey.url


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[Pool]:
    """Connections to a fresh, migrated database."""
    async with open_pool(database_url, max_size=10) as connections:
        yield connections


def _make_template(dsn: str) -> None:
    _administer(dsn, sql.SQL("create database {}"), _TEMPLATE)
    asyncio.run(migrate(_of_database(dsn, _TEMPLATE)))


def _administer(dsn: str, statement: sql.SQL, *names: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(statement.format(*map(sql.Identifier, names)))


def _of_database(dsn: str, name: str) -> str:
    return urlsplit(dsn)._replace(path=f"/{name}").geturl()


def _quickest_place() -> Path:
    """In memory where there is room: a database for each test is thousands of small files."""
    if os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > _ROOM:
        return _MEMORY
    return Path(tempfile.gettempdir())


def _sweep_killed_sessions() -> None:
    """A killed session's servers end with it, its folder stays; remove those whose process is gone."""
    for folder in _quickest_place().glob("segue-tests-*-*"):
        pid = folder.name.split("-")[2]
        if pid.isdigit() and not Path(f"/proc/{pid}").exists() and Path("/proc/self").exists():
            shutil.rmtree(folder, ignore_errors=True)
