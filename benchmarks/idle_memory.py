"""How much memory an idle installation holds, as a markdown table: python benchmarks/idle_memory.py

Starts `segue up` on an empty data folder, waits until it rests, and adds up the proportional set size
(PSS: shared pages are shared out among those who share them) of every process. Linux only.
"""

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

_AIM_MB = 250
_REST_SECONDS = 10.0
_REST_SHARE = 0.05  # of one processor, all processes together
_PATIENCE_SECONDS = 180.0
_TICKS = os.sysconf("SC_CLK_TCK")

_ROLES = (
    (r"-m segue\.up", "supervisor"),
    (r"segue serve", "daemon"),
    (r"segue work", "worker"),
    (r"segue\.children", "hearing child"),
    (r"postgres", "PostgreSQL"),
    (r"valkey|redis", "Valkey"),
)


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="segue-idle-") as folder:
        Path(folder).chmod(0o711)
        up = _start(Path(folder))
        try:
            seconds = _await_ready(up)
            _await_rest(up.pid)
            total = _print_table(_measured(up.pid))
        finally:
            up.send_signal(signal.SIGTERM)
            up.wait(60)
    print(f"\nReady after {seconds:.1f} s on an empty data folder.")
    print(f"Aim: less than {_AIM_MB} MB in all: {'met' if total < _AIM_MB else 'MISSED'}.")
    return 0 if total < _AIM_MB else 1


def _start(folder: Path) -> subprocess.Popen[str]:
    with socket.socket() as line:
        line.bind(("127.0.0.1", 0))
        port = line.getsockname()[1]
    ours = {name: value for name, value in os.environ.items() if not name.startswith("SEGUE_")}
    return subprocess.Popen(
        [sys.executable, "-m", "segue", "up"],
        env={**ours, "SEGUE_DATA_DIR": str(folder / "data"), "SEGUE_PORT": str(port)},
        stdout=subprocess.PIPE,
        text=True,
    )


def _await_ready(up: subprocess.Popen[str]) -> float:
    began = time.monotonic()
    assert up.stdout is not None
    for line in up.stdout:
        if "Segue is ready" in line:
            return time.monotonic() - began
    raise SystemExit("segue up ended before it was ready")


def _await_rest(root: int) -> None:
    """Until all of them together hardly use the processor."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline:
        before = _processor_seconds(root)
        time.sleep(_REST_SECONDS)
        if _processor_seconds(root) - before < _REST_SHARE * _REST_SECONDS:
            return
    print("It did not come to rest; measured all the same.", file=sys.stderr)


def _measured(root: int) -> list[tuple[str, int, float]]:
    """Role, number of processes and PSS in MB."""
    kilobytes: Counter[str] = Counter()
    processes: Counter[str] = Counter()
    for pid in _family(root):
        role = _role(pid)
        kilobytes[role] += _pss(pid)
        processes[role] += 1
    return [(role, processes[role], kilobytes[role] / 1024) for role, _ in kilobytes.most_common()]


def _print_table(rows: list[tuple[str, int, float]]) -> float:
    print("| part | processes | PSS, MB |\n| --- | ---: | ---: |")
    for role, processes, megabytes in rows:
        print(f"| {role} | {processes} | {megabytes:.1f} |")
    total = sum(megabytes for _, _, megabytes in rows)
    print(f"| **all** | {sum(processes for _, processes, _ in rows)} | **{total:.1f}** |")
    return total


def _family(root: int) -> list[int]:
    """The process and all that descend from it."""
    parents = {int(entry.name): _parent(entry) for entry in Path("/proc").iterdir() if entry.name.isdigit()}
    family, grown = {root}, 0
    while len(family) > grown:
        grown = len(family)
        family |= {pid for pid, parent in parents.items() if parent in family}
    return sorted(family)


def _parent(process: Path) -> int:
    try:
        return int((process / "stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def _processor_seconds(root: int) -> float:
    ticks = 0
    for pid in _family(root):
        try:
            facts = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        ticks += int(facts[11]) + int(facts[12])
    return ticks / _TICKS


def _role(pid: int) -> str:
    command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    return next((role for pattern, role in _ROLES if re.search(pattern, command)), command[:40].strip())


def _pss(pid: int) -> int:
    try:
        found = re.search(r"^Pss:\s+(\d+)", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)
    except OSError:
        return 0
    return int(found[1]) if found else 0


if __name__ == "__main__":
    sys.exit(main())
