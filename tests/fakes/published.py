"""Compares requests and replies with a published OpenAPI document: nothing in them may be invented."""

import json
import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from openapi_schema_validator import OAS30Validator

from tests.fakes.mediabrowser import Seen

__all__ = ["Document"]

_CONSTANT = re.compile(r"\{[^}]*\}")


class Document:
    """One document. `also` are query parameters that a server takes though the document does not say so."""

    def __init__(self, file: Path, *, also: Mapping[str, frozenset[str]] | None = None) -> None:
        self._document: dict[str, Any] = json.loads(file.read_text())
        self._also = also or {}

    def problems(self, seen: Seen) -> Iterator[str]:
        """What of a request and its answer the document does not know, or forbids."""
        found = self._operation(seen)
        if found is None:
            yield f"{seen.verb} {seen.path}: not in the document"
            return
        template, operation = found
        name = f"{seen.verb} {template}"
        yield from (f"{name}: {problem}" for problem in self._in_query(seen, operation, name))
        yield from (f"{name}: {problem}" for problem in self._in_body(seen, operation))
        if seen.reply is not None and seen.status == 200:
            yield from (f"{name}: {problem}" for problem in self._in_reply(seen, operation))

    @cached_property
    def _templates(self) -> list[tuple[str, "re.Pattern[str]"]]:
        """Those with the fewest variables first."""
        paths = sorted(self._document["paths"], key=lambda path: (path.count("{"), path))
        return [(path, re.compile(_CONSTANT.sub("[^/]+", path.replace(".", r"\.")))) for path in paths]

    def _operation(self, seen: Seen) -> tuple[str, dict[str, Any]] | None:
        for template, expression in self._templates:
            operation = self._document["paths"][template].get(seen.verb.lower())
            if operation is not None and expression.fullmatch(seen.path):
                return template, operation
        return None

    def _in_query(self, seen: Seen, operation: Mapping[str, Any], name: str) -> Iterator[str]:
        known = {one["name"]: one for one in operation.get("parameters", ()) if one["in"] == "query"}
        for key, text in seen.query.items():
            if key in self._also.get(name, ()):
                continue
            if key not in known:
                yield f"there is no parameter {key}"
                continue
            yield from (
                f"{key}={text!r}: {problem}" for problem in self._in_value(text, known[key]["schema"])
            )
        for key, parameter in known.items():
            if parameter.get("required") and key not in seen.query:
                yield f"{key} is missing"

    def _in_value(self, text: str, schema: dict[str, Any]) -> Iterator[str]:
        if schema.get("type") == "array":
            for part in text.split(","):
                yield from self._in_value(part, schema["items"])
            return
        value: Any = text
        if schema.get("type") == "boolean":
            value = {"true": True, "false": False}.get(text, text)
        elif schema.get("type") == "integer" and re.fullmatch(r"-?\d+", text):
            value = int(text)
        yield from self._against(schema, value)

    def _in_body(self, seen: Seen, operation: Mapping[str, Any]) -> Iterator[str]:
        contents = operation.get("requestBody", {}).get("content", {})
        schema = contents.get("application/json", {}).get("schema")
        if seen.body is not None and schema is None:
            yield "it takes no JSON"
        elif seen.body is not None and schema is not None:
            yield from self._against(schema, seen.body)

    def _in_reply(self, seen: Seen, operation: Mapping[str, Any]) -> Iterator[str]:
        content = operation["responses"].get("200", {}).get("content", {})
        if "application/json" not in content:
            yield "it answers no JSON"
            return
        yield from self._against(content["application/json"]["schema"], seen.reply)

    def _against(self, schema: dict[str, Any], value: object) -> Iterator[str]:
        validator = OAS30Validator({"allOf": [schema], "components": self._closed})
        for error in validator.iter_errors(value):
            yield f"{error.json_path}: {error.message[:200]}"

    @cached_property
    def _closed(self) -> dict[str, Any]:
        """The schemas, where one that says nothing of further members allows none."""
        components: dict[str, Any] = self._document["components"]
        for schema in components["schemas"].values():
            if "properties" in schema:
                schema.setdefault("additionalProperties", False)
        return components
