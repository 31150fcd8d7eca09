"""Bearer tokens: how they look and how their secret half is kept."""

import re
import secrets
import string
from dataclasses import dataclass

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

__all__ = ["Bearer", "fits", "hashed", "new", "parse"]

_LETTERS = string.ascii_letters + string.digits
_LOOKUP_LENGTH, _SECRET_LENGTH = 10, 43  # 60 and 256 bits
_FORM = re.compile(r"segue_([A-Za-z0-9]{10})_([A-Za-z0-9]{43})")

# The secret is random and long, so the hash need not be slow; this is what OWASP asks for passwords.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


@dataclass(frozen=True, slots=True, repr=False)
class Bearer:
    """One token: the public half finds it, the secret half proves it."""

    lookup: str
    secret: str

    @property
    def text(self) -> str:
        """What its owner presents."""
        return f"segue_{self.lookup}_{self.secret}"


def new() -> Bearer:
    return Bearer(_random(_LOOKUP_LENGTH), _random(_SECRET_LENGTH))


def parse(text: str) -> Bearer | None:
    """None when it is no token of ours."""
    match = _FORM.fullmatch(text)
    return Bearer(match[1], match[2]) if match else None


def hashed(secret: str) -> str:
    """Takes some 30 ms and 19 MiB: call it in a thread."""
    return _HASHER.hash(secret)


def fits(secret: str, secret_hash: str) -> bool:
    """As slow as `hashed`."""
    try:
        return _HASHER.verify(secret_hash, secret)
    except (VerificationError, InvalidHashError):
        return False


def _random(length: int) -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(length))
