"""What answers at an address, and what its operator should know before we begin."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from segue.sdk import ServerInfo, Unsupported
from segue.sdk.dialects.mediabrowser.client import Client
from segue.sdk.dialects.mediabrowser.listing import Listing
from segue.sdk.dialects.mediabrowser.parse import payload
from segue.sdk.dialects.mediabrowser.payloads import SystemFacts
from segue.sdk.places import about_files
from segue_jellyfin.access import Access

__all__ = ["Server", "introduced", "probe"]

_OLDEST = (10, 10)
_KEYS_REMOVE = (10, 11)


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """What a server says of itself before it knows us."""

    product: str
    version: str

    @property
    def line(self) -> tuple[int, ...]:
        """Its version as numbers."""
        return tuple(int(number) for number in re.findall(r"\d{1,9}", self.version)[:3])


async def introduced(client: Client) -> Server:
    """A Jellyfin that we can work with; Unsupported when it is another thing."""
    facts = payload(SystemFacts, await client.read("System/Info/Public"))
    server = Server(product=facts.ProductName or "", version=facts.Version or "")
    if "jellyfin" not in server.product.lower():
        raise Unsupported(
            f"What answers at {client.where} is no Jellyfin; if it is an Emby server, its kind is `emby`."
        )
    if server.line[:2] < _OLDEST:
        raise Unsupported(f"This is Jellyfin {server.version}; 10.10 is the oldest that we can work with.")
    return server


async def probe(server: Server, access: Access, listing: Listing) -> ServerInfo:
    """Look at the libraries and at whether files are where they are said to be."""
    songs = await listing.count()
    return ServerInfo(
        product="Jellyfin",
        version=server.version,
        tracks=songs,
        warnings=tuple(_warnings(server, access, songs, misses_files=await listing.misses_files())),
    )


def _warnings(server: Server, access: Access, songs: int, *, misses_files: bool) -> Iterator[str]:
    yield from about_files(songs, misses_files=misses_files)
    if not access.is_key and not access.administers:
        yield "Plays are told to administrators only: we see this user's favourites, but not what is played."
    if access.is_key and access.me is None:
        yield "Without `username` nobody can own playlists, and none will be made."
    if access.is_key and not access.quick_connect:
        yield (
            "To an API key Jellyfin tells no changes: we look for them instead. `quick_connect = true` or a "
            "login brings them at once."
        )
        if server.line[:2] < _KEYS_REMOVE:
            yield "Jellyfin 10.10 lets an API key add to playlists, but take nothing out of them."
