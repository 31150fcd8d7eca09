"""Our own PostgreSQL: made once, run as a direct child, reached over a socket in a private folder."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from segue.embedded.account import Account
from segue.embedded.binaries import POSTGRES_MAJOR, postgres_programs
from segue.embedded.errors import StartError
from segue.embedded.lending import lend
from segue.embedded.process import (
    end_child,
    end_foreign,
    is_alive,
    knows_folders,
    running_in,
    spawn,
    tail,
    wait_until,
)

_USER = _DATABASE = "segue"
_PORT = "5432"
_SETTINGS = {
    "listen_addresses": "",
    "port": _PORT,
    "unix_socket_permissions": "0700",
    "max_connections": "60",
    "shared_buffers": "64MB",
    "max_wal_size": "256MB",
    "min_wal_size": "32MB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "jit": "off",
    "autovacuum_max_workers": "2",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "cluster_name": "segue",
}
_ENVIRONMENT = {
    "LC_ALL": "C",
    "TZ": "UTC",
    "PATH": os.defpath,
}  # none of the PG* variables of a person's shell
_STOP_ORPHAN = ((signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0))
_MEMORY_IN_USE = "pre-existing shared memory block"
_MEMORY_FREED_SECONDS = 30.0


class Postgres:
    """One cluster in `data_dir`, its socket in `run_dir`; the caller makes sure that it is the only one."""

    name = "postgres"
    farewell = ((signal.SIGINT, 30.0), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 5.0))

    def __init__(
        self,
        data_dir: Path,
        run_dir: Path,
        *,
        programs: Path | None = None,
        account: Account | None = None,
        log: Path | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self._folder = data_dir
        self._run_dir = run_dir
        found = postgres_programs(programs) / "postgres"
        self._programs = lend(found, account=account, shelf=data_dir.with_name("programs")).parent
        self._account = account
        self._log = log or data_dir.with_name(data_dir.name + ".log")
        self._settings = {**_SETTINGS, "unix_socket_directories": str(run_dir), **(settings or {})}
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def dsn(self) -> str:
        """The address for clients, right for any path."""
        return f"postgresql://{_USER}@/{_DATABASE}?host={quote(str(self._run_dir), safe='')}&port={_PORT}"

    @property
    def pid(self) -> int | None:
        """The postmaster's number while it runs as our child."""
        return self._child.pid if self._child and self._child.poll() is None else None

    def start(self, *, seconds: float = 120.0) -> None:
        """Make the cluster if there is none, start it, and return when it answers."""
        self.prepare()
        if not wait_until(self._launched_and_settled, seconds=_MEMORY_FREED_SECONDS, every=0.5):
            raise StartError(f"PostgreSQL does not start: {tail(self._log, limit=600)}")
        if (
            not wait_until(lambda: self.is_ready() or self.pid is None, seconds=seconds)
            or not self.is_ready()
        ):
            self.stop(seconds=5)
            raise StartError(f"PostgreSQL does not start: {tail(self._log, limit=600)}")

    def prepare(self) -> None:
        """Everything before a launch: the cluster exists, is ours, and nobody is left in it."""
        if (self._folder / "PG_VERSION").exists():
            self._refuse_other_major()
            self.end_leftovers()
        else:
            self._create()

    def launch(self) -> subprocess.Popen[bytes]:
        """Start the server without waiting for it; from the main thread."""
        options = [part for key, value in self._settings.items() for part in ("-c", f"{key}={value}")]
        self._child = spawn(
            [self._programs / "postgres", "-D", self._folder, *options],
            log=self._log,
            death_signal=signal.SIGINT,
            account=self._account,
            environment=_ENVIRONMENT,
        )
        return self._child

    def is_ready(self) -> bool:
        """Whether our child accepts connections, by its own status file: needs no client."""
        lines = self._status()
        return len(lines) >= 8 and lines[0] == str(self.pid) and lines[7].strip() == "ready"

    def stop(self, *, seconds: float = 60.0) -> None:
        """Break connections off and shut down cleanly."""
        if self._child is not None:
            end_child(self._child, signal.SIGINT, seconds=seconds)
            self._child = None

    def end_leftovers(self) -> None:
        """End servers and backends of an earlier life that are still in our folder."""
        if not knows_folders():
            return
        lines = self._status()
        others = [pid for pid in running_in(self._folder, "postgres") if pid != self.pid]
        master = int(lines[0]) if lines and lines[0].isdigit() else 0
        if master in others:
            end_foreign(master, self.farewell)
        for pid in others:
            if is_alive(pid):
                end_foreign(pid, _STOP_ORPHAN)
        if self.pid is None:
            self._forget_leftovers()

    def _forget_leftovers(self) -> None:
        """Else a dead server's number, given to another program since, would forbid the start."""
        for stale in (self._folder / "postmaster.pid", self._run_dir / f".s.PGSQL.{_PORT}.lock"):
            stale.unlink(missing_ok=True)

    def _launched_and_settled(self) -> bool:
        """False only while memory of a killed server is still attached by one of its dying backends."""
        start = self._log.stat().st_size if self._log.exists() else 0
        child = self.launch()
        wait_until(
            lambda: bool(self.is_ready() or child.poll() is not None or self._is_recovering()), seconds=10
        )
        return child.poll() is None or _MEMORY_IN_USE not in tail(self._log, since=start)

    def _is_recovering(self) -> bool:
        lines = self._status()
        return len(lines) >= 7 and lines[0] == str(self.pid) and bool(lines[6].strip())

    def _status(self) -> list[str]:
        try:
            return (self._folder / "postmaster.pid").read_text().splitlines()
        except OSError:
            return []

    def _refuse_other_major(self) -> None:
        found = (self._folder / "PG_VERSION").read_text().strip()
        if found != POSTGRES_MAJOR:
            raise StartError(
                f"The database in {self._folder} was made by PostgreSQL {found}, and this Segue brings "
                f"{POSTGRES_MAJOR}. Dump it with the Segue that made it (pg_dump -Fc), move the folder away, "
                "start this one and restore (pg_restore)."
            )

    def _create(self) -> None:
        """Made in a folder beside and renamed when whole, so that there is never half a cluster."""
        if self._folder.exists() and any(self._folder.iterdir()):
            raise StartError(f"{self._folder} is not empty and holds no database. Move it away.")
        growing = Path(tempfile.mkdtemp(prefix=f"{self._folder.name}.new-", dir=self._folder.parent))
        try:
            if self._account:
                self._account.take(growing)
            self._run_once(
                "initdb", "-D", growing, *_initdb_options(synced=self._settings.get("fsync") != "off")
            )
            self._run_once(
                "postgres", "--single", "-D", growing, "postgres", feed=f"create database {_DATABASE}\n"
            )
            growing.rename(self._folder)
        finally:
            shutil.rmtree(growing, ignore_errors=True)

    def _run_once(self, program: str, *arguments: str | Path, feed: str = "") -> None:
        done = subprocess.run(
            [self._programs / program, *arguments],
            input=feed,
            capture_output=True,
            text=True,
            env=_ENVIRONMENT,
            user=self._account.uid if self._account else None,
            group=self._account.gid if self._account else None,
            extra_groups=[] if self._account else None,
            timeout=300,
            check=False,
        )
        if done.returncode != 0:
            raise StartError(
                f"{program} could not make the database: {done.stderr.strip() or done.stdout.strip()}"
            )


def _initdb_options(*, synced: bool) -> list[str]:
    return [
        f"--username={_USER}",
        "--auth-local=trust",
        "--auth-host=scram-sha-256",
        "--encoding=UTF8",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        "--locale=C",
        "--wal-segsize=4",
        "--no-instructions",
        *([] if synced else ["--no-sync"]),
    ]
