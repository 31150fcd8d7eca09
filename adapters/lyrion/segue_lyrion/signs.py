"""Cheap signs of whether a server's library is still as it was."""

from dataclasses import dataclass

from segue_lyrion.client import Client
from segue_lyrion.parse import count

__all__ = ["Signs", "read_signs"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    """Equal marks: nothing is known to have changed. `scanned` is a moment of the server's own clock."""

    version: str
    scanning: bool
    scanned: int
    songs: int
    albums: int

    @property
    def mark(self) -> tuple[int, int, int]:
        return self.scanned, self.songs, self.albums


async def read_signs(client: Client) -> Signs:
    """As the server is now; while it scans it does not tell when it last did."""
    status = await client.ask("serverstatus", 0, 0)
    scanning = str(status.get("rescan", 0)) not in ("0", "")
    return Signs(
        version=str(status.get("version", "")),
        scanning=scanning,
        scanned=0 if scanning or not status.get("lastscan") else count(status, "lastscan"),
        songs=count(status, "info total songs"),
        albums=count(status, "info total albums"),
    )
