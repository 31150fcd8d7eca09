"""The folders of one installation: made where missing, refused where they cannot serve."""

import os
import tempfile
import zlib
from dataclasses import dataclass
from pathlib import Path

from segue.embedded import Account, StartError

_LONGEST_SOCKET_PATH = 100  # bytes; the kernels allow 104 and 108
_LONGEST_SOCKET_NAME = ".s.PGSQL.5432"
_STATE_OF_ROOT = Path("/var/lib/segue")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rooms:
    """`services` holds database and queue: the data folder, unless their account cannot reach it."""

    data: Path
    services: Path
    run: Path
    logs: Path


def data_room(path: Path) -> Path:
    """The data folder, private to us."""
    try:
        if not path.exists():
            path.mkdir(parents=True)
            path.chmod(0o711 if os.geteuid() == 0 else 0o700)
        with tempfile.TemporaryFile(dir=path):
            pass
    except OSError as error:
        raise StartError(
            f"The data folder {path} cannot be written: {error.strerror}. "
            "Give it to this user, or choose another with SEGUE_DATA_DIR."
        ) from error
    return path.resolve()


def furnish(data: Path, account: Account | None, *, state_of_root: Path = _STATE_OF_ROOT) -> Rooms:
    """Make the rooms inside the data folder."""
    logs = data / "logs"
    logs.mkdir(mode=0o700, exist_ok=True)
    closed = account.locked_out_at(data) if account else None
    services = _room_elsewhere(data, state_of_root) if closed else data
    run = _run_room(services)
    if account:
        account.take(run)
    return Rooms(data=data, services=services, run=run, logs=logs)


def _room_elsewhere(data: Path, state: Path) -> Path:
    """A room that is reached by links in the data folder, so that a person finds it."""
    signs = [data / name for name in ("pg", "valkey")]
    if signs[0].is_symlink():
        return _followed(signs[0])
    if signs[0].exists():
        raise StartError(
            f"The database in {data} was made by another user than root, and the account that root runs it "
            "with cannot reach it. Start Segue as that user."
        )
    state.mkdir(mode=0o711, parents=True, exist_ok=True)
    room = Path(tempfile.mkdtemp(prefix="data-", dir=state))
    room.chmod(0o711)
    for sign in reversed(signs):
        sign.unlink(missing_ok=True)
        sign.symlink_to(room / sign.name)
    return room


def _followed(sign: Path) -> Path:
    room = sign.readlink().parent
    if not room.is_dir():
        raise StartError(
            f"The database of {sign.parent}, which lived in {room}, is gone. Put it back, or choose "
            "another folder with SEGUE_DATA_DIR."
        )
    return room


def _run_room(services: Path) -> Path:
    """For sockets, whose paths must be short."""
    run = services / "run"
    if len(os.fsencode(run / _LONGEST_SOCKET_NAME)) <= _LONGEST_SOCKET_PATH:
        run.mkdir(mode=0o700, exist_ok=True)
        return run
    return _private(_runtime_room() / f"segue-{_short_name(services)}")


def _runtime_room() -> Path:
    """The system's own place for sockets, or else the one for temporary files."""
    candidates = (Path(f"/run/user/{os.geteuid()}"), Path("/run"), Path("/tmp"))  # noqa: S108 - `_private` checks
    return next(folder for folder in candidates if os.access(folder, os.W_OK | os.X_OK))


def _private(folder: Path) -> Path:
    """Ours alone, even where everybody may make folders."""
    folder.mkdir(mode=0o700, exist_ok=True)
    facts = folder.lstat()
    if folder.is_symlink() or (os.geteuid() not in (0, facts.st_uid)) or facts.st_mode & 0o077:
        raise StartError(f"{folder} belongs to somebody else. Remove it, or choose a shorter SEGUE_DATA_DIR.")
    return folder


def _short_name(path: Path) -> str:
    return f"{zlib.crc32(os.fsencode(path)):08x}"
