"""Worker processes of a test: started, killed, counted."""

import itertools
import json
import random
import signal
import subprocess
import sys
from pathlib import Path
from types import TracebackType

ROOT = Path(__file__).parents[2]


class Crew:
    """So many workers, and clocks that only begin runs; a killed one is replaced at once."""

    def __init__(
        self,
        *,
        database: str,
        redis: str,
        folder: Path,
        size: int,
        clocks: int = 0,
        role: str = "worker",
    ) -> None:
        self._role = role
        self._facts = {"database": database, "redis": redis, "folder": str(folder)}
        self._log = (folder.parent / "workers.log").open("ab")
        self._numbers = itertools.count(1)
        self._workers = [self._start(role) for _ in range(size)]
        self._clocks = [self._start("clock") for _ in range(clocks)]

    def __enter__(self) -> "Crew":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self._workers + self._clocks:
            process.kill()
            process.wait()
        self._log.close()

    def kill_one(self) -> None:
        """SIGKILL, in the middle of whatever it does."""
        index = random.randrange(len(self._workers))
        self._workers[index].kill()
        self._workers[index].wait()
        self._workers[index] = self._start(self._role)

    def stop(self, *, seconds: float = 20) -> list[int]:
        """SIGTERM to all; their exit statuses."""
        processes = self._workers + self._clocks
        for process in processes:
            process.send_signal(signal.SIGTERM)
        return [process.wait(seconds) for process in processes]

    def _start(self, role: str) -> subprocess.Popen[bytes]:
        facts = self._facts | {"role": role, "name": f"{role}-{next(self._numbers)}"}
        return subprocess.Popen(
            [sys.executable, "-m", "tests.faults.worker", json.dumps(facts)],
            cwd=ROOT,
            stdout=self._log,
            stderr=self._log,
        )
