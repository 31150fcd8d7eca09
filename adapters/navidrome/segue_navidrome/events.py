"""What Navidrome's events mean for us; pure."""

import json
from enum import Enum

from segue.sdk.http import ServerSentEvent

__all__ = ["Meaning", "Numbers", "meaning"]


class Meaning(Enum):
    """What to do on an event."""

    NOTHING = "nothing"
    LOOK = "look"  # something may have changed
    CHANGED = "changed"


class Numbers:
    """Notices numbers that are left out: Navidrome drops events when it has much to tell."""

    def __init__(self) -> None:
        self._last: int | None = None

    def skipped(self, event: ServerSentEvent) -> bool:
        text = event.id or ""
        number = int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else 0
        if not number:
            return False
        last, self._last = self._last, number
        return last is not None and number > last + 1


def meaning(event: ServerSentEvent) -> Meaning:
    """Plays, stars and ratings change no track; the end of a scan is worth a look, and so is the start."""
    data = _object(event.data)
    if event.name == "refreshResource":
        return Meaning.CHANGED if "*" in data or "library" in data else Meaning.NOTHING
    if event.name == "serverStart" or (event.name == "scanStatus" and data.get("scanning") is False):
        return Meaning.LOOK
    return Meaning.NOTHING


def _object(text: str) -> dict[str, object]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
