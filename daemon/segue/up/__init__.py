"""`segue up`: everything in one command, under one small supervisor."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from segue.up.plan import Part, Plan

if TYPE_CHECKING:  # settings bring a validation library that the supervisor's process does without
    from segue.settings import Settings

__all__ = ["Part", "Plan", "run"]


def run(settings: "Settings", music: Path | None = None) -> int:
    """Become the supervisor: the same process, with nothing of the command line left in memory."""
    plan = _plan(settings, music)
    reading, writing = os.pipe()
    os.write(writing, plan.to_json().encode())
    os.close(writing)
    os.set_inheritable(reading, True)
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(sys.executable, [sys.executable, "-m", "segue.up", f"/dev/fd/{reading}"])  # noqa: S606
    return 0


def _plan(settings: "Settings", music: Path | None) -> Plan:
    database, redis = settings.database_url, settings.redis_url
    folder = music or settings.music
    return Plan(
        data_dir=settings.data_dir,
        host=settings.host,
        port=settings.port,
        database_url=database.get_secret_value() if database else None,
        redis_url=redis.get_secret_value() if redis else None,
        music=folder.absolute() if folder else None,
        playlists=settings.playlists,
        config=settings.config,
        own_token=settings.admin_token is not None,
    )
