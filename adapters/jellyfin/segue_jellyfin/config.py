"""Settings of one Jellyfin server."""

from pydantic import Field

from segue.sdk.dialects.mediabrowser.config import MediaBrowserConfig

__all__ = ["JellyfinConfig"]


class JellyfinConfig(MediaBrowserConfig):
    """`[servers.NAME]` with `kind = "jellyfin"`."""

    quick_connect: bool = Field(
        default=False,
        description="Let the API key log us in as a user whose playlists we keep, by Quick Connect.",
    )
