"""Counts failed attempts per client, in bounded memory."""

import ipaddress
import math
from collections import OrderedDict
from collections.abc import Callable

__all__ = ["Attempts"]


class Attempts:
    """A client may fail `burst` times at once and then once in `seconds_each`.

    Of more than `clients` addresses the ones that failed longest ago are forgotten.
    """

    def __init__(
        self, *, burst: int, seconds_each: float, clock: Callable[[], float], clients: int = 4096
    ) -> None:
        self._span = burst * seconds_each
        self._each = seconds_each
        self._clock = clock
        self._most_clients = clients
        self._paid_until: OrderedDict[str, float] = OrderedDict()

    @property
    def clients(self) -> int:
        """How many are remembered."""
        return len(self._paid_until)

    def wait(self, address: str | None) -> int:
        """Seconds until this client may fail again; 0 when it may now."""
        over = self._paid_until.get(_client(address), 0.0) + self._each - self._span - self._clock()
        return max(0, math.ceil(over))

    def charge(self, address: str | None) -> None:
        """Count a failure, before it is known to be one: a client may try many at the same time."""
        client = _client(address)
        now = self._clock()
        self._paid_until[client] = max(self._paid_until.get(client, now), now) + self._each
        self._paid_until.move_to_end(client)
        while len(self._paid_until) > self._most_clients:
            self._paid_until.popitem(last=False)

    def refund(self, address: str | None) -> None:
        """It was none."""
        client = _client(address)
        if client in self._paid_until:
            self._paid_until[client] -= self._each


def _client(address: str | None) -> str:
    """An IPv6 client has a whole /64 to choose from, so that counts as one."""
    try:
        parsed = ipaddress.ip_address((address or "").partition("%")[0])
    except ValueError:
        return address or ""
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)
