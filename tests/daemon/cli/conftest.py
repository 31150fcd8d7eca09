import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from segue.cli import main
from tests.daemon.cli.stand_in import StandIn, stand_in


@dataclass(frozen=True)
class Outcome:
    status: object
    out: str
    err: str


Run = Callable[..., Outcome]


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """Nothing of the person who runs the tests."""
    for name in list(os.environ):
        if name.startswith("SEGUE_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("SEGUE_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("TZ", "UTC")
    return monkeypatch


@pytest.fixture
def daemon(environment: pytest.MonkeyPatch) -> Iterator[StandIn]:
    with stand_in() as told:
        environment.setenv("SEGUE_URL", told.url)
        environment.setenv("SEGUE_TOKEN", "segue_abc_def")
        yield told


@pytest.fixture
def segue(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command line in this process."""

    def run(*words: str) -> Outcome:
        with pytest.raises(SystemExit) as ended:
            main(words)
        written = capsys.readouterr()
        return Outcome(ended.value.code, written.out, written.err)

    return run
