"""Which headers travel through a proxy, and which end at it."""

from collections.abc import Iterable

from aiohttp import web
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

__all__ = ["downstream", "of_our_own", "sayable", "upstream"]

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
        "x-authenticated-user", "x-auth-request-user", "x-auth-request-email", "x-auth-request-groups",
        "x-auth-request-preferred-username", "x-authentik-username", "x-authentik-email", "x-authentik-name",
        "x-authentik-groups", "x-authentik-uid", "x-original-user",
    }
)  # fmt: skip

_OF_THE_QUESTION = (
    "Content-Length", "Content-Type", "Content-Encoding", "Accept-Encoding", "Range", "If-Range", "If-Match",
    "If-None-Match", "If-Modified-Since", "If-Unmodified-Since",
)  # fmt: skip


def upstream(request: web.BaseRequest) -> CIMultiDict[str]:
    """What the server is told: what the client said, without what ends here, and who asked."""
    kept = _travelling(request.headers, but={"host", "expect", *_IDENTITY})
    kept["X-Forwarded-For"] = ", ".join(
        [*request.headers.getall("X-Forwarded-For", ()), request.remote or "unknown"]
    )
    kept.setdefault("X-Forwarded-Proto", request.scheme)
    if host := request.headers.get("Host"):
        kept.setdefault("X-Forwarded-Host", host)
    return kept


def of_our_own(request: web.BaseRequest) -> CIMultiDict[str]:
    """What the server is told when we ask it something else in the client's name."""
    told = upstream(request)
    for name in _OF_THE_QUESTION:
        told.popall(name, None)
    told["Accept-Encoding"] = "identity"
    return told


def downstream(
    headers: "CIMultiDictProxy[str]", request: web.BaseRequest, *, server: URL
) -> CIMultiDict[str]:
    """What the client is told; a redirect to the server itself leads to this door instead."""
    kept = _travelling(headers, but=())
    for name in ("Location", "Content-Location"):
        if name in kept:
            kept[name] = _at_door(kept[name], request, server)
    return kept


def sayable(text: str) -> str:
    """Bytes that are no UTF-8 are letters of Latin-1; the library would leave them out."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogateescape").decode("latin-1")
    return text


def _travelling(headers: "CIMultiDictProxy[str]", *, but: Iterable[str]) -> CIMultiDict[str]:
    named = {
        token.strip().lower() for value in headers.getall("Connection", ()) for token in value.split(",")
    }
    ended = {*_HOP_BY_HOP, *named, *but}
    kept = ((name, value) for name, value in headers.items() if _spelt(name) not in ended)
    return CIMultiDict((name, sayable(value)) for name, value in kept)


def _spelt(name: str) -> str:
    """Some servers know no difference between a dash and an underscore."""
    return name.lower().replace("_", "-")


def _at_door(location: str, request: web.BaseRequest, server: URL) -> str:
    origin = str(server.origin())
    host = request.headers.get("X-Forwarded-Host") or request.headers.get("Host")
    if not host:
        return location
    if location == origin or location.startswith((f"{origin}/", f"{origin}?")):
        scheme = request.headers.get("X-Forwarded-Proto", request.scheme)
        return f"{scheme}://{host}{location.removeprefix(origin)}"
    return location
