"""Settings of one Emby server."""

from pydantic import field_validator

from segue.sdk.dialects.mediabrowser.config import MediaBrowserConfig

__all__ = ["EmbyConfig"]


class EmbyConfig(MediaBrowserConfig):
    """`[servers.NAME]` with `kind = "emby"`."""

    @field_validator("url")
    @classmethod
    def _without_prefix(cls, url: str) -> str:
        """The API's own prefix, which some clients want to be given."""
        return url.removesuffix("/emby")
