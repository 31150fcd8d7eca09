"""Puts the layers together, strongest last, or refuses with every problem at once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import PydanticBaseSettingsSource

from segue.settings import layers
from segue.settings.errors import SettingsError
from segue.settings.fields import DEFAULT_DATA_DIR, TABLES, Settings
from segue.settings.layers import Layer, Location
from segue.settings.problems import sentences

# Type checkers see only the fields as parameters of a settings class.
_FROM_SOURCES: Callable[..., Settings] = Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """Settings, and where each of those that were set came from."""

    settings: Settings
    origins: Mapping[Location, str]


def load_settings(
    environ: Mapping[str, str] | None = None, options: Mapping[str, object] | None = None
) -> Settings:
    """The settings of this process; SettingsError tells everything that is wrong with them."""
    return load(environ, options).settings


def load(environ: Mapping[str, str] | None = None, options: Mapping[str, object] | None = None) -> Loaded:
    """The settings with their origins; `options` come from the command line, None means not given."""
    read = _read(layers.environment() if environ is None else environ, options or {})
    for layer in read:
        _refuse_values_for_tables(layer)
    problems = [problem for layer in read for problem in layer.problems]
    strongest_first = tuple(_Source(layer) for layer in reversed(read))
    try:
        settings = _FROM_SOURCES(_build_sources=(strongest_first, {}))
    except ValidationError as error:
        problems += sentences(error, Settings, read)
    if problems:
        raise SettingsError(problems)
    origins = {where: origin for layer in read for where, origin in layer.origins.items()}
    return Loaded(settings=settings, origins=origins)


def _read(environ: Mapping[str, str], options: Mapping[str, object]) -> list[Layer]:
    """Weakest first. Only the environment and the command line can say where the others are."""
    command_line = layers.from_command_line(options)
    nearest = {**layers.from_environment(environ, {}).values, **command_line.values}
    read = []
    path = _settings_file(nearest)
    if path is not None:
        read.append(layers.from_file(path))
        command_line.values.setdefault("config", path)
    if folder := nearest.get("secrets_dir"):
        read.append(layers.from_secret_files(Path(str(folder)).expanduser(), layers.server_names(*read)))
    return [*read, layers.from_environment(environ, layers.server_names(*read)), command_line]


def _refuse_values_for_tables(layer: Layer) -> None:
    """A single value would hide what weaker layers say in that table, and what is wrong there."""
    for name in TABLES:
        if not isinstance(layer.values.get(name, {}), dict):
            del layer.values[name]
            layer.problems.append(f"{layer.origins.pop((name,))} must be a table, not a single value.")


def _settings_file(nearest: Mapping[str, Any]) -> Path | None:
    """The named file, which must exist, or the one in the data folder, which may."""
    if named := nearest.get("config"):
        return Path(str(named)).expanduser()
    path = Path(str(nearest.get("data_dir") or DEFAULT_DATA_DIR)).expanduser() / "segue.toml"
    return path if path.exists() else None


class _Source(PydanticBaseSettingsSource):
    """One layer as a source of pydantic-settings, which merges tables key by key."""

    def __init__(self, layer: Layer) -> None:
        super().__init__(Settings)
        self._layer = layer

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        return self._layer.values.get(field_name), field_name, False

    def __call__(self) -> dict[str, Any]:
        return self._layer.values
