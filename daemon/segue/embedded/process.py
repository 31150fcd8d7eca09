"""Child processes that never outlive us: spawned with a death signal, ended within a limit."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from segue.embedded.account import Account

Farewell = Sequence[tuple[signal.Signals, float]]  # how to end a process: signals, each with its patience

_PR_SET_PDEATHSIG = 1
_ON_LINUX = sys.platform == "linux"


def spawn(
    command: Sequence[str | Path],
    *,
    log: Path,
    death_signal: signal.Signals,
    account: Account | None = None,
    environment: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> subprocess.Popen[bytes]:
    """Start a child that appends to `log` and gets `death_signal` when the calling thread ends.

    Call it from the main thread: the kernel ties the signal to the thread, not to the process.
    """
    with log.open("ab") as output:
        return subprocess.Popen(
            [os.fspath(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=cwd,
            env=environment,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
            start_new_session=True,  # Ctrl-C reaches only us; we end the children in order
            preexec_fn=_die_with_parent(death_signal),  # noqa: PLW1509 - nothing else sets a death signal
        )


def wait_until(fact: Callable[[], bool], *, seconds: float, every: float = 0.02) -> bool:
    """Whether the fact came true within the limit."""
    deadline = time.monotonic() + seconds
    while not fact():
        if time.monotonic() >= deadline:
            return False
        time.sleep(every)
    return True


def is_alive(pid: int) -> bool:
    """Whether a process with this number runs (a zombie does not)."""
    if _ON_LINUX:
        return _facts(pid)[0] not in ("", "Z", "X")
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def started_at(pid: int) -> int:
    """When it started, in the system's own count; with the number it names one process for ever."""
    if _ON_LINUX:
        return int(_facts(pid)[19] or 0)
    done = subprocess.run(["/bin/ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, check=False)
    return int.from_bytes(done.stdout.strip()[-20:])


def end_foreign(pid: int, signals: Farewell) -> bool:
    """End a process that is not our child: each signal in turn, with its patience in seconds."""
    for number, seconds in signals:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return True
        if wait_until(lambda: not is_alive(pid), seconds=seconds):
            return True
    return False


def end_child(child: subprocess.Popen[bytes], number: signal.Signals, *, seconds: float) -> int:
    """End our child politely, or by force when the limit has passed."""
    if child.poll() is None:
        child.send_signal(number)
    try:
        return child.wait(seconds)
    except subprocess.TimeoutExpired:
        child.kill()
        return child.wait()


def tail(log: Path, *, since: int = 0, limit: int = 2000) -> str:
    """The last words of a log, from byte `since` on."""
    if not log.exists():
        return ""
    with log.open("rb") as file:
        end = file.seek(0, os.SEEK_END)
        file.seek(max(since, end - limit))
        return file.read().decode(errors="replace").strip()


def knows_folders() -> bool:
    """Whether this system tells the working folders of processes."""
    return _ON_LINUX


def running_in(folder: Path, name: str) -> list[int]:
    """Processes called `name` whose working folder is `folder`, where the system tells."""
    if not _ON_LINUX:
        return []
    home = folder.resolve()
    return [pid for pid in _pids() if _name(pid) == name and _working_folder(pid) == home]


def _die_with_parent(number: signal.Signals) -> Callable[[], None] | None:
    if not _ON_LINUX:
        return None
    prctl = ctypes.CDLL(None).prctl
    parent = os.getpid()

    def arrange() -> None:
        prctl(_PR_SET_PDEATHSIG, int(number), 0, 0, 0)
        if os.getppid() != parent:  # it died before the arrangement was made
            os._exit(1)

    return arrange


def _pids() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _name(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


def _facts(pid: int) -> list[str]:
    """The fields of its state after the name, which may hold anything."""
    try:
        facts = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return [""] * 50
    return facts.rpartition(")")[2].split()


def _working_folder(pid: int) -> Path | None:
    try:
        return Path(f"/proc/{pid}/cwd").readlink()
    except OSError:
        return None
