"""Settings of one Music Player Daemon."""

from pydantic import Field, SecretStr

from segue.sdk import ServerConfig
from segue.sdk.fields import WholePath

__all__ = ["MpdConfig"]


class MpdConfig(ServerConfig):
    """`[servers.NAME]` with `kind = "mpd"`."""

    host: str = Field(
        default="localhost",
        min_length=1,
        description="Name or address, or the path of a unix socket (`/run/mpd/socket`, `@name`).",
    )
    port: int = Field(default=6600, ge=1, le=65535, description="The port; not used with a socket.")
    password: SecretStr | None = Field(default=None, description="The password, if one is needed.")
    path: WholePath | None = Field(
        default=None,
        description="Where MPD's music directory is to be found on this machine. Without it, and without a"
        " unix socket that tells it, music can be matched and put into playlists but not heard.",
    )
