import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.daemon.cli.conftest import Run


def last_line(command: str, **environment: object) -> dict[str, str]:
    """The end of the log of a process that cannot start."""
    told = {f"SEGUE_{name}": str(value) for name, value in environment.items()}
    done = subprocess.run(
        [sys.executable, "-m", "segue", command],
        env={**os.environ, **told},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    line: dict[str, str] = json.loads(done.stderr.splitlines()[-1])
    return line


@pytest.fixture
def addresses(database_url: str, redis_url: str) -> dict[str, str]:
    return {"DATABASE_URL": database_url, "REDIS_URL": redis_url}


@pytest.mark.slow
def test_serve_on_a_taken_port(addresses: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        line = last_line("serve", **addresses, PORT=taken.getsockname()[1])
    assert (line["event"], line["level"]) == ("start_failed", "critical")
    assert line["reason"] == "The port is taken by another program; choose another with SEGUE_PORT."


@pytest.mark.slow
def test_serve_with_a_key_file_that_is_none(addresses: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "key").write_text("what?")
    assert "is not a key file of ours" in last_line("serve", **addresses)["reason"]


@pytest.mark.slow
def test_serve_without_migrations(new_database: Callable[..., str], redis_url: str) -> None:
    line = last_line("serve", DATABASE_URL=new_database(template="template0"), REDIS_URL=redis_url)
    assert line["reason"] == "The database lacks migrations; run `segue migrate`."


@pytest.mark.parametrize("command", ["serve", "work", "migrate"])
def test_addresses_are_asked_for(segue: Run, command: str) -> None:
    outcome = segue(command)
    assert outcome.status == 2
    assert "set SEGUE_DATABASE_URL, or run `segue up`" in outcome.err


def test_migrate(segue: Run, environment: pytest.MonkeyPatch, new_database: Callable[..., str]) -> None:
    environment.setenv("SEGUE_DATABASE_URL", new_database(template="template0"))
    assert segue("migrate").out.startswith("Applied 0001_")
    assert segue("migrate").out == "The database is up to date.\n"
    assert segue("migrate", "--json").out == '{"applied": []}\n'


def test_migrate_without_a_database(segue: Run, environment: pytest.MonkeyPatch) -> None:
    environment.setenv("SEGUE_DATABASE_URL", "postgresql://me:topsecret@127.0.0.1:1/x")
    outcome = segue("migrate")
    assert outcome.status == 1
    assert outcome.err.startswith("The database cannot be reached: ")
    assert "topsecret" not in outcome.err
