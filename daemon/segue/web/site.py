"""The pages' files, read once, with tags so that a browser asks again only for what changed."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files

from aiohttp import web

__all__ = ["File", "answer", "file", "read"]

_TYPES = {
    "html": "text/html",
    "css": "text/css",
    "js": "text/javascript",
    "svg": "image/svg+xml",
}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """One file as it is served."""

    body: bytes
    media_type: str
    tag: str


def file(body: bytes, media_type: str) -> File:
    return File(body=body, media_type=media_type, tag=f'"{hashlib.sha256(body).hexdigest()[:20]}"')


def read() -> Mapping[str, File]:
    """Every file in the package's folder `pages`, by name."""
    folder = files("segue.web") / "pages"
    return {
        entry.name: file(entry.read_bytes(), _TYPES[ending])
        for entry in folder.iterdir()
        if (ending := entry.name.rpartition(".")[2]) in _TYPES
    }


def answer(request: web.Request, wanted: File) -> web.Response:
    """The file, or that the browser has it already."""
    headers = {"ETag": wanted.tag, "Cache-Control": "no-cache", "Content-Security-Policy": _POLICY}
    if wanted.tag in request.headers.get("If-None-Match", ""):
        return web.Response(status=304, headers=headers)
    return web.Response(body=wanted.body, content_type=wanted.media_type, charset="utf-8", headers=headers)
