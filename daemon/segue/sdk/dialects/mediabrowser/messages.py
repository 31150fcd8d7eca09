"""What a websocket's messages mean for us; pure."""

from dataclasses import dataclass

from segue.sdk.dialects.mediabrowser.parse import payload, read_json
from segue.sdk.dialects.mediabrowser.payloads import LibraryUpdate, Message
from segue.sdk.errors import Malformed

__all__ = ["News", "Scans", "keep_alive_seconds", "library_news", "message"]


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """Ids of any kind of item. Vague: nothing is named, but something happened."""

    changed: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()

    @property
    def is_vague(self) -> bool:
        return not (self.changed or self.gone)


def message(text: str) -> Message | None:
    """A message, or None for a text that is none: what we don't understand is not for us."""
    try:
        return payload(Message, read_json(text))
    except Malformed:
        return None


def library_news(told: Message) -> News | None:
    """What a message tells of the library."""
    if told.MessageType != "LibraryChanged":
        return None
    try:
        update = payload(LibraryUpdate, told.Data)
    except Malformed:
        return News()
    changed = dict.fromkeys(_plain(id_) for id_ in (*update.ItemsAdded, *update.ItemsUpdated))
    return News(changed=tuple(changed), gone=tuple(_plain(id_) for id_ in update.ItemsRemoved))


def keep_alive_seconds(told: Message) -> float | None:
    """How often the server wants to hear of us, if this is the message that says so."""
    wanted = told.Data
    if told.MessageType != "ForceKeepAlive" or isinstance(wanted, bool):
        return None
    return max(float(wanted), 1.0) / 2 if isinstance(wanted, int | float) else None


class Scans:
    """Notices in the reports on tasks that a scan of the library has ended."""

    def __init__(self) -> None:
        self._running = False

    def ended(self, told: Message) -> bool:
        """Whether this report is the first one after a scan."""
        if told.MessageType != "ScheduledTasksInfo" or not isinstance(told.Data, list):
            return False
        scans = [task for task in told.Data if isinstance(task, dict) and task.get("Key") == "RefreshLibrary"]
        running = any(task.get("State") != "Idle" for task in scans)
        was, self._running = self._running, running
        return was and not running


def _plain(id_: str) -> str:
    plain = id_.replace("-", "")
    return plain.lower() if len(plain) == 32 and plain.isalnum() else id_
