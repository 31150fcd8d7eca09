"""A disk that does not answer costs its users a wait and nobody else anything."""

import threading
from pathlib import Path

import pytest

from segue.sdk import NotFound, Unavailable
from segue.sdk.disk import Disk


async def test_what_takes_too_long_is_unavailable() -> None:
    answers = threading.Event()
    disk = Disk(Path("/srv/music"), limit_seconds=0.05)
    with pytest.raises(Unavailable, match="disk of /srv/music"):
        await disk(answers.wait, 60)
    answers.set()
    assert await Disk(Path("/"))(len, "four") == 4
    disk.close()


async def test_what_is_raised_comes_through() -> None:
    def fail() -> None:
        raise NotFound("It is not there.")

    disk = Disk(Path("/"))
    with pytest.raises(NotFound):
        await disk(fail)
    disk.close()
