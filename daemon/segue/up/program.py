"""One of our own programs as a service of the supervisor."""

import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

from segue.embedded.process import Farewell, spawn
from segue.up.plan import Part


class Program:
    """`segue serve` or `segue work`: told its addresses by the environment, killed when we die."""

    def __init__(self, part: Part, *, environment: Mapping[str, str], log: Path) -> None:
        self.name = part.name
        self.farewell: Farewell = ((signal.SIGTERM, part.patience), (signal.SIGKILL, 5.0))
        self._command = part.command
        self._environment = environment
        self._log = log

    def prepare(self) -> None:
        """Nothing to do."""

    def launch(self) -> subprocess.Popen[bytes]:
        """Start it. Any moment is a good one to be killed at: what is to be done is rows."""
        return spawn(self._command, log=self._log, death_signal=signal.SIGKILL, environment=self._environment)

    def is_ready(self) -> bool:
        """It runs; whether it answers, the address tells."""
        return True
