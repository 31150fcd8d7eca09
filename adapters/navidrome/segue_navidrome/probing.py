"""What a server is, and what its operator should know before we begin."""

from collections.abc import Iterator, Sequence

from segue.sdk import AuthFailed, NotFound, ServerInfo, Unsupported
from segue.sdk.places import Places, about_files
from segue_navidrome.client import Client
from segue_navidrome.dialect import Server
from segue_navidrome.listing import Listing
from segue_navidrome.parse import payload
from segue_navidrome.payloads import Rights, Song
from segue_navidrome.signs import SignReader

__all__ = ["Probing"]

_ENOUGH = 5


class Probing:
    """Asks a few things that every later step relies on."""

    def __init__(
        self, client: Client, server: Server, listing: Listing, signs: SignReader, local: Places
    ) -> None:
        self._client = client
        self._server = server
        self._listing = listing
        self._signs = signs
        self._local = local

    async def probe(self) -> ServerInfo:
        """Look at our rights, the libraries, and whether files are where they are said to be."""
        await self._client.ask("ping")
        await self._listing.parts()
        user = await self._user()
        if not (user.streamRole or user.downloadRole):
            raise AuthFailed(f"{self._server.username} may neither stream nor download there.")
        signs = await self._signs.read()
        first = await self._first_songs()
        return ServerInfo(
            product=_title(self._server),
            version=self._server.version or self._server.protocol,
            tracks=signs.songs,
            warnings=(*self._warnings(user), *await self._about_files(first)),
        )

    def _warnings(self, user: Rights) -> Iterator[str]:
        if self._client.manner.auth == "password":
            yield "This server knows no safer way than to be sent the password itself."
        if not self._client.manner.form:
            yield "This server wants our name and token in its addresses, where proxies may note them down."
        if not user.playlistRole:
            yield f"{self._server.username} may not make playlists there."

    async def _about_files(self, first: Sequence[Song]) -> list[str]:
        return about_files(len(first), misses_files=bool(first) and await self._local.misses(first))

    async def _user(self) -> Rights:
        """Our rights; a server that does not tell them gives us all."""
        try:
            reply = await self._client.ask("getUser", ("username", self._server.username))
        except (NotFound, Unsupported):
            return Rights()
        return payload(Rights, reply, "user")

    async def _first_songs(self) -> Sequence[Song]:
        async for songs in self._listing.pages_of_all():
            if songs:
                return songs[:_ENOUGH]
        return []


def _title(server: Server) -> str:
    """Servers write themselves small."""
    return server.product[:1].upper() + server.product[1:]
