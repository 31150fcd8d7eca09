"""The document of this API, and the pages for people."""

from aiohttp import web
from pydantic import Field

from segue.web import site
from segue.web.context import Call
from segue.web.errors import NOT_FOUND, Refusal
from segue.web.routing import Content, get
from segue.web.shapes import Asked, Text

__all__ = ["ROUTES"]

_TAG = "Pages"
_HTML = Content(media_type="text/html", description="A page for people.")


class FilePath(Asked):
    """Which file of the pages."""

    name: Text = Field(description="The name of the file.", examples=["style.css"])


@get(
    "/api/v1/openapi.json",
    tag=_TAG,
    scope=None,
    summary="The OpenAPI document of this API",
    content=Content(media_type="application/json", description="An OpenAPI 3.1 document."),
)
async def show_openapi(call: Call) -> web.Response:
    return site.answer(call.request, call.context.document)


@get("/api/v1/docs", tag=_TAG, scope=None, summary="This document as a page to try calls on", content=_HTML)
async def show_docs(call: Call) -> web.Response:
    """Everything it needs comes from this daemon."""
    return site.answer(call.request, call.context.site["docs.html"])


@get("/", tag=_TAG, scope=None, summary="The start page", content=_HTML)
async def show_start(call: Call) -> web.Response:
    return site.answer(call.request, call.context.site["start.html"])


@get(
    "/pages/{name}",
    tag=_TAG,
    scope=None,
    summary="A style sheet, script or picture of the pages",
    content=Content(media_type="*/*", description="The file."),
    refusals=[NOT_FOUND],
)
async def show_page_file(call: Call, path: FilePath) -> web.Response:
    file = call.context.site.get(path.name)
    if file is None or path.name.endswith(".html"):
        raise Refusal(NOT_FOUND, "The pages have no such file.")
    return site.answer(call.request, file)


ROUTES = (show_openapi, show_docs, show_start, show_page_file)
