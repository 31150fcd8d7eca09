"""One server's settings, checked by its adapter's own model; secrets are never told."""

import json
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError

from segue.registry.plugins import BrokenPlugin, Plugins
from segue.sdk import AdapterPlugin, ServerConfig

__all__ = ["ConfigError", "UnknownKindError", "checked", "packed", "plugin_for", "unpacked"]


class UnknownKindError(Exception):
    """No usable adapter of this kind is installed; a sentence."""


class ConfigError(Exception):
    """The adapter's own model refuses these settings; `problems` are sentences."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__(" ".join(problems))
        self.problems = tuple(problems)


def plugin_for(plugins: Plugins, kind: str) -> AdapterPlugin[Any]:
    """The adapter of this kind."""
    found = plugins.get(kind)
    if isinstance(found, BrokenPlugin):
        raise UnknownKindError(found.reason)
    if found is None:
        raise UnknownKindError(
            f"There is no adapter of the kind {kind!r}; installed are: {', '.join(sorted(plugins))}."
        )
    return found


def checked(plugin: AdapterPlugin[Any], options: Mapping[str, Any]) -> ServerConfig:
    """The settings as the adapter wants them."""
    try:
        config: ServerConfig = plugin.config.model_validate(dict(options))
    except ValidationError as error:
        raise ConfigError(_problems(error, plugin.config)) from None  # the cause shows values
    return config


def packed(options: Mapping[str, Any]) -> bytes:
    """Options as they are sealed; equal options are packed equally."""
    return json.dumps(dict(options), sort_keys=True, default=str).encode()


def unpacked(packed_options: bytes) -> dict[str, Any]:
    """Options as they were given."""
    options = json.loads(packed_options)
    return options if isinstance(options, dict) else {}


def _problems(error: ValidationError, model: type[ServerConfig]) -> list[str]:
    return [
        _sentence(".".join(map(str, detail["loc"])), detail["type"], detail["msg"], model)
        for detail in error.errors(include_url=False, include_context=False, include_input=False)
    ]


def _sentence(name: str, kind: str, message: str, model: type[ServerConfig]) -> str:
    if kind == "missing":
        return f"`{name}` is missing."
    if kind == "extra_forbidden":
        meant = get_close_matches(name, model.model_fields, n=1)
        return f"`{name}` is not a setting of this kind of server" + (
            f"; did you mean `{meant[0]}`?" if meant else "."
        )
    plain = message.removeprefix("Value error, ").replace("Input should be", "must be")
    return f"`{name}` {plain[:1].lower()}{plain[1:]}." if name else f"{plain}."
