"""MPD's line protocol: requests and replies as text; pure."""

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from segue.sdk import AdapterError, AuthFailed, Malformed, NotFound, Unavailable, Unsupported

__all__ = ["Ack", "Pair", "equals", "grouped", "is_sendable", "pair", "read_ack", "refusals", "request"]

Pair = tuple[str, str]

_MOST_BYTES = 3_500  # MPD closes the connection on longer lines
_ACK = re.compile(r"ACK \[(\d+)@(\d+)\] \{(.*?)\} (.*)")


class Ack(Exception):  # noqa: N818  the protocol's own word
    """MPD refuses: `index` tells which command of a list."""

    def __init__(self, code: int, index: int, command: str, text: str) -> None:
        super().__init__(f"[{code}@{index}] {{{command}}} {text}")
        self.code = code
        self.index = index
        self.command = command
        self.text = text


def request(command: str, *arguments: str) -> str:
    """One line that MPD reads as this command."""
    return " ".join([command, *map(_quoted, arguments)]) + "\n"


def equals(tag: str, value: str) -> str:
    """A filter for `find`: this tag has exactly this value."""
    return f"({tag} == {_quoted(value)})"


def is_sendable(text: str) -> bool:
    """Whether a text can be an argument at all."""
    if not text or "\n" in text or "\r" in text or "\0" in text:
        return False
    try:
        return len(text.encode()) <= _MOST_BYTES
    except UnicodeEncodeError:
        return False


def pair(line: str) -> Pair:
    """`Key: value`."""
    key, colon, value = line.partition(": ")
    if not colon and line.endswith(":"):
        key, colon = line[:-1], ":"
    if not colon:
        raise Malformed("MPD answered with something that is no MPD.", sample=line)
    return key, value


def read_ack(line: str) -> Ack:
    found = _ACK.fullmatch(line)
    if found is None:
        raise Malformed("MPD refused in words that are not MPD's.", sample=line)
    return Ack(int(found[1]), int(found[2]), found[3], found[4])


def grouped(pairs: Iterable[Pair], *begins: str) -> Iterator[list[Pair]]:
    """Objects of a reply: each begins with one of these keys."""
    group: list[Pair] = []
    for key, value in pairs:
        if key in begins:
            if group:
                yield group
            group = []
        elif not group:
            raise Malformed(f"MPD's list begins with {key!r}.", sample=f"{key}: {value}")
        group.append((key, value))
    if group:
        yield group


@contextmanager
def refusals(what: str) -> Iterator[None]:
    """Tells who must act on a refusal of `what`."""
    try:
        yield
    except Ack as ack:
        raise _translated(ack, what) from ack


def _translated(ack: Ack, what: str) -> AdapterError:
    told = f"MPD refused {what}: {ack.text}."
    kinds: Sequence[tuple[frozenset[int], type[AdapterError]]] = (
        (frozenset({3, 4}), AuthFailed),
        (frozenset({5}), Unsupported),
        (frozenset({50}), NotFound),
        (frozenset({52, 54}), Unavailable),
    )
    for codes, kind in kinds:
        if ack.code in codes:
            return kind(told)
    return Malformed(told, sample=ack.command)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
