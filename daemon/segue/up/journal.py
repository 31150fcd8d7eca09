"""Logs of the children: each its own file of bounded size, and on the terminal what a person should see."""

import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

_LIMIT = 8 * 1024 * 1024
_LONGEST_GLANCE = 64 * 1024
_LOUD = ("warning", "error", "critical")
_LOUD_TEXT = re.compile(
    r"\[(warning|error|critical)\s*\]"  # a log line for people
    r"|^[\s|]*[\w.]*(Error|Exception|Group):"  # the last line of a traceback, alone or in a group
    r"|\bPANIC:"
)
_QUIET_FACTS = ("event", "level", "timestamp", "logger", "exception")


class Journal:
    """One child's log file: watched for loud lines, emptied when it has grown."""

    def __init__(self, path: Path, *, name: str, say: Callable[[str], None], limit: int = _LIMIT) -> None:
        self.path = path
        self._name = name
        self._say = say
        self._limit = limit
        self._seen = path.stat().st_size if path.exists() else 0

    def look(self) -> None:
        """Tell the loud lines written since the last look."""
        size = self.path.stat().st_size if self.path.exists() else 0
        if size < self._seen:
            self._seen = 0
        if size > self._seen:
            self._tell(self._since(size))
        if size > self._limit:
            self._start_anew()

    def _since(self, size: int) -> list[str]:
        """Whole lines only; a flood is told by its end."""
        with self.path.open("rb") as file:
            file.seek(max(self._seen, size - _LONGEST_GLANCE))
            text = file.read()
        whole, newline, rest = text.rpartition(b"\n")
        self._seen = size - len(rest) if newline else self._seen
        return whole.decode(errors="replace").splitlines()

    def _tell(self, lines: list[str]) -> None:
        for line in lines:
            if told := loud(line):
                self._say(f"{self._name}: {told}")

    def _start_anew(self) -> None:
        """The child keeps its open file, in append mode, so the file is emptied and not replaced."""
        shutil.copyfile(self.path, self.path.with_suffix(".1.log"))
        os.truncate(self.path, 0)
        self._seen = 0


def loud(line: str) -> str | None:
    """What to tell of a line, or nothing when it needs no person."""
    if line.startswith("{"):
        return _loud_json(line)
    return line.strip(" |") if _LOUD_TEXT.search(line) else None


def _loud_json(line: str) -> str | None:
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    if not isinstance(entry, dict) or entry.get("level") not in _LOUD:
        return None
    facts = (f"{key}={value}" for key, value in entry.items() if key not in _QUIET_FACTS)
    return " ".join((str(entry["level"]), str(entry.get("event", "")), *facts))
