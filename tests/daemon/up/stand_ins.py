"""Small programs in the places of `segue serve` and `segue work`: python stand_ins.py NAME."""

import http.server
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType

_TABLE = "create table if not exists written (id bigserial primary key, filling text)"
DATA = Path(os.environ.get("SEGUE_DATA_DIR", "/"))


def serve() -> None:
    """Answers everything with 200 and leaves a token, as the daemon does at first start."""
    if not (DATA / "admin-token").exists():
        (DATA / "admin-token").write_text("segue_made_for_tests")
    _note_end("serve")
    address = (os.environ["SEGUE_HOST"], int(os.environ["SEGUE_PORT"]))
    with http.server.HTTPServer(address, _Yes) as server:
        server.serve_forever()


def work() -> None:
    """Does nothing until told to end."""
    _note_end("work")
    (DATA / "working").touch()
    while True:
        signal.pause()


def cling() -> None:
    """Does not end when wished to."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    (DATA / "clinging").touch()
    while True:
        signal.pause()


def complain() -> None:
    """Writes what a person should see, and what not, and ends."""
    sys.stderr.write('{"level": "info", "event": "all_quiet"}\n')
    sys.stderr.write('{"level": "error", "event": "server_lost", "server": "attic"}\n')
    sys.exit(3)


def write() -> None:
    """Commits rows as fast as it can, and only then notes each in a file."""
    import psycopg

    with (
        (DATA / "noted").open("a", buffering=1) as noted,
        psycopg.connect(os.environ["SEGUE_DATABASE_URL"], autocommit=True) as connection,
    ):
        connection.execute(_TABLE)
        while True:
            row = connection.execute(
                "insert into written (filling) values (repeat('x', 500)) returning id"
            ).fetchone()
            assert row is not None
            noted.write(f"{row[0]}\n")


class _Yes(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()


def _note_end(name: str) -> None:
    def end(_number: int, _frame: FrameType | None) -> None:
        with (DATA / "ended").open("a") as file:
            file.write(f"{name} {time.time()}\n")
        os._exit(0)

    signal.signal(signal.SIGTERM, end)


PROGRAMS: dict[str, Callable[[], None]] = {
    program.__name__: program for program in (serve, work, cling, complain, write)
}

if __name__ == "__main__":
    PROGRAMS[sys.argv[1]]()
