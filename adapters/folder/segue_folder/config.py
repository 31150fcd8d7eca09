"""Settings of one folder of music."""

from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import AfterValidator, Field

from segue.sdk import ServerConfig

__all__ = ["FolderConfig"]

PathOrNone = TypeVar("PathOrNone", Path, Path | None)


def _whole_path(path: PathOrNone) -> PathOrNone:
    if path is None:
        return path
    path = path.expanduser()
    if not path.is_absolute():
        raise ValueError("must be a whole path, beginning with `/` or `~`")
    return path


class FolderConfig(ServerConfig):
    """`[servers.NAME]` with `kind = "folder"`."""

    path: Annotated[
        Path, AfterValidator(_whole_path), Field(description="The folder; everything below it is listed.")
    ]
    playlists: Annotated[Path | None, AfterValidator(_whole_path)] = Field(
        default=None,
        description="A folder for playlists as `.m3u8` files; without it none are written.",
    )
    exclude: tuple[str, ...] = Field(
        default=(),
        description="Patterns such as `Podcasts` or `*/Demos/*`; what fits one of them is not music to us.",
    )
