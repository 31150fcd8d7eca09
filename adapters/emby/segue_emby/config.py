"""Settings of one Emby server."""

from segue.sdk.dialects.mediabrowser.config import MediaBrowserConfig

__all__ = ["EmbyConfig"]


class EmbyConfig(MediaBrowserConfig):
    """`[servers.NAME]` with `kind = "emby"`."""
