"""The OpenAPI document is valid, complete and honest."""

import inspect
import pkgutil
from importlib import import_module
from typing import Any

import pytest
from openapi_spec_validator import validate

from segue.web import openapi, routes
from segue.web.routes import ROUTES
from segue.web.routing import Route
from tests.daemon.web.conftest import Daemon


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return openapi.document(ROUTES, version="1.2.3")


def test_the_document_is_valid_openapi(document: dict[str, Any]) -> None:
    validate(document)


def test_every_route_of_a_module_is_served() -> None:
    declared = set()
    for found in pkgutil.iter_modules(routes.__path__):
        module = import_module(f"{routes.__name__}.{found.name}")
        declared |= {id(value) for value in vars(module).values() if isinstance(value, Route)}
    assert declared == {id(route) for route in ROUTES}


async def test_what_is_served_is_documented_and_nothing_else(daemon: Daemon) -> None:
    served = {
        (route.method.lower(), route.resource.canonical)
        for route in daemon.app.router.routes()
        if route.resource is not None and route.method != "HEAD"
    }
    document = await daemon.json("GET", "/api/v1/openapi.json", token=None)
    documented = {(method, path) for path, operations in document["paths"].items() for method in operations}
    assert documented == served


def test_operations_have_names_of_their_own() -> None:
    names = [route.name for route in ROUTES]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_a_route_says_what_it_does_and_everything_it_takes(route: Route) -> None:
    assert route.summary[0].isupper()
    assert not route.summary.endswith(".")
    for model in (route.path_model, route.query_model, route.body_model):
        assert model is None or inspect.getdoc(model)
    for model in (route.path_model, route.query_model):
        for name, field in model.model_fields.items() if model else ():
            assert field.description, f"{route.path}: {name} is not described"


def test_every_example_fits_its_own_schema(document: dict[str, Any]) -> None:
    from jsonschema import Draft202012Validator

    looked_at = 0
    for schema in _schemas(document):
        for example in schema.get("examples", ()):
            Draft202012Validator({**schema, "components": document["components"]}).validate(example)
            looked_at += 1
    assert looked_at > 20


def _schemas(node: Any) -> list[dict[str, Any]]:
    if isinstance(node, list):
        return [schema for one in node for schema in _schemas(one)]
    if not isinstance(node, dict):
        return []
    here = [node] if "examples" in node and ("type" in node or "anyOf" in node or "$ref" in node) else []
    return here + [schema for one in node.values() for schema in _schemas(one)]
