"""A daemon for the command line's tests: replies are given, and both sides must keep to the API's models."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, get_origin
from urllib.parse import parse_qs, unquote, urlsplit

from pydantic import BaseModel

from segue.web.routes import ROUTES
from segue.web.routing import Route


@dataclass(frozen=True)
class Problem:
    """A refusal, as the daemon words it."""

    status: int
    detail: str


@dataclass(frozen=True)
class Raw:
    """A reply that is not what the API promises, or a stream."""

    body: bytes
    status: int = 200
    content_type: str = "text/event-stream"


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    query: dict[str, list[str]]
    body: Any
    token: str | None
    last_event: str | None


@dataclass
class StandIn:
    """`replies` by method and path, such as `GET /runs/1`; a list is answered one after the other."""

    url: str = ""
    replies: dict[str, Any] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    @property
    def asked(self) -> list[str]:
        return [f"{request.method} {request.path}" for request in self.requests]


@contextmanager
def stand_in() -> Iterator[StandIn]:
    told = StandIn()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do(self) -> None:
            reply = _answer(told, self)
            self.send_response(reply.status)
            self.send_header("Content-Type", reply.content_type)
            self.end_headers()
            self.wfile.write(reply.body)

    for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
        setattr(Handler, f"do_{method}", Handler.do)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    told.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield told
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert told.faults == [], "what the command asks, or what the test answers, is not the API"


def _answer(told: StandIn, handler: BaseHTTPRequestHandler) -> Raw:
    parts = urlsplit(handler.path)
    path = unquote(parts.path).removeprefix("/api/v1")
    text = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
    authorization = handler.headers.get("Authorization")
    request = Request(
        method=handler.command,
        path=path,
        query=parse_qs(parts.query),
        body=json.loads(text) if text else None,
        token=authorization.removeprefix("Bearer ") if authorization else None,
        last_event=handler.headers.get("Last-Event-ID"),
    )
    told.requests.append(request)
    reply = told.replies.get(f"{request.method} {request.path}", Problem(404, "There is no such thing."))
    if isinstance(reply, list):
        reply = reply.pop(0)
    try:
        return _checked(unquote(parts.path), request, text, reply)
    except Exception as error:
        told.faults.append(f"{request.method} {handler.path}: {error}")
        return Raw(b"", 500)


def _checked(path: str, request: Request, text: bytes, reply: object) -> Raw:
    route, in_path = _route(request.method, path)
    _check(route.path_model, in_path)
    _check(route.query_model, _query(route, request.query))
    if text:
        assert route.body_model is not None
        route.body_model.model_validate_json(text, strict=True)
    match reply:
        case Raw():
            return reply
        case Problem():
            body = {"title": "A title", "status": reply.status, "detail": reply.detail}
            return Raw(json.dumps(body).encode(), reply.status, "application/problem+json")
    if reply is None:
        return Raw(b"", route.status, "application/json")
    assert route.reply_model is not None
    body_text = route.reply_model.model_validate(reply).model_dump_json()
    return Raw(body_text.encode(), route.status, "application/json")


def _route(method: str, path: str) -> tuple[Route, dict[str, str]]:
    for route in ROUTES:
        pattern = re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", route.path)
        if route.method == method and (match := re.fullmatch(pattern, path)):
            return route, match.groupdict()
    raise AssertionError("there is no such route")


def _query(route: Route, given: dict[str, list[str]]) -> dict[str, object]:
    fields = route.query_model.model_fields if route.query_model else {}
    return {
        name: values if name in fields and get_origin(fields[name].annotation) is tuple else values[0]
        for name, values in given.items()
    }


def _check(model: type[BaseModel] | None, values: dict[str, Any]) -> None:
    if model is None:
        assert not values
    else:
        model.model_validate(values)
