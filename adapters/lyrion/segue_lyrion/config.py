"""Settings of one Lyrion Music Server."""

from typing import Annotated, Self

from pydantic import AfterValidator, Field, SecretStr, model_validator

from segue.sdk import ServerConfig
from segue.sdk.fields import WholePaths, pasted_url

__all__ = ["LyrionConfig"]

_PAGES = ("/index.html", "/settings", "/material", "/Default", "/Classic")


def _address(text: str) -> str:
    return pasted_url(text, *_PAGES)


class LyrionConfig(ServerConfig):
    """`[servers.NAME]` with `kind = "lyrion"`."""

    url: Annotated[str, AfterValidator(_address)] = Field(
        description="Address of the server's web pages, such as `http://lyrion.home:9000`."
    )
    cli_port: int = Field(
        default=9090, ge=1, le=65535, description="The port of its command line, where it tells of scans."
    )
    username: str | None = Field(
        default=None, min_length=1, description="The user name, if the server is protected."
    )
    password: SecretStr | None = Field(default=None, description="The password, if the server is protected.")
    path: WholePaths = Field(
        default=(),
        description="Where the server's media folders are found on this machine, one or several.",
    )
    poll_seconds: float = Field(
        default=10.0,
        ge=0.05,
        le=3600,
        description="How often to look for changes where the command line is out of reach.",
    )

    @model_validator(mode="after")
    def _both_or_none(self) -> Self:
        if (self.username is None) != (self.password is None):
            raise ValueError("give both `username` and `password`, or none")
        return self

    def secrets(self) -> list[str]:
        """What must never be shown."""
        return [] if self.password is None else [self.password.get_secret_value()]
