"""A Subsonic request: which method, with which parameters, answered in which form."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from urllib.parse import parse_qsl

from aiohttp import web

__all__ = ["Asked", "method_of", "read"]

_PATH = re.compile(r"(?P<base>.*/)rest/(?P<method>[A-Za-z0-9]+)(?:\.view)?")
_CALLBACK = re.compile(r"[A-Za-z_$][A-Za-z0-9_$.]*")
_LARGEST_FORM = 10 * 1024 * 1024
_CREDENTIALS = ("u", "p", "t", "s", "apiKey", "jwt", "v", "c")

Parameters = Sequence[tuple[str, str]]
Form = Literal["xml", "json", "jsonp"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request; `body` is the form as it came, to be passed on unchanged."""

    base: str
    method: str
    parameters: Parameters
    body: bytes | None

    def one(self, name: str) -> str | None:
        """The first value given."""
        return next((value for key, value in self.parameters if key == name), None)

    def count(self, *, otherwise: int, most: int = 500) -> int:
        """How many are wanted; nonsense counts as not given."""
        text = self.one("count") or ""
        return min(int(text), most) if text.isascii() and text.isdecimal() and len(text) < 9 else otherwise

    @property
    def form(self) -> Form:
        """How the answer is written; a callback that is none could be a script of somebody else's."""
        match self.one("f"):
            case "json":
                return "json"
            case "jsonp":
                return "jsonp" if _CALLBACK.fullmatch(self.callback) else "json"
        return "xml"

    @property
    def callback(self) -> str:
        return self.one("callback") or ""

    @property
    def credentials(self) -> Parameters:
        """What proves who asks."""
        return [(name, value) for name, value in self.parameters if name in _CREDENTIALS]


ASKED = web.RequestKey("asked", Asked)


def method_of(request: web.Request) -> str | None:
    """The Subsonic method that a GET or POST names, under any base path."""
    match = _PATH.fullmatch(request.rel_url.raw_path) if request.method in ("GET", "POST") else None
    return match["method"] if match else None


async def read(request: web.Request) -> Asked | None:
    """The request, its form included, once; None when the form is larger than any that makes sense."""
    if ASKED in request:
        return request[ASKED]
    match = _PATH.fullmatch(request.rel_url.raw_path)
    assert match is not None
    query = request.rel_url.raw_query_string
    body = None
    if request.body_exists:
        if (request.content_length or _LARGEST_FORM + 1) > _LARGEST_FORM:
            return None
        body = await request.content.read(-1)
    form = body if body and request.content_type == "application/x-www-form-urlencoded" else b""
    asked = Asked(
        base=match["base"],
        method=match["method"],
        parameters=[*_pairs(query), *_pairs(form.decode("utf-8", "replace"))],
        body=body,
    )
    request[ASKED] = asked
    return asked


def _pairs(encoded: str) -> Parameters:
    return parse_qsl(encoded, keep_blank_values=True, errors="replace", max_num_fields=20_000)
