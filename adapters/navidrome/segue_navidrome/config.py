"""Settings of one Navidrome or other Subsonic server."""

from typing import Annotated, Self

from pydantic import AfterValidator, Field, SecretStr, model_validator

from segue.sdk import ServerConfig
from segue.sdk.fields import Names, WholePath, WholePaths, pasted_url

__all__ = ["NavidromeConfig"]

_PASTED = ("/app", "/rest")  # what people copy from their browser or another client


def _address(text: str) -> str:
    return pasted_url(text, *_PASTED)


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
    libraries: Names = Field(
        default=(), description="Names of the libraries to use; all that the user may see when empty."
    )
    path: WholePaths = Field(
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
