"""The reference page of all settings, made from the fields themselves."""

from collections.abc import Iterator
from types import UnionType
from typing import Any, Literal, get_args, get_origin

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from segue.settings.fields import ServerSection, Settings, is_section
from segue.settings.layers import ONLY_OUTSIDE_FILE, Location, variable

_INTRODUCTION = """\
# Settings

<!-- Made by `segue settings reference`; a test compares. -->

Segue needs no settings to start. Those given are read from four places, each stronger than the one before:

1. the settings file, in TOML: `segue.toml` in the data folder, or the file that `SEGUE_CONFIG` names;
2. secret files, in the folder that `SEGUE_SECRETS_DIR` names;
3. environment variables that begin with `SEGUE_`; two underscores lead into a table;
4. options of the command line.

A setting that does not exist is refused wherever it is written, and all problems are told at once.
An empty environment variable counts as not set. Paths may begin with `~`; relative ones are taken from the
folder in which the command runs. An option of a server that is a list or a table is written as JSON in the
environment.
`segue settings show` prints what is in force and where it came from.
"""

_SERVERS = """\
Each connected server is a table under its own name: lower-case letters, digits, `-` and `_`. A `-` in the
name is written `_` in a variable. Secrets can thus stay out of the file:

```toml
[servers.attic]
kind = "folder"
path = "/srv/music"
```

`SEGUE_SERVERS__ATTIC__TOKEN` in the environment, or a secret file `segue_servers__attic__token`, fits the
same table.
"""


def reference() -> str:
    """The whole page, in Markdown."""
    plain, tables = [], []
    for name, field in Settings.model_fields.items():
        if is_section(field.annotation):
            tables.append((name, field.annotation))
        elif name != "servers":
            plain.append(_entry((name,), field))
    parts = [_INTRODUCTION, "## General\n", *plain]
    for name, model in tables:
        description = Settings.model_fields[name].description
        parts += [f"## `[{name}]`\n", f"{description}\n"]
        parts += [_entry((name, key), field) for key, field in model.model_fields.items()]
    parts += ["## `[servers.NAME]`\n", _SERVERS]
    parts += [_entry(("servers", "NAME", key), f) for key, f in ServerSection.model_fields.items()]
    return "\n".join(parts)


def _entry(location: Location, field: FieldInfo) -> str:
    lines = [f"### `{location[-1]}`", "", str(field.description), ""]
    lines.append(f"- Type: {_type_in_words(field)}")
    lines.append(f"- Default: {_default_in_words(field)}")
    where = variable(location)
    if location[-1] not in ONLY_OUTSIDE_FILE:
        lines.append(f"- Variable: `{where}`, in the file `{'.'.join(location)}`")
    else:
        lines.append(f"- Variable: `{where}`")
    return "\n".join([*lines, ""])


def _type_in_words(field: FieldInfo) -> str:
    kinds = list(_alternatives(field.annotation))
    words = {str: "text", int: "whole number", float: "number", SecretStr: "text, a secret"}
    kind = kinds[0]
    if get_origin(kind) is Literal:
        return "one of " + ", ".join(f"`{value}`" for value in get_args(kind))
    if get_origin(kind) is tuple:
        return "list of texts"
    return words.get(kind, "path") + _limits(field)


def _limits(field: FieldInfo) -> str:
    words = {"ge": "at least", "gt": "above", "le": "at most", "lt": "below"}
    limits = [
        f"{word} {getattr(rule, name)}"
        for rule in field.metadata
        for name, word in words.items()
        if hasattr(rule, name)
    ]
    return "".join(f", {limit}" for limit in limits)


def _alternatives(annotation: Any) -> Iterator[Any]:
    """The types behind `X | None` and `Annotated`."""
    if hasattr(annotation, "__metadata__"):
        yield from _alternatives(annotation.__origin__)
    elif isinstance(annotation, UnionType) or str(get_origin(annotation)) == "typing.Union":
        for one in get_args(annotation):
            if one is not type(None):
                yield from _alternatives(one)
    else:
        yield annotation


def _default_in_words(field: FieldInfo) -> str:
    extra = field.json_schema_extra
    if isinstance(extra, dict) and "default_in_words" in extra:
        return str(extra["default_in_words"])
    if field.is_required():
        return "none, must be given"
    return "not set" if field.default is None else f"`{field.default}`"
