"""Settings of one Navidrome or other Subsonic server."""

from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, model_validator

from segue.sdk import ServerConfig
from segue.sdk.http import base_url

__all__ = ["NavidromeConfig"]

_PASTED = ("/app", "/rest")  # what people copy from their browser or another client


def _address(text: str) -> str:
    address = base_url(text.partition("#")[0].partition("?")[0])
    for ending in _PASTED:
        address = address.removesuffix(ending)
    return address


def _whole_path(path: Path) -> Path:
    path = path.expanduser()
    if not path.is_absolute():
        raise ValueError("must be a whole path, beginning with `/` or `~`")
    return path


def _several(value: object) -> object:
    return (value,) if isinstance(value, str | Path) else value


WholePath = Annotated[Path, AfterValidator(_whole_path)]


class NavidromeConfig(ServerConfig):
    """`[servers.NAME]` with `kind = "navidrome"`."""

    url: Annotated[str, AfterValidator(_address)] = Field(
        description="Address of the server, with its path if it has one."
    )
    username: str | None = Field(
        default=None,
        min_length=1,
        description="The user to act as: we see its libraries, and it owns the playlists that we make.",
    )
    password: SecretStr | None = Field(default=None, description="That user's password.")
    api_key: SecretStr | None = Field(
        default=None, description="An API key instead of name and password, where the server has them."
    )
    plain_password: bool = Field(
        default=False,
        description="Send the password itself over plain http to a server that knows no safer way.",
    )
    verify_certificate: bool = Field(
        default=True, description="Whether the server's https certificate must be a trusted one."
    )
    authority: WholePath | None = Field(
        default=None,
        description="A file with the authority's certificates, if the server's is from one of your own.",
    )
    libraries: Annotated[tuple[str, ...], BeforeValidator(_several)] = Field(
        default=(), description="Names of the libraries to use; all that the user may see when empty."
    )
    path: Annotated[tuple[WholePath, ...], BeforeValidator(_several)] = Field(
        default=(),
        description="Where the server's music is found on this machine; several when libraries lie apart.",
    )
    poll_seconds: float = Field(
        default=5.0, ge=0.05, le=3600, description="How often to look whether something changed."
    )

    @model_validator(mode="after")
    def _one_way_in(self) -> Self:
        by_name = self.username is not None and self.password is not None
        if self.api_key is None and not by_name:
            raise ValueError("give `username` and `password`, or an `api_key`")
        if self.api_key is not None and self.password is not None:
            raise ValueError("give either `username` and `password`, or an `api_key`")
        return self

    def secrets(self) -> list[str]:
        """What must never be shown."""
        return [held.get_secret_value() for held in (self.password, self.api_key) if held is not None]
