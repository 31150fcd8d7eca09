"""Settings of one folder of music."""

from pydantic import Field

from segue.sdk import ServerConfig
from segue.sdk.fields import WholePath

__all__ = ["FolderConfig"]


class FolderConfig(ServerConfig):
    """`[servers.NAME]` with `kind = "folder"`."""

    path: WholePath = Field(description="The folder; everything below it is listed.")
    playlists: WholePath | None = Field(
        default=None,
        description="A folder for playlists as `.m3u8` files; without it none are written.",
    )
    exclude: tuple[str, ...] = Field(
        default=(),
        description="Patterns such as `Podcasts` or `*/Demos/*`; what fits one of them is not music to us.",
    )
