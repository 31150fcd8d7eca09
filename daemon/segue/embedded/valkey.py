"""Our own Valkey: carries wake-ups over a socket in a private folder; may be lost without loss."""

import signal
import socket
import subprocess
from pathlib import Path
from urllib.parse import quote

from segue.embedded.account import Account
from segue.embedded.binaries import valkey_program
from segue.embedded.errors import StartError
from segue.embedded.lending import lend
from segue.embedded.process import end_child, end_foreign, running_in, spawn, tail, wait_until

_OPTIONS = {
    "port": "0",
    "unixsocketperm": "700",
    "appendonly": "yes",
    "appendfsync": "everysec",
    "save": "",
    "maxmemory": "256mb",
    "maxmemory-policy": "noeviction",  # evicting a wake-up would lose it without a word
    "auto-aof-rewrite-min-size": "16mb",
    "daemonize": "no",
}
_LONGEST_NAME = 15  # of a process, as the kernel tells it


class Valkey:
    """One server in `data_dir`, its socket in `run_dir`; the caller makes sure that it is the only one."""

    name = "valkey"
    farewell = ((signal.SIGTERM, 10.0), (signal.SIGKILL, 5.0))

    def __init__(
        self,
        data_dir: Path,
        run_dir: Path,
        *,
        program: Path | None = None,
        account: Account | None = None,
        log: Path | None = None,
    ) -> None:
        self._folder = data_dir
        self._socket = run_dir / "valkey.sock"
        shelf = data_dir.with_name("programs")
        self._program = lend(valkey_program(program), account=account, shelf=shelf)
        self._account = account
        self._log = log or data_dir.with_name(data_dir.name + ".log")
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The address for clients, right for any path."""
        return f"unix://{quote(str(self._socket))}"

    @property
    def pid(self) -> int | None:
        """The server's number while it runs as our child."""
        return self._child.pid if self._child and self._child.poll() is None else None

    def start(self, *, seconds: float = 30.0) -> None:
        """Start it and return when it answers."""
        self.prepare()
        self.launch()
        if (
            not wait_until(lambda: self.is_ready() or self.pid is None, seconds=seconds)
            or not self.is_ready()
        ):
            self.stop(seconds=2)
            raise StartError(f"Valkey does not start: {tail(self._log, limit=600)}")

    def prepare(self) -> None:
        """Everything before a launch: the folder exists, and nobody is left in it."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        if self._account:
            self._account.take(self._folder)
        self.end_leftovers()
        self._socket.unlink(missing_ok=True)

    def launch(self) -> subprocess.Popen[bytes]:
        """Start the server without waiting for it; from the main thread."""
        places = {"unixsocket": str(self._socket), "dir": str(self._folder)}
        options = [part for key, value in {**_OPTIONS, **places}.items() for part in (f"--{key}", value)]
        self._child = spawn(
            [self._program, *options],
            log=self._log,
            death_signal=signal.SIGTERM,
            account=self._account,
        )
        return self._child

    def is_ready(self) -> bool:
        """Whether it answers now; a server that still reads its file does not."""
        if self.pid is None:
            return False
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
            line.settimeout(1.0)
            try:
                line.connect(str(self._socket))
                line.sendall(b"PING\r\n")
                return line.recv(16).startswith(b"+PONG")
            except OSError:
                return False

    def stop(self, *, seconds: float = 20.0) -> None:
        """Let it write its file and end."""
        if self._child is not None:
            end_child(self._child, signal.SIGTERM, seconds=seconds)
            self._child = None

    def end_leftovers(self) -> None:
        """End a server of an earlier life that is still in our folder."""
        name = self._program.name[:_LONGEST_NAME]
        for pid in running_in(self._folder, name):
            if pid != self.pid:
                end_foreign(pid, self.farewell)
