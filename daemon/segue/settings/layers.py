"""Where settings come from: each layer is a tree of values and the origin of each leaf."""

import json
import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PREFIX = "SEGUE_"
ONLY_OUTSIDE_FILE = ("config", "secrets_dir")

Location = tuple[str, ...]


@dataclass(slots=True)
class Layer:
    """Values of one source; `problems` are sentences about what could not be read at all."""

    values: dict[str, Any] = field(default_factory=dict)
    origins: dict[Location, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def put(self, location: Location, value: object, origin: str) -> None:
        """Set one leaf; a leaf where a table stands, or the other way round, is a problem."""
        node = self.values
        for key in location[:-1]:
            node = node.setdefault(key, {})
            if not isinstance(node, dict):
                self.problems.append(f"{origin} sets a part of something that is also set as a whole.")
                return
        if isinstance(node.get(location[-1]), dict):
            self.problems.append(f"{origin} sets as a whole what is also set in parts.")
            return
        node[location[-1]] = value
        self.origins[location] = origin


def from_file(path: Path) -> Layer:
    """The TOML file."""
    layer = Layer()
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        layer.problems.append(f"The settings file {path} cannot be read: {reason}.")
    except tomllib.TOMLDecodeError as error:
        layer.problems.append(f"The settings file {path} is not valid TOML: {error}.")
    else:
        layer.values = values
        layer.origins = {where: f"`{'.'.join(where)}` in {path}" for where in _leaves(values)}
        layer.problems += [
            f"`{name}` in {path} cannot be set in the file; use {variable((name,))}."
            for name in ONLY_OUTSIDE_FILE
            if values.pop(name, None) is not None
        ]
    return layer


def from_secret_files(folder: Path, servers: Mapping[str, str]) -> Layer:
    """Files `segue_…` in a folder of secrets; others belong to somebody else."""
    layer = Layer()
    try:
        files = sorted(path for path in folder.iterdir() if path.name.upper().startswith(PREFIX))
    except OSError as error:
        layer.problems.append(f"The folder of secrets {folder} cannot be read: {error.strerror}.")
        return layer
    for path in files:
        try:
            text = path.read_text(encoding="utf-8").rstrip("\r\n")
        except OSError as error:
            layer.problems.append(f"The secret file {path} cannot be read: {error.strerror}.")
        except UnicodeDecodeError:
            layer.problems.append(f"The secret file {path} is not UTF-8 text.")
        else:
            _put_text(layer, path.name, text, servers, origin=str(path))
    return layer


def from_environment(environ: Mapping[str, str], servers: Mapping[str, str]) -> Layer:
    """Variables `SEGUE_…`; an empty one counts as not set."""
    layer = Layer()
    for name in sorted(environ):
        if name.startswith(PREFIX):
            _put_text(layer, name, environ[name], servers, origin=f"{name} in the environment")
    return layer


def from_command_line(options: Mapping[str, object]) -> Layer:
    """Options given with one command, named like settings."""
    layer = Layer()
    for name, value in options.items():
        if value is not None:
            layer.put((name,), value, f"--{name.replace('_', '-')} on the command line")
    return layer


def server_names(*layers: Layer) -> dict[str, str]:
    """How the servers of these layers are written in names of variables."""
    names: set[str] = set()
    for layer in layers:
        servers = layer.values.get("servers")
        names |= set(servers) if isinstance(servers, dict) else set()
    return {name.replace("-", "_"): name for name in sorted(names)}


def variable(location: Location) -> str:
    """The environment variable that sets this."""
    return PREFIX + "__".join(location).upper().replace("-", "_")


def environment() -> Mapping[str, str]:
    """The environment of this process."""
    return os.environ


def _put_text(layer: Layer, name: str, text: str, servers: Mapping[str, str], *, origin: str) -> None:
    if not text:
        return
    location = tuple(name[len(PREFIX) :].lower().split("__"))
    value: object = text
    if location[0] == "servers" and len(location) > 1:
        location = ("servers", servers.get(location[1], location[1]), *location[2:])
        value = _list_or_text(text)
    layer.put(location, value, origin)


def _list_or_text(text: str) -> object:
    """An adapter's option may be a list or a table, written as JSON; all else stays text."""
    if text[:1] not in ("[", "{"):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


def _leaves(values: Mapping[str, Any], above: Location = ()) -> Iterator[Location]:
    for key, value in values.items():
        where = (*above, key)
        if isinstance(value, dict) and value:
            yield from _leaves(value, where)
        else:
            yield where
