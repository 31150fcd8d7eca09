"""The OpenAPI 3.1 document, written from the routes' own models."""

import inspect
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, Field
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from segue.web import problems
from segue.web.errors import KINDS, NOT_FOUND, Kind
from segue.web.routing import Route
from segue.web.shapes import Told

__all__ = ["document"]

Json = dict[str, Any]


class Fault(Told):
    """One thing that is wrong with a request."""

    where: str = Field(description="Which part of the request.", examples=["query.limit"])
    message: str = Field(description="What is wrong with it.", examples=["must be at least 1"])


class Problem(Told):
    """Why a request was refused, after RFC 9457."""

    type: str = Field(description="What programs compare.", examples=[NOT_FOUND.type])
    title: str
    status: int
    detail: str = Field(description="What happened and what to do.")
    request: str = Field(description="Under this id the daemon's log may say more.")
    faults: tuple[Fault, ...] = Field(default=(), description="What is wrong with the request, part by part.")


def document(routes: Sequence[Route], *, version: str) -> Json:
    """The whole document."""
    schemas = _Schemas(routes)
    paths: dict[str, Json] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Segue",
            "version": version,
            "summary": "Hears your own music and answers what sounds similar.",
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": tag} for tag in dict.fromkeys(route.tag for route in routes)],
        "paths": paths,
        "components": {
            "schemas": schemas.definitions,
            "responses": {kind.name: _refusal(kind, schemas) for kind in KINDS},
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A token `segue_…`; `admin` includes `read`, which includes `play`.",
                }
            },
        },
    }


class _Schemas:
    """Schemas of all models, each named once; those of paths and queries become parameters instead."""

    def __init__(self, routes: Sequence[Route]) -> None:
        wanted: list[tuple[type[BaseModel], JsonSchemaMode]] = [(Problem, "serialization")]
        for route in routes:
            wanted += [(model, "validation") for model in _asked(route)]
            wanted += [(route.reply_model, "serialization")] if route.reply_model else []
        self._refs, rest = models_json_schema(
            list(dict.fromkeys(wanted)), ref_template="#/components/schemas/{model}"
        )
        self.definitions: Json = rest.get("$defs", {})
        flat = {model: None for route in routes for model in (route.path_model, route.query_model) if model}
        self._flat = {model: self.definitions.pop(self._name(model)) for model in flat}

    def ref(self, model: type[BaseModel], mode: JsonSchemaMode) -> Json:
        return dict(self._refs[(model, mode)])

    def fields(self, model: type[BaseModel]) -> tuple[Json, set[str]]:
        """Properties of a path or query, and the required ones among them."""
        schema = self._flat[model]
        return schema.get("properties", {}), set(schema.get("required", ()))

    def _name(self, model: type[BaseModel]) -> str:
        return str(self._refs[(model, "validation")]["$ref"]).rpartition("/")[2]


def _asked(route: Route) -> list[type[BaseModel]]:
    return [model for model in (route.path_model, route.query_model, route.body_model) if model]


def _operation(route: Route, schemas: _Schemas) -> Json:
    operation: Json = {
        "operationId": route.name,
        "tags": [route.tag],
        "summary": route.summary,
        "description": _description(route),
        "responses": _replies(route, schemas),
        "security": [{"token": []}] if route.scope else [],
    }
    if parameters := _parameters(route, schemas):
        operation["parameters"] = parameters
    if route.body_model:
        schema = schemas.ref(route.body_model, "validation")
        operation["requestBody"] = {
            "required": route.body_required,
            "content": {"application/json": {"schema": schema}},
        }
    elif route.takes_any_body:
        operation["requestBody"] = {"required": True, "content": {"*/*": {"schema": {}}}}
    return operation


def _description(route: Route) -> str:
    needs = f"Needs a token with the scope `{route.scope}`." if route.scope else "Needs no token."
    return f"{route.description}\n\n{needs}".strip()


def _parameters(route: Route, schemas: _Schemas) -> list[Json]:
    found = []
    for place, model in (("path", route.path_model), ("query", route.query_model)):
        properties, required = schemas.fields(model) if model else ({}, set())
        for name, schema in properties.items():
            found.append(_parameter(name, place, schema, required=name in required))
    return found


def _parameter(name: str, place: str, schema: Json, *, required: bool) -> Json:
    described = {key: value for key, value in schema.items() if key not in ("title", "description")}
    parameter = {"name": name, "in": place, "required": required, "schema": _never_null(described)}
    if description := schema.get("description"):
        parameter["description"] = description
    return parameter


def _never_null(schema: Json) -> Json:
    """A parameter is left out, it cannot be null."""
    options = [option for option in schema.get("anyOf", ()) if option != {"type": "null"}]
    if not options or len(options) == len(schema["anyOf"]):
        return schema
    rest = {key: value for key, value in schema.items() if key not in ("anyOf", "default")}
    return {**options[0], **rest} if len(options) == 1 else {"anyOf": options, **rest}


def _replies(route: Route, schemas: _Schemas) -> Json:
    refusals = sorted(route.all_refusals, key=lambda kind: kind.status)
    return {
        str(route.status): _success(route, schemas),
        **{str(kind.status): {"$ref": f"#/components/responses/{kind.name}"} for kind in refusals},
    }


def _success(route: Route, schemas: _Schemas) -> Json:
    reply: Json = {"description": "Done; there is nothing more to tell."}
    if route.reply_model:
        schema = schemas.ref(route.reply_model, "serialization")
        reply["description"] = inspect.getdoc(route.reply_model) or route.summary
        reply["content"] = {"application/json": {"schema": schema}}
    elif route.content:
        reply["description"] = route.content.description
        reply["content"] = {route.content.media_type: {"schema": {"type": "string"}}}
    if route.reply_headers:
        reply["headers"] = {name: {"schema": {"type": "string"}} for name in route.reply_headers}
    return reply


def _refusal(kind: Kind, schemas: _Schemas) -> Json:
    example = {"type": kind.type, "title": kind.title, "status": kind.status, "detail": "…", "request": "…"}
    reply: Json = {
        "description": f"{kind.title}.",
        "content": {
            problems.MEDIA_TYPE: {"schema": schemas.ref(Problem, "serialization"), "example": example}
        },
    }
    if kind.status == 401:
        reply["headers"] = {"WWW-Authenticate": {"schema": {"type": "string"}}}
    if kind.status in (429, 503):
        reply["headers"] = {"Retry-After": {"schema": {"type": "integer"}}}
    return reply


_DESCRIPTION = """\
Everything a person or a script needs. Present a token in the header `Authorization: Bearer segue_…`.

Listings come in pages: give the `next` of one page as `cursor` for the following one. Every refusal is a
problem document (RFC 9457, `application/problem+json`); its `type` is for programs, its `detail` says what
to do. Unknown parameters and fields are refused. Times are in UTC, durations in seconds.
"""
