"""Refusals as they leave: problem documents (RFC 9457)."""

import json

from aiohttp import web

from segue.web.errors import KINDS, MALFORMED, METHOD_NOT_ALLOWED, NOT_FOUND, TOO_LARGE, Refusal, in_dialect

__all__ = ["IN_DIALECT", "MEDIA_TYPE", "REQUEST_ID_HEADER", "of_http_error", "reply"]

MEDIA_TYPE = "application/problem+json"
REQUEST_ID_HEADER = "X-Request-Id"
IN_DIALECT = web.RequestKey("in_dialect", bool)


def reply(refusal: Refusal, *, request_id: str, dialect: bool = False) -> web.Response:
    """The problem document of a refusal; clients of AudioMuse-AI look for its words under another name."""
    kind = in_dialect(refusal.kind) if dialect else refusal.kind
    document: dict[str, object] = {
        "type": kind.type,
        "title": kind.title,
        "status": kind.status,
        "detail": refusal.detail,
        "request": request_id,
    }
    if dialect:
        document["error"] = refusal.detail
    if refusal.faults:
        document["faults"] = [{"where": fault.where, "message": fault.message} for fault in refusal.faults]
    return web.Response(
        status=kind.status,
        body=json.dumps(document).encode(),
        content_type=MEDIA_TYPE,
        headers={**refusal.headers, REQUEST_ID_HEADER: request_id},
    )


def of_http_error(error: web.HTTPException, *, method: str) -> Refusal:
    """What aiohttp itself refuses, in our words."""
    allow = error.headers.get("Allow")
    if error.status == 404:
        return Refusal(NOT_FOUND, "Nothing is served under this path; /api/v1/docs lists what there is.")
    if error.status == 405:
        return Refusal(
            METHOD_NOT_ALLOWED,
            f"This path does not take {_clipped(method)}; it takes {allow}.",
            headers={"Allow": allow or ""},
        )
    if error.status == 413:
        return Refusal(TOO_LARGE, "The body is larger than this daemon takes; send less at once.")
    kind = next((kind for kind in KINDS if kind.status == error.status), MALFORMED)
    return Refusal(kind, f"The request was refused: {error.reason}.")


def _clipped(text: str) -> str:
    return text if len(text) <= 20 else text[:20] + "…"
