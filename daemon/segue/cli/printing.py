"""What commands print: tables for people, JSON for programs; nothing from outside is trusted."""

import json
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

_WIDE = 100_000


def print_json(value: object, *, one_line: bool = False) -> None:
    """Readable on a terminal, one line elsewhere."""
    indent = 2 if sys.stdout.isatty() and not one_line else None
    print(json.dumps(value, ensure_ascii=False, indent=indent))


def say(text: str) -> None:
    """One line for a person."""
    print(plain(text))


def print_table(heads: Sequence[str], rows: Iterable[Sequence[object]], *, right: Iterable[str] = ()) -> None:
    """Columns without lines; `right` names the columns of numbers."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for head in heads:
        table.add_column(head, justify="right" if head in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*(cell(value) for value in row))
    _print_without_padding(table)


def print_facts(facts: Iterable[tuple[str, object]]) -> None:
    """Names and values, one per line; what is not known is left out."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for name, value in facts:
        if value is not None and value != "":
            table.add_row(cell(name), cell(value))
    _print_without_padding(table)


def _print_without_padding(table: "Table") -> None:
    """Programs that read lines want no blanks at their ends."""
    output = console()
    if output.is_terminal:
        output.print(table)
        return
    with output.capture() as captured:
        output.print(table)
    for line in captured.get().splitlines():
        print(line.rstrip())


def console() -> "Console":
    """Standard output; nothing is wrapped or cut where no terminal is."""
    from rich.console import Console

    return Console(highlight=False) if sys.stdout.isatty() else Console(highlight=False, width=_WIDE)


def cell(value: object) -> "Text":
    """A value as text without markup, so that a title stays a title."""
    from rich.text import Text

    return Text("" if value is None else plain(str(value)))


def plain(text: str) -> str:
    """Without control characters: a title must not steer the terminal."""
    return "".join(sign if sign.isprintable() or sign == "\n" else "�" for sign in text)


def moment(text: str | None) -> str:
    """A moment of the API in this machine's time."""
    return "" if text is None else datetime.fromisoformat(text).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def span(seconds: float | None) -> str:
    """A length of time in a person's words."""
    if seconds is None:
        return ""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours < 48 else f"{hours // 24} days {hours % 24} h"


def clock_time(seconds: float | None) -> str:
    """The length of a track as players show it."""
    if seconds is None:
        return ""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
