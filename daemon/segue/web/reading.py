"""From a request to the models that its route declares, or to a refusal that names every fault."""

import difflib
from collections.abc import Sequence
from typing import Any, get_origin

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from multidict import MultiMapping
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from segue.web.errors import INVALID, MALFORMED, UNSUPPORTED_MEDIA, Fault, Refusal
from segue.web.routing import Route
from segue.web.shapes import NAME_PATTERN

__all__ = ["arguments", "body_bytes", "invalid", "refuse", "unknown"]


async def arguments(route: Route, request: web.Request) -> dict[str, BaseModel]:
    """The handler's keyword arguments; the body is read only when path and query are right."""
    faults: list[Fault] = []
    read: dict[str, BaseModel] = {}
    for part, model, values in (
        ("path", route.path_model, dict(request.match_info)),
        ("query", route.query_model, _query(route.query_model, request.query)),
    ):
        if model is None:
            faults += _unwanted(part, values)
            continue
        try:
            read[part] = model.model_validate(values)
        except ValidationError as error:
            faults += invalid(error, part, model)
    if faults:
        raise refuse(faults)
    if route.body_model is not None and (route.body_required or request.body_exists):
        read["body"] = await _body(route.body_model, request)
    return read


async def body_bytes(request: web.Request) -> bytes:
    """The whole body; too large ones are refused by the application's limit."""
    try:
        return await request.read()
    except (web.RequestPayloadError, HttpProcessingError) as error:
        raise Refusal(MALFORMED, "The body breaks off or is not encoded as its headers say.") from error


def invalid(error: ValidationError, part: str, model: type[BaseModel] | None = None) -> list[Fault]:
    """Every fault that a model found, without the values themselves."""
    details = error.errors(include_url=False, include_context=True, include_input=False)
    known = list(model.model_fields) if model else []
    return [_fault(detail, part, known) for detail in details if not _only_follows(detail, details)]


def unknown(*where: str, known: Sequence[str]) -> Fault:
    """A name that a client chose and nobody knows; the likeliest known one is told."""
    close = difflib.get_close_matches(where[-1], known, n=1)
    meant = f"; did you mean `{close[0]}`?" if close else ""
    return Fault(where=".".join([*where[:-1], _shown(where[-1])]), message=f"is not known here{meant}")


def refuse(faults: Sequence[Fault]) -> Refusal:
    """One refusal for all faults."""
    told = "; ".join(
        f"`{fault.where.partition('.')[2] or fault.where}` {fault.message}" for fault in faults[:3]
    )
    more = f"; and {len(faults) - 3} more" if len(faults) > 3 else ""
    return Refusal(INVALID, f"The request is not valid: {told}{more}.", faults=faults[:50])


async def _body(model: type[BaseModel], request: web.Request) -> BaseModel:
    if request.content_type != "application/json":
        raise Refusal(UNSUPPORTED_MEDIA, "Send the body as JSON, with `Content-Type: application/json`.")
    raw = await body_bytes(request)
    try:
        return model.model_validate_json(raw, strict=True)
    except ValidationError as error:
        if [detail["type"] for detail in error.errors()] == ["json_invalid"]:
            raise Refusal(MALFORMED, "The body is not JSON in UTF-8.") from error
        raise refuse(invalid(error, "body", model)) from error


def _query(model: type[BaseModel] | None, query: MultiMapping[str]) -> dict[str, Any]:
    """A field that is a sequence takes every value given; any other must be given once."""
    values: dict[str, Any] = {}
    for name in dict.fromkeys(query):
        given = query.getall(name)
        field = model.model_fields.get(name) if model else None
        many = field is not None and get_origin(field.annotation) is tuple
        values[name] = given if many or len(given) > 1 else given[0]
    return values


def _unwanted(part: str, values: dict[str, Any]) -> list[Fault]:
    return [Fault(where=f"{part}.{_shown(name)}", message="is not known here") for name in values]


def _only_follows(detail: ErrorDetails, others: Sequence[ErrorDetails]) -> bool:
    """A sequence is found too short when what it holds was refused."""
    place = detail["loc"]
    return detail["type"] == "too_short" and any(
        len(other["loc"]) > len(place) and other["loc"][: len(place)] == place for other in others
    )


def _fault(detail: ErrorDetails, part: str, known: Sequence[str]) -> Fault:
    location = [_shown(str(step)) for step in detail["loc"]]
    where = ".".join([part, *location])
    if detail["type"] == "missing":
        return Fault(where=where, message="is missing")
    if detail["type"] == "extra_forbidden":
        return unknown(part, *location, known=known)
    if detail.get("ctx", {}).get("pattern") == NAME_PATTERN:
        return Fault(where=where, message=_NAME)
    return Fault(where=where, message=_requirement(detail["msg"]))


_NAME = "must be of lower-case letters, digits, - and _, and begin with a letter or digit"


def _requirement(message: str) -> str:
    message = message.removeprefix("Value error, ").removeprefix("Assertion failed, ")
    for wordy, plain in (("Input should be ", "must be "), ("Input should have ", "must have ")):
        message = message.replace(wordy, plain)
    return message[:1].lower() + message[1:]


def _shown(name: str) -> str:
    """A name that a client chose, safe to print."""
    return "".join(sign if sign.isprintable() else "�" for sign in name[:60])
