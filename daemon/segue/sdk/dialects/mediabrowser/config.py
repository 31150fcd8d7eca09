"""Settings that one Jellyfin and one Emby server have alike."""

from typing import Annotated, Self

from pydantic import AfterValidator, Field, SecretStr, model_validator

from segue.sdk.fields import Names, WholePath, WholePaths, pasted_url
from segue.sdk.plugin import ServerConfig

__all__ = ["MediaBrowserConfig"]


def _address(text: str) -> str:
    return pasted_url(text, "/index.html", "/web")


class MediaBrowserConfig(ServerConfig):
    """What both kinds of servers are told."""

    url: Annotated[str, AfterValidator(_address)] = Field(
        description="Address of the server, with its path if it has one."
    )
    api_key: SecretStr | None = Field(
        default=None, description="An API key, made in the server's dashboard; it sees every library."
    )
    username: str | None = Field(
        default=None,
        min_length=1,
        description="The user who owns the playlists that we make; with a password, the user to act as.",
    )
    password: SecretStr | None = Field(
        default=None, description="That user's password; may be empty. Instead of an API key."
    )
    verify_certificate: bool = Field(
        default=True, description="Whether the server's https certificate must be a trusted one."
    )
    authority: WholePath | None = Field(
        default=None,
        description="A file with the authority's certificates, if the server's is from one of your own.",
    )
    libraries: Names = Field(
        default=(), description="Names of the libraries to use; all music libraries when empty."
    )
    path: WholePaths = Field(
        default=(),
        description="Where the server's music is found on this machine; several when libraries lie apart.",
    )
    poll_seconds: float = Field(
        default=15.0,
        ge=0.05,
        le=3600,
        description="How often to look whether something changed, where the server does not tell.",
    )

    @model_validator(mode="after")
    def _one_way_in(self) -> Self:
        if (self.api_key is None) == (self.password is None):
            raise ValueError("give an `api_key`, or `username` and `password`")
        if self.password is not None and self.username is None:
            raise ValueError("a `password` needs its `username`")
        return self

    def secrets(self) -> list[str]:
        """What must never be shown."""
        return [held.get_secret_value() for held in (self.password, self.api_key) if held is not None]
