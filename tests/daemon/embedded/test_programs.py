"""Where programs are found, whom they run as, and what they are lent."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import segue
from segue.embedded import Account, StartError, unprivileged_account
from segue.embedded.binaries import postgres_programs, valkey_program
from segue.embedded.lending import lend

_STRANGER = Account(name="stranger", uid=os.geteuid() + 54321, gid=os.getegid() + 54321)


def test_a_configured_place_wins(tmp_path: Path) -> None:
    (tmp_path / "postgres").touch()
    (tmp_path / "valkey-server").touch()
    assert postgres_programs(tmp_path) == tmp_path
    assert valkey_program(tmp_path / "valkey-server") == tmp_path / "valkey-server"


@pytest.mark.parametrize(
    ("call", "setting"),
    [("postgres_programs", "SEGUE_DATABASE_URL"), ("valkey_program", "SEGUE_REDIS_URL")],
)
def test_without_the_extra_it_says_what_to_install(call: str, setting: str, tmp_path: Path) -> None:
    """In a Python that sees our own code and nothing installed, on an empty search path."""
    home = str(Path(segue.__file__).parents[1])
    code = (
        f"import sys; sys.path.append({home!r})\n"
        f"from segue.embedded.binaries import {call}\n"
        f"try: {call}()\n"
        "except Exception as error: print(error)"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code],
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert "pip install 'segue[embedded]'" in done.stdout, done.stderr
    assert setting in done.stdout


def test_an_account_is_named_only_for_root() -> None:
    account = unprivileged_account()
    assert (account is None) == (os.geteuid() != 0)
    assert account is None or account.uid != 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root needs an account")
def test_an_unknown_account_is_refused() -> None:
    with pytest.raises(StartError, match="no account named nosuchaccount"):
        unprivileged_account("nosuchaccount")


def test_the_folder_that_locks_an_account_out_is_named(open_folder: Path) -> None:
    closed = open_folder / "closed"
    (closed / "inner").mkdir(parents=True)
    closed.chmod(0o700)
    assert _STRANGER.locked_out_at(closed / "inner") == closed


def test_a_program_out_of_reach_is_lent_as_a_copy_of_its_package(open_folder: Path) -> None:
    program = _package(open_folder / "closed") / "bin/server"
    (open_folder / "closed").chmod(0o700)
    shelf = open_folder / "shelf"
    lent = lend(program, account=_STRANGER, shelf=shelf)
    assert lent.is_relative_to(shelf)
    assert _STRANGER.locked_out_at(lent) is None
    assert lent.read_text() == "the program"
    assert (lent.parents[2] / "thing.libs/lib.so").exists()
    assert lend(program, account=_STRANGER, shelf=shelf) == lent

    program.write_text("the next edition")
    renewed = lend(program, account=_STRANGER, shelf=shelf)
    assert renewed.read_text() == "the next edition"
    assert not lent.exists()


def test_a_program_within_reach_is_itself(open_folder: Path) -> None:
    program = _package(open_folder / "open") / "bin/server"
    (open_folder / "open").chmod(0o755)
    assert lend(program, account=_STRANGER, shelf=open_folder / "shelf") == program
    assert lend(program, account=None, shelf=open_folder / "shelf") == program


def test_a_program_out_of_reach_that_came_in_no_package_is_refused(open_folder: Path) -> None:
    closed = open_folder / "closed"
    closed.mkdir(mode=0o700)
    (closed / "server").touch()
    with pytest.raises(StartError, match="may not pass"):
        lend(closed / "server", account=_STRANGER, shelf=open_folder / "shelf")


def _package(home: Path) -> Path:
    (home / "thing/bin").mkdir(parents=True)
    (home / "thing/__init__.py").touch()
    (home / "thing/bin/server").write_text("the program")
    (home / "thing.libs").mkdir()
    (home / "thing.libs/lib.so").touch()
    return home / "thing"
