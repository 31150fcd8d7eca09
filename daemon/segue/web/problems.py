"""Refusals as they leave: problem documents (RFC 9457)."""

import json

from aiohttp import web

from segue.web.errors import KINDS, MALFORMED, METHOD_NOT_ALLOWED, NOT_FOUND, TOO_LARGE, Refusal

__all__ = ["MEDIA_TYPE", "REQUEST_ID_HEADER", "of_http_error", "reply"]

MEDIA_TYPE = "application/problem+json"
REQUEST_ID_HEADER = "X-Request-Id"


def reply(refusal: Refusal, *, request_id: str) -> web.Response:
    """The problem document of a refusal."""
    document: dict[str, object] = {
        "type": refusal.kind.type,
        "title": refusal.kind.title,
        "status": refusal.kind.status,
        "detail": refusal.detail,
        "request": request_id,
    }
    if refusal.faults:
        document["faults"] = [{"where": fault.where, "message": fault.message} for fault in refusal.faults]
    return web.Response(
        status=refusal.kind.status,
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
