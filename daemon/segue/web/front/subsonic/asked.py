"""A Subsonic request: which method, with which parameters, answered in which form."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from urllib.parse import parse_qsl

from aiohttp import web

from segue.web.front.proxy import body_of

__all__ = ["Asked", "method_of", "read"]

_PATH = re.compile(r"(?P<base>.*/)rest/(?P<method>[A-Za-z0-9]+)(?P<view>(?:\.view)?)")
_CALLBACK = re.compile(r"[A-Za-z_$][A-Za-z0-9_$.]*")
_FORM = "application/x-www-form-urlencoded"
_LARGEST_FORM = 10 * 1024 * 1024
_MOST_FIELDS = 20_000
_CREDENTIALS = ("u", "p", "t", "s", "apiKey", "jwt", "v", "c")

Parameters = Sequence[tuple[str, str]]
Form = Literal["xml", "json", "jsonp"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request; `base` stands before `rest`, and `view` behind the method where it was written so."""

    base: str
    method: str
    view: str
    parameters: Parameters

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
    """The request, its form included, once; None when it has one that we do not understand."""
    if ASKED in request:
        return request[ASKED]
    match = _PATH.fullmatch(request.rel_url.raw_path)
    assert match is not None
    form = b""
    if request.body_exists:
        body = await body_of(request, most=_LARGEST_FORM) if _is_plain(request) else None
        if body is None:
            return None
        form = body if request.content_type == _FORM else b""
    query = request.rel_url.raw_query_string
    if query.count("&") + form.count(b"&") >= _MOST_FIELDS:
        return None
    asked = Asked(
        base=match["base"],
        method=match["method"],
        view=match["view"],
        parameters=[*_pairs(query), *_pairs(form.decode("utf-8", "replace"))],
    )
    request[ASKED] = asked
    return asked


def _is_plain(request: web.Request) -> bool:
    """Whether the body says nothing that only the server would find in it."""
    return not request.content_type.startswith("multipart/") and "Content-Encoding" not in request.headers


def _pairs(encoded: str) -> Parameters:
    return parse_qsl(encoded, keep_blank_values=True, errors="replace")
