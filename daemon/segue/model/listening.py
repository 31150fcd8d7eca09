"""Where a process listens: a port, and the address of this machine that it belongs to."""

import re
from dataclasses import dataclass

__all__ = ["Listening"]

_WRITTEN = re.compile(r"(?:(?P<host>\[[0-9A-Fa-f:.%]+\]|[A-Za-z0-9._-]+):)?(?P<port>[0-9]{1,5})")
_LARGEST = 65535


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """Written `4533`, `0.0.0.0:4533` or `[::]:4533`; without a host it is the daemon's own.

    Port 0 is any free one.
    """

    port: int
    host: str | None = None

    @classmethod
    def parse(cls, text: str) -> "Listening":
        """ValueError, with what was expected."""
        match = _WRITTEN.fullmatch(text.strip())
        port = int(match["port"]) if match else 0
        if match is None or port > _LARGEST:
            raise ValueError("must be a port, such as `4533`, or an address with one: `0.0.0.0:4533`")
        host = match["host"]
        return cls(port=port, host=host.strip("[]") if host else None)

    def __str__(self) -> str:
        if self.host is None:
            return str(self.port)
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"
