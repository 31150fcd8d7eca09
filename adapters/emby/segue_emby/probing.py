"""What answers at an address, and what its operator should know before we begin."""

from collections.abc import Iterator

from segue.sdk import ServerInfo, Unsupported
from segue.sdk.dialects.mediabrowser.client import Client
from segue.sdk.dialects.mediabrowser.listing import Listing
from segue.sdk.dialects.mediabrowser.parse import payload
from segue.sdk.dialects.mediabrowser.payloads import SystemFacts
from segue.sdk.places import about_files
from segue_emby.access import Access

__all__ = ["introduced", "probe"]

_LINE = "4."
_TOO_OLD = ("4.0.", "4.1.", "4.2.", "4.3.", "4.4.", "4.5.", "4.6.", "4.7.")


async def introduced(client: Client) -> str:
    """The version of an Emby that we can work with; Unsupported when it is another thing."""
    facts = payload(SystemFacts, await client.read("System/Info/Public"))
    version = facts.Version or ""
    if facts.ProductName is not None or not version.startswith(_LINE):
        raise Unsupported(
            f"What answers at {client.where} is no Emby; if it is a Jellyfin server, its kind is `jellyfin`."
        )
    if version.startswith(_TOO_OLD):
        raise Unsupported(f"This is Emby {version}; 4.8 is the oldest that we can work with.")
    return version


async def probe(version: str, access: Access, listing: Listing) -> ServerInfo:
    """Look at the libraries and at whether files are where they are said to be."""
    songs = await listing.count()
    return ServerInfo(
        product="Emby",
        version=version,
        tracks=songs,
        warnings=tuple(_warnings(access, songs, misses_files=await listing.misses_files())),
    )


def _warnings(access: Access, songs: int, *, misses_files: bool) -> Iterator[str]:
    yield from about_files(songs, misses_files=misses_files)
    if not access.administers:
        yield "Plays are told to administrators only: we see this user's favourites, but not what is played."
    if access.is_key and access.me is None:
        yield "Without `username` nobody can own playlists, and none will be made."
