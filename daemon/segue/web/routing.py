"""Typed routes: one declaration from which a request is read, a reply is made and the document is written."""

import inspect
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import NoneType
from typing import Any, get_args, get_type_hints

from aiohttp import web
from pydantic import BaseModel

from segue.web import errors
from segue.web.errors import Kind

__all__ = ["DIALECT", "Content", "Route", "Scope", "delete", "get", "patch", "post", "put"]

DIALECT = "AudioMuse dialect"
"""The tag of routes whose refusals are such as AudioMuse-AI's clients know them."""

Handler = Callable[..., Awaitable[Any]]


class Scope(StrEnum):
    """What a token may do; each scope includes those after it."""

    ADMIN = "admin"
    READ = "read"
    PLAY = "play"

    @property
    def includes(self) -> frozenset["Scope"]:
        everything = list(Scope)
        return frozenset(everything[everything.index(self) :])


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """A reply that is not JSON, as the document describes it."""

    media_type: str
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One method on one path; models come from the handler's own signature."""

    method: str
    path: str
    handler: Handler
    tag: str
    summary: str
    description: str
    scope: Scope | None
    path_model: type[BaseModel] | None = None
    query_model: type[BaseModel] | None = None
    body_model: type[BaseModel] | None = None
    body_required: bool = True
    reply_model: type[BaseModel] | None = None
    content: Content | None = None
    status: int = 200
    refusals: Sequence[Kind] = ()
    stream: bool = False
    takes_any_body: bool = False
    sparse: bool = False  # what is null is left out of the reply
    reply_headers: Sequence[str] = field(default=())

    @property
    def name(self) -> str:
        return self.handler.__name__

    @property
    def in_dialect(self) -> bool:
        return self.tag == DIALECT

    @property
    def all_refusals(self) -> tuple[Kind, ...]:
        """Also those that every route of its shape may answer with."""
        kinds = [errors.MISDIRECTED, errors.MALFORMED, errors.INTERNAL, errors.UNAVAILABLE]
        if self.scope is not None:
            kinds += [errors.UNAUTHORISED, errors.FORBIDDEN, errors.TOO_MANY]
        if self.path_model or self.query_model or self.body_model:
            kinds += [errors.INVALID]
        if self.body_model or self.takes_any_body:
            kinds += [errors.TOO_LARGE]
        if self.body_model:
            kinds += [errors.UNSUPPORTED_MEDIA]
        if self.method != "GET":
            kinds += [errors.FORBIDDEN]
        kinds += self.refusals
        return tuple(dict.fromkeys(map(errors.in_dialect, kinds) if self.in_dialect else kinds))


Declared = Callable[[Handler], Route]


def get(path: str, **rest: Any) -> Declared:
    return _declare("GET", path, **rest)


def post(path: str, **rest: Any) -> Declared:
    return _declare("POST", path, **rest)


def put(path: str, **rest: Any) -> Declared:
    return _declare("PUT", path, **rest)


def patch(path: str, **rest: Any) -> Declared:
    return _declare("PATCH", path, **rest)


def delete(path: str, **rest: Any) -> Declared:
    return _declare("DELETE", path, **rest)


def _declare(method: str, path: str, *, status: int | None = None, **rest: Any) -> Declared:
    def declare(handler: Handler) -> Route:
        models = get_type_hints(handler)
        returns = models.pop("return")
        reply_model = returns if _is_model(returns) else None
        usual = 204 if returns is NoneType else 200
        body, body_required = _body(models.get("body"))
        route = Route(
            method=method,
            path=path,
            handler=handler,
            description=inspect.cleandoc(handler.__doc__ or ""),
            path_model=models.get("path"),
            query_model=models.get("query"),
            body_model=body,
            body_required=body_required,
            reply_model=reply_model,
            status=usual if status is None else status,
            **rest,
        )
        _check(route, set(models), returns)
        return route

    return declare


def _body(annotation: Any) -> tuple[type[BaseModel] | None, bool]:
    """A body that may be None may be left out."""
    options = [option for option in get_args(annotation) or (annotation,) if option is not NoneType]
    return (options[0], annotation is options[0]) if options[0] is not None else (None, False)


def _check(route: Route, parameters: set[str], returns: Any) -> None:
    """A wrong declaration is refused where it stands."""
    where = f"{route.method} {route.path}"
    if unknown := parameters - {"call", "path", "query", "body"}:
        raise TypeError(f"{where}: {unknown} are not parts of a request")
    in_path = set(re.findall(r"{(\w+)}", route.path))
    if in_path != set(route.path_model.model_fields if route.path_model else ()):
        raise TypeError(f"{where}: the path model must name {in_path}")
    streams = isinstance(returns, type) and issubclass(returns, web.StreamResponse)
    if streams != (route.content is not None):
        raise TypeError(f"{where}: exactly the routes that answer by themselves declare their content")


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)
