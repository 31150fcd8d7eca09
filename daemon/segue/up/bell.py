"""Signals as something to wait for: a child's end, and the wish to stop."""

import select
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Bell:
    """Rung by signals; `wishes` counts how often somebody wished us to stop."""

    def __init__(self, hearing: socket.socket) -> None:
        self.wishes = 0
        self._hearing = hearing

    def wait(self, seconds: float) -> None:
        """Until it rings, at most so long."""
        ready, _, _ = select.select([self._hearing], [], [], seconds)
        if ready:
            self._hearing.recv(256)

    def wish(self, _number: int, _frame: FrameType | None) -> None:
        self.wishes += 1


@contextmanager
def bell() -> Iterator[Bell]:
    """Handle this process's signals while the block runs."""
    hearing, ringing = socket.socketpair()
    hearing.setblocking(False)
    ringing.setblocking(False)
    with hearing, ringing:
        rung = Bell(hearing)
        before = {number: signal.signal(number, rung.wish) for number in _STOPPING}
        before[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        old = signal.set_wakeup_fd(ringing.fileno(), warn_on_full_buffer=False)
        try:
            yield rung
        finally:
            signal.set_wakeup_fd(old)
            for number, handler in before.items():
                signal.signal(number, handler)
