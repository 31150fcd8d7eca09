"""One child that is kept running: started, waited for, started again with back-off."""

import signal
import subprocess
import time
from collections.abc import Callable
from typing import Protocol

from segue.embedded import StartError
from segue.embedded.process import Farewell, tail
from segue.up.journal import Journal

_BACK_OFF = (0.2, 1.0, 5.0, 30.0)
_STEADY_SECONDS = 60.0


class Service(Protocol):
    """What can be started and asked, without waiting for long; and how it wants to be ended."""

    @property
    def name(self) -> str: ...
    @property
    def farewell(self) -> Farewell: ...
    def prepare(self) -> None: ...
    def launch(self) -> subprocess.Popen[bytes]: ...
    def is_ready(self) -> bool: ...


class Watched:
    """The life of one service under the supervisor; `tick` moves it on."""

    def __init__(
        self,
        service: Service,
        journal: Journal,
        *,
        say: Callable[[str], None],
        started: Callable[[str, int], None],
    ) -> None:
        self.name = service.name
        self.failures = 0
        self._service = service
        self._journal = journal
        self._say = say
        self._tell_started = started
        self._child: subprocess.Popen[bytes] | None = None
        self._ready = self._was_ready = False
        self._started = self._due = 0.0
        self._log_start = 0

    @property
    def is_running(self) -> bool:
        return self._child is not None and self._child.poll() is None

    @property
    def is_ready(self) -> bool:
        """Whether it has answered in this life."""
        if self.is_running and not self._ready:
            self._ready = self._service.is_ready()
            self._was_ready |= self._ready
        return self.is_running and self._ready

    def tick(self) -> None:
        """Notice its end; start it when due."""
        self._journal.look()
        if self._child is not None and self._child.poll() is not None:
            self._ended(describe(self._child.returncode))
        if self._child is None and time.monotonic() >= self._due:
            self._start()

    def end(self, *, hurried: Callable[[], bool], pause: Callable[[], None]) -> None:
        """End it: signal after signal, each with its patience, or with none when hurried."""
        if self._child is None:
            return
        begun_hurried = hurried()
        for number, seconds in self._service.farewell[begun_hurried:]:
            self._child.send_signal(number)
            deadline = time.monotonic() + seconds
            while self.is_running and time.monotonic() < deadline and hurried() == begun_hurried:
                pause()
            if not self.is_running:
                break
            self._say(f"{self.name} does not end; insisting")
        self._journal.look()

    def last_words(self) -> str:
        """The end of what it wrote in its last life."""
        return tail(self._journal.path, since=self._log_start, limit=600)

    def _start(self) -> None:
        path = self._journal.path
        self._log_start = path.stat().st_size if path.exists() else 0
        self._started = time.monotonic()
        self._ready = False
        try:
            self._service.prepare()
            self._child = self._service.launch()
        except (StartError, OSError) as error:
            if not self._was_ready:
                raise
            self._ended(str(error))
        else:
            self._tell_started(self.name, self._child.pid)

    def _ended(self, how: str) -> None:
        lasted = time.monotonic() - self._started
        self.failures = 1 if lasted > _STEADY_SECONDS else self.failures + 1
        pause = _BACK_OFF[min(self.failures, len(_BACK_OFF)) - 1]
        self._due = time.monotonic() + pause
        self._child = None
        again = f"starting it again in {pause:g} s"
        self._say(f"{self.name} ended ({how}); {again}. Its log is {self._journal.path}")


def describe(code: int) -> str:
    """An exit status in words."""
    if code >= 0:
        return f"exit status {code}"
    try:
        return f"killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"killed by signal {-code}"
