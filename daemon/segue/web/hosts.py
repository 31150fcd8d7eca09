"""Under which names we may be reached: keeps foreign pages in a person's browser away."""

import ipaddress
from collections.abc import Collection
from urllib.parse import urlsplit

from aiohttp import web

from segue.web.errors import FORBIDDEN, MALFORMED, MISDIRECTED, Refusal

__all__ = ["Doorbell"]

# Nobody can register these as public names and point them at a private address.
_PRIVATE_ENDINGS = (".local", ".localhost", ".lan", ".home", ".home.arpa", ".internal", ".intranet", ".test")
_READING = frozenset({"GET", "HEAD", "OPTIONS"})


class Doorbell:
    """Checks `Host` against rebound names and `Origin` against foreign pages."""

    def __init__(self, names: Collection[str], origins: Collection[str]) -> None:
        self._names = frozenset(name.lower() for name in names)
        self._origins = frozenset(origins)

    def check(self, request: web.Request) -> None:
        host = _host_name(request.headers.get("Host", ""))
        if not self._is_ours(host):
            raise Refusal(
                MISDIRECTED,
                "This daemon does not answer under this name. If it should, name the address in the setting "
                "`public_url` (SEGUE_PUBLIC_URL).",
            )
        if request.method not in _READING:
            self._check_origin(request)

    def _is_ours(self, host: str) -> bool:
        return _is_address(host) or "." not in host or host in self._names or host.endswith(_PRIVATE_ENDINGS)

    def _check_origin(self, request: web.Request) -> None:
        origin = request.headers.get("Origin")
        if origin is None:
            foreign = request.headers.get("Sec-Fetch-Site") in ("cross-site", "same-site")
        else:
            ours = {f"{scheme}://{request.headers.get('Host', '')}" for scheme in ("http", "https")}
            foreign = origin not in ours and origin not in self._origins
        if foreign:
            raise Refusal(FORBIDDEN, "A page of another origin may not change anything here.")


def _host_name(host: str) -> str:
    try:
        return (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError as error:
        raise Refusal(MALFORMED, "The header `Host` names no host.") from error


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
