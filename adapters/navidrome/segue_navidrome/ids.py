"""Navidrome's ids: 0.64.0 wrote most of them anew, by a rule that can be followed."""

import hashlib
import re

__all__ = ["canonical"]

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_SHORT = re.compile(r"[0-9A-Za-z]{22}")
_HEX = re.compile(r"[0-9a-fA-F]{32}")
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def canonical(old: str) -> str:
    """The id that Navidrome 0.64.0 and later have for what had this id before."""
    if _SHORT.fullmatch(old):
        if _value(old) < 1 << 128:
            return old
        return _text(int.from_bytes(hashlib.md5(old.encode(), usedforsecurity=False).digest(), "big"))
    if _HEX.fullmatch(old) or _UUID.fullmatch(old):
        return _text(int(old.replace("-", ""), 16))
    return old


def _value(text: str) -> int:
    value = 0
    for digit in text:
        value = value * 62 + _DIGITS.index(digit)
    return value


def _text(value: int) -> str:
    digits = []
    for _ in range(22):
        value, digit = divmod(value, 62)
        digits.append(_DIGITS[digit])
    return "".join(reversed(digits))
