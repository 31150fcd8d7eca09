"""Which headers travel through a proxy, and which end at it."""

from collections.abc import Iterable

from aiohttp import web
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

__all__ = ["downstream", "upstream"]

_HOP_BY_HOP = frozenset(
    {
        "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te",
        "trailer", "transfer-encoding", "upgrade",
    }
)  # fmt: skip

# Behind us our own address may be trusted: nobody may name a user to the server in its name.
_IDENTITY = frozenset(
    {
        "remote-user", "remote-name", "remote-email", "remote-groups", "x-remote-user", "x-forwarded-user",
        "x-forwarded-email", "x-forwarded-groups", "x-forwarded-preferred-username", "x-webauth-user",
        "x-authenticated-user", "x-auth-request-user", "x-auth-request-email", "x-authentik-username",
        "x-original-user",
    }
)  # fmt: skip


def upstream(request: web.BaseRequest) -> CIMultiDict[str]:
    """What the server is told: what the client said, without what ends here, and who asked."""
    kept = _travelling(request.headers, but={"host", "expect", *_IDENTITY})
    told = request.headers.get("X-Forwarded-For")
    asker = request.remote or "unknown"
    kept["X-Forwarded-For"] = f"{told}, {asker}" if told else asker
    kept.setdefault("X-Forwarded-Proto", request.scheme)
    kept.setdefault("X-Forwarded-Host", request.host)
    return kept


def downstream(
    headers: "CIMultiDictProxy[str]", request: web.BaseRequest, *, server: URL
) -> CIMultiDict[str]:
    """What the client is told; a redirect to the server itself leads to this door instead."""
    kept = _travelling(headers, but=())
    for name in ("Location", "Content-Location"):
        if name in kept:
            kept[name] = _at_door(kept[name], request, server)
    return kept


def _travelling(headers: "CIMultiDictProxy[str]", *, but: Iterable[str]) -> CIMultiDict[str]:
    named = {
        token.strip().lower() for value in headers.getall("Connection", ()) for token in value.split(",")
    }
    ended = {*_HOP_BY_HOP, *named, *but}
    return CIMultiDict((name, value) for name, value in headers.items() if name.lower() not in ended)


def _at_door(location: str, request: web.BaseRequest, server: URL) -> str:
    origin = str(server.origin())
    if location == origin or location.startswith((f"{origin}/", f"{origin}?")):
        return f"{request.scheme}://{request.host}{location.removeprefix(origin)}"
    return location
