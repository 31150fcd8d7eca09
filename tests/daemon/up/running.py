"""One `segue up` as its own process, watched from outside."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from segue.embedded import Account
from segue.up import Part, Plan

_STAND_INS = Path(__file__).with_name("stand_ins.py")


class Up:
    """Started with stand-ins for our programs unless the plan says otherwise."""

    def __init__(self, plan: Plan, folder: Path, *, account: Account | None = None) -> None:
        self.plan = plan
        self.output = folder / "output"
        plan_file = folder / "plan.json"
        plan_file.write_text(plan.to_json())
        with self.output.open("ab") as output:
            self.process = subprocess.Popen(
                [python_for(account), "-m", "segue.up", str(plan_file)],
                env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                user=account.uid if account else None,
                group=account.gid if account else None,
                extra_groups=[] if account else None,
            )

    def said(self) -> str:
        return self.output.read_text()

    def await_saying(self, words: str, *, seconds: float = 60) -> None:
        wait_for(lambda: words in self.said() or self.process.poll() is not None, seconds=seconds)
        assert words in self.said(), self.said()

    def stop(self, number: signal.Signals = signal.SIGTERM, *, seconds: float = 30) -> int:
        self.process.send_signal(number)
        return self.process.wait(seconds)


def python_for(account: Account | None) -> str:
    """An interpreter that the account can reach: ours may lie in root's home."""
    if account is None or account.locked_out_at(Path(sys.executable).resolve()) is None:
        return sys.executable
    same = f"/usr/bin/python{sys.version_info.major}.{sys.version_info.minor}"
    if not Path(same).exists():
        pytest.skip(f"{account.name} can reach no Python of this version")
    return same


def stand_in(
    name: str, program: str | None = None, *, patience: float = 8.0, python: str = sys.executable
) -> Part:
    return Part(name=name, command=(python, str(_STAND_INS), program or name), patience=patience)


def plan_for(data_dir: Path, *parts: Part) -> Plan:
    usual = (stand_in("serve"), stand_in("work"))
    migrate = (sys.executable, "-c", "pass")
    return Plan(data_dir=data_dir, port=free_port(), migrate=migrate, parts=parts or usual)


def free_port() -> int:
    with socket.socket() as line:
        line.bind(("127.0.0.1", 0))
        port: int = line.getsockname()[1]
    return port


def is_free(port: int) -> bool:
    with socket.socket() as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            line.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def processes_on(data_dir: Path) -> list[int]:
    """Every process that works in the folder, has it in its command line or was told it."""
    name = os.fsencode(data_dir)
    return [pid for pid in _pids() if pid != os.getpid() and _touches(pid, name)]


def wait_for(fact: Callable[[], object], *, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not fact():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.02)


def _pids() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _touches(pid: int, folder: bytes) -> bool:
    home = Path(f"/proc/{pid}")
    try:
        told = (home / "cmdline").read_bytes() + b"\0" + (home / "environ").read_bytes()
        where = os.fsencode((home / "cwd").readlink())
    except OSError:
        return False
    return folder in told or where.startswith(folder)
