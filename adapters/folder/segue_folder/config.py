"""Settings of one folder of music."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

from segue.sdk import ServerConfig

__all__ = ["FolderConfig"]


def _whole_path(path: Path) -> Path:
    path = path.expanduser()
    if not path.is_absolute():
        raise ValueError("must be a whole path, beginning with `/` or `~`")
    return path


class FolderConfig(ServerConfig):
    """`[servers.NAME]` with `kind = "folder"`."""

    path: Annotated[
        Path, AfterValidator(_whole_path), Field(description="The folder; everything below it is listed.")
    ]
    exclude: tuple[str, ...] = Field(
        default=(),
        description="Patterns such as `Podcasts` or `*/Demos/*`; what fits one of them is not music to us.",
    )
