"""Every setting: its name, type, default and one sentence of documentation."""

import os
from datetime import time
from pathlib import Path
from typing import Annotated, Any, Literal, TypeGuard
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from segue.model import Listening
from segue.settings.clustering import ClusteringSection, NamingSection
from segue.settings.errors import SettingsError

DEFAULT_DATA_DIR = Path("segue-data")


def _http_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("must begin with http:// or https:// and name a host")
    return value.rstrip("/")


def _redis_url(value: SecretStr) -> SecretStr:
    if not value.get_secret_value().startswith(("redis://", "rediss://", "unix://")):
        raise ValueError("must begin with redis://, rediss:// or unix://")
    return value


def _quiet_hours(value: str) -> str:
    start, _, end = value.partition("-")
    try:
        hours = [time.fromisoformat(word.strip()) for word in (start, end)]
    except ValueError:
        hours = []
    if len(hours) != 2 or hours[0] == hours[1]:
        raise ValueError("must be two different times of day, such as 22:00-07:00")
    return value


def _full_path(value: Path) -> Path:
    return value.expanduser().absolute()


def _listening(value: object) -> str:
    if not isinstance(value, str | int) or isinstance(value, bool):
        raise ValueError("must be a port or an address with one")
    return str(Listening.parse(str(value)))


def _processors_less_one() -> int:
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, usable - 1)


def is_section(annotation: object) -> TypeGuard[type[BaseModel]]:
    """Whether this is the type of a table with settings of its own."""
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


HttpUrl = Annotated[str, AfterValidator(_http_url)]
RedisUrl = Annotated[SecretStr, AfterValidator(_redis_url)]
ListeningText = Annotated[str, BeforeValidator(_listening)]
FullPath = Annotated[Path, AfterValidator(_full_path)]
QuietHours = Annotated[str, AfterValidator(_quiet_hours)]
ServerName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
Secret = Annotated[SecretStr, Field(min_length=1)]


def _given(address: SecretStr | None, what: str, variable: str) -> str:
    if address is None:
        raise SettingsError(
            [f"No {what} is given: set {variable}, or run `segue up`, which brings one along."]
        )
    return address.get_secret_value()


class ServerSection(BaseModel):
    """One media server or music folder; the keys beside `kind` belong to its adapter."""

    model_config = ConfigDict(extra="allow", frozen=True)

    kind: str = Field(
        min_length=1,
        description="Which adapter speaks to this server, for example `folder`; the adapter's own page "
        "documents the section's other keys.",
    )
    only_libraries: tuple[str, ...] | None = Field(
        default=None,
        description="Names of the server's libraries that are music to us; without it all are.",
        json_schema_extra={"default_in_words": "all; or what `segue servers filter` was told"},
    )
    exclude_paths: tuple[str, ...] | None = Field(
        default=None,
        description="Patterns such as `Podcasts` or `*/Demos/*` with `*` and `?`; what has one or several "
        "whole parts of its path fit one of them is neither heard nor proposed.",
        json_schema_extra={"default_in_words": "none; or what `segue servers filter` was told"},
    )
    exclude_genres: tuple[str, ...] | None = Field(
        default=None,
        description="Genres such as `Audiobook` whose tracks are neither heard nor proposed; case and "
        "accents do not count.",
        json_schema_extra={"default_in_words": "none; or what `segue servers filter` was told"},
    )
    front_door: ListeningText | None = Field(
        default=None,
        description="A port, or an address with one such as `0.0.0.0:4533`, where clients reach this "
        "server through Segue and are answered what sounds alike; without an address it is `host`.",
        json_schema_extra={"default_in_words": "no front door"},
    )

    @property
    def options(self) -> dict[str, Any]:
        """What the adapter's own model is to check; may hold secrets."""
        return dict(self.model_extra or {})

    def __repr_args__(self) -> list[tuple[str | None, Any]]:
        return [("kind", self.kind), ("front_door", self.front_door), ("options", sorted(self.options))]


class AnalysisSection(BaseModel):
    """How recordings are heard."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    quality: Literal["fast", "balanced", "full"] = Field(
        default="balanced",
        description="How much of each recording is heard in the end: a few windows (`fast`), thirty "
        "evenly spaced patches (`balanced`) or everything (`full`).",
    )
    slots: int = Field(
        default_factory=_processors_less_one,
        ge=1,
        le=256,
        description="How many recordings one worker hears at the same time.",
        json_schema_extra={"default_in_words": "usable processors less one, at least 1"},
    )
    idle_seconds: float = Field(
        default=120.0,
        gt=0,
        description="After so many seconds without work the model leaves the memory.",
    )
    nice: int = Field(
        default=10,
        ge=0,
        le=19,
        description="How far hearing steps back for other programs, from 0 (not at all) to 19 (wholly).",
    )
    models: FullPath | None = Field(
        default=None,
        description="A folder of other people's ONNX models that hear beside the shipped network.",
        json_schema_extra={"default_in_words": "`models` in `data_dir`"},
    )
    cpu_percent: int = Field(
        default=100,
        ge=1,
        le=100,
        description="The share of the time that each slot works; after a recording it rests for the others.",
    )
    quiet_hours: QuietHours | None = Field(
        default=None,
        description="When no new recording is begun, by this machine's clock, such as `22:00-07:00`.",
    )


class IndexSection(BaseModel):
    """How neighbours are searched; the defaults fit every library."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    exact_below: int = Field(
        default=50_000,
        ge=0,
        description="Up to so many recordings every one is compared; beyond, a graph proposes the nearest "
        "and the vectors lie in a file in `data_dir`.",
    )
    quantise_above: int = Field(
        default=300_000,
        ge=0,
        description="Above so many recordings the graph keeps 8 bits of each number instead of 32.",
    )
    ready_below: int = Field(
        default=300_000,
        ge=0,
        description="Up to so many recordings the daemon keeps the nearest of each ready, 600 bytes each in "
        "memory and in `data_dir`: what is asked about one song is then only read, and exact. 0 keeps none.",
    )


class LibrarySection(BaseModel):
    """How long what is over is remembered."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    missing_days: float = Field(
        default=30.0,
        ge=0,
        description="A track that its server has not had for so many days is forgotten, with what was heard "
        "in it if nobody else has it; never while the server is in trouble. 0 keeps it for ever.",
    )
    run_days: float = Field(
        default=30.0,
        ge=0,
        description="Runs that ended so many days ago are forgotten with their logs. 0 keeps them for ever.",
    )


class PublishingSection(BaseModel):
    """How playlists are kept on servers."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    enabled: bool = Field(default=True, description="Whether playlists are written to servers at all.")
    prefix: str = Field(
        default="~",
        max_length=20,
        description="Lists of people whose names begin so, such as `~radio`, `~mix` and `~path`, are filled; "
        "empty: none is.",
    )
    fill_songs: int = Field(
        default=50, ge=1, le=1000, description="How many songs such a list gets, the person's own included."
    )
    look_seconds: float = Field(
        default=60.0,
        ge=5,
        description="How often each server is asked what people did to its playlists.",
    )
    grace_hours: float = Field(
        default=72.0,
        ge=0,
        description="How long a playlist stays on the servers after the group of music that it is made of "
        "has gone.",
    )


class Settings(BaseSettings):
    """All settings of one installation. Made directly it reads nothing; `load_settings` does."""

    model_config = SettingsConfigDict(extra="forbid", frozen=True, validate_default=True)

    data_dir: FullPath = Field(
        default=DEFAULT_DATA_DIR,
        description="The folder that holds everything Segue keeps: database, key file, first-run token, "
        "settings file.",
    )
    config: FullPath | None = Field(
        default=None,
        description="The settings file; can only be set in the environment or on the command line.",
        json_schema_extra={"default_in_words": "`segue.toml` in `data_dir`, if it exists"},
    )
    secrets_dir: FullPath | None = Field(
        default=None,
        description="A folder of files named like environment variables (`segue_admin_token`), each "
        "holding one value, as Docker and systemd hand out secrets; can only be set in the environment.",
    )
    host: str = Field(
        default="127.0.0.1",
        min_length=1,
        description="The address the daemon listens on; `0.0.0.0` lets other machines reach it.",
    )
    port: int = Field(default=4711, ge=1, le=65535, description="The port the daemon listens on.")
    public_url: HttpUrl | None = Field(
        default=None,
        description="How media servers and people reach the daemon from outside, where that differs "
        "from `host` and `port`.",
    )
    admin_token: Secret | None = Field(
        default=None,
        description="A token with every right, chosen by you; without it one is made at the first start.",
        json_schema_extra={"default_in_words": "made at the first start, kept in `data_dir`"},
    )
    database_url: Secret | None = Field(
        default=None,
        description="A PostgreSQL server of your own, as `postgresql://…` or a libpq connection string.",
        json_schema_extra={"default_in_words": "the embedded PostgreSQL of `segue up`"},
    )
    redis_url: RedisUrl | None = Field(
        default=None,
        description="A Redis or Valkey server of your own, as `redis://…`, `rediss://…` or `unix://…`.",
        json_schema_extra={"default_in_words": "the embedded Valkey of `segue up`"},
    )
    music: FullPath | None = Field(
        default=None,
        description="A folder of music that `segue up` connects as the server `music`.",
    )
    playlists: FullPath | None = Field(
        default=None,
        description="The folder where the server `music` keeps its playlists as `.m3u8` files.",
        json_schema_extra={"default_in_words": "`playlists` in `data_dir`, with `segue up --music`"},
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="The least important log lines that are still written."
    )
    log_format: Literal["auto", "console", "json"] = Field(
        default="auto",
        description="Log lines for people (`console`) or for machines (`json`); `auto` looks whether a "
        "terminal is there.",
    )
    url: HttpUrl | None = Field(
        default=None,
        description="Where the command line finds the daemon.",
        json_schema_extra={"default_in_words": "`http://` with `host` and `port`"},
    )
    token: Secret | None = Field(
        default=None,
        description="The token that the command line presents to the daemon.",
        json_schema_extra={"default_in_words": "`admin_token`, else the one kept in `data_dir`"},
    )
    analysis: AnalysisSection = Field(
        default_factory=AnalysisSection, description="How recordings are heard."
    )
    index: IndexSection = Field(
        default_factory=IndexSection,
        description="How neighbours are searched; the defaults fit every library.",
    )
    library: LibrarySection = Field(
        default_factory=LibrarySection, description="How long what is over is remembered."
    )
    clustering: ClusteringSection = Field(
        default_factory=ClusteringSection, description="How music is grouped into playlists."
    )
    naming: NamingSection = Field(
        default_factory=NamingSection, description="A language model that may name new playlists."
    )
    publishing: PublishingSection = Field(
        default_factory=PublishingSection, description="How playlists are kept on servers."
    )
    servers: dict[ServerName, ServerSection] = Field(
        default_factory=dict,
        description="Connected servers, each a table under its own name: `[servers.attic]` in the file, "
        "`SEGUE_SERVERS__ATTIC__…` in the environment.",
    )

    @property
    def usual_playlists(self) -> Path:
        """Where `segue up` has the music folder's playlists kept when nobody chose a folder."""
        return self.data_dir / "playlists"

    def database_dsn(self) -> str:
        """How to reach PostgreSQL; SettingsError where nobody said."""
        return _given(self.database_url, "PostgreSQL", "SEGUE_DATABASE_URL")

    def redis_address(self) -> str:
        """How to reach Redis or Valkey; SettingsError where nobody said."""
        return _given(self.redis_url, "Redis or Valkey", "SEGUE_REDIS_URL")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings,)


TABLES = (
    "servers",
    *(name for name, field in Settings.model_fields.items() if is_section(field.annotation)),
)
"""Settings that are tables and never a single value."""
