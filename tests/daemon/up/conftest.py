"""Makes `segue up` processes, and leaves none behind."""

import contextlib
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from segue.up import Plan
from tests.daemon.up.running import Up, processes_on, wait_for

StartUp = Callable[[Plan], Up]


@pytest.fixture
def start_up(open_folder: Path) -> Iterator[StartUp]:
    """Starts one; what still runs after the test is killed, and the test fails for an orphan."""
    started: list[Up] = []

    def start(plan: Plan) -> Up:
        started.append(Up(plan, open_folder))
        return started[-1]

    yield start
    for up in started:
        if up.process.poll() is None:
            up.process.kill()
            up.process.wait()
    try:
        wait_for(lambda: not processes_on(open_folder), seconds=15)
    finally:
        for pid in processes_on(open_folder):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
