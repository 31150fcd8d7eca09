"""Checks through the daemon: it answers, it lets us in, and each server's loop goes round."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from segue.cli.doctor.finding import Finding

if TYPE_CHECKING:
    from segue.settings import Settings


def loop(settings: "Settings", *, url: str | None, token: str | None) -> Iterator[Finding]:
    """..."""
    yield from ()
