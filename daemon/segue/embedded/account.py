"""Whom the services run as when we are root: PostgreSQL refuses to."""

import os
import pwd
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from segue.embedded.errors import StartError

_PREFERRED = ("segue", "postgres", "nobody")


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An entry of the passwd file without special rights."""

    name: str
    uid: int
    gid: int

    def take(self, path: Path) -> None:
        """Own one path; nothing above or below it."""
        os.chown(path, self.uid, self.gid, follow_symlinks=False)

    def locked_out_at(self, path: Path) -> Path | None:
        """The first folder on the way to `path` that this account may not pass."""
        folders = reversed((path, *path.parents))
        return next((folder for folder in folders if not self._passes(folder)), None)

    def _passes(self, folder: Path) -> bool:
        facts = folder.stat()
        if not stat.S_ISDIR(facts.st_mode):
            return True
        if facts.st_uid == self.uid:
            return bool(facts.st_mode & stat.S_IXUSR)
        if facts.st_gid == self.gid:
            return bool(facts.st_mode & stat.S_IXGRP)
        return bool(facts.st_mode & stat.S_IXOTH)


def unprivileged_account(name: str | None = None) -> Account | None:
    """The account to start services with; none is needed unless we are root."""
    if os.geteuid() != 0:
        _insist_on_own_entry()
        return None
    wanted = (name,) if name else _PREFERRED
    found = _first_entry(wanted)
    if found is None:
        raise StartError(
            f"PostgreSQL does not run as root, and there is no account named {' or '.join(wanted)} "
            "to run it with. Make one, for example: useradd --system segue"
        )
    return found


def _insist_on_own_entry() -> None:
    try:
        pwd.getpwuid(os.geteuid())
    except KeyError:
        raise StartError(
            f"This user (number {os.geteuid()}) has no entry in the passwd file, and PostgreSQL insists on "
            "one. In a container, keep the user of the image; else give SEGUE_DATABASE_URL."
        ) from None


def _first_entry(names: Iterable[str]) -> Account | None:
    for name in names:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid != 0:
            return Account(name=name, uid=entry.pw_uid, gid=entry.pw_gid)
    return None
