"""The addresses under which Lyrion knows files: our ids, because its numbers do not last; pure."""

import hashlib
from urllib.parse import unquote, urlsplit

__all__ = ["fingerprint", "is_askable", "is_file", "is_part", "path_of"]

_LONGEST = 4_000


def is_file(url: str | None) -> bool:
    """Whether an address is that of a file, not of an online service."""
    return url is not None and url.startswith("file:")


def is_part(url: str) -> bool:
    """Whether it is a part of a file, as a cue sheet tells them."""
    return "#" in url


def path_of(url: str) -> str | None:
    """The file's path on the server; None when it is no file."""
    if not is_file(url):
        return None
    try:
        path = unquote(urlsplit(url).path)
    except ValueError:
        return None
    return path.lstrip("/") or None if ":" in path[:4] else path or None


def fingerprint(url: str) -> str:
    """What the server keeps as `urlmd5`."""
    return hashlib.md5(url.encode(), usedforsecurity=False).hexdigest()


def is_askable(text: str) -> bool:
    """Whether a text can be the address of a file at all."""
    return is_file(text) and text.isascii() and text.isprintable() and len(text) <= _LONGEST
