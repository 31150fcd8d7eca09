"""Cheap signs of whether a server's library is still as it was."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from segue.sdk import AuthFailed, NotFound, Unsupported
from segue_navidrome.client import Client
from segue_navidrome.dialect import Server
from segue_navidrome.parse import payload, payloads
from segue_navidrome.payloads import Album, Indexes, ScanStatus
from segue_navidrome.refusals import Refusal

__all__ = ["SignReader", "Signs", "youngest"]

_YOUNGEST = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    """Equal marks: nothing is known to have changed. `scanning`: it is changing right now. `sure`:
    whatever changes shows in the mark."""

    sure: bool = False
    scanning: bool = False
    scanned: str | None = None
    songs: int | None = None
    youngest: tuple[tuple[str, int | None], ...] = ()

    @property
    def mark(self) -> tuple[object, ...]:
        return self.scanned, self.songs, self.youngest


class SignReader:
    """Reads signs; what a server does not tell is left out, and not asked for again."""

    def __init__(self, client: Client, server: Server) -> None:
        self._client = client
        self._server = server
        self._tells_scans = True
        self._tells_indexes = True

    async def read(self) -> Signs:
        """The signs now: of scans where the server tells them, else of its youngest albums."""
        status = await self._scan_status()
        if status is not None and status.lastScan is not None:
            return Signs(sure=True, scanning=status.scanning, scanned=status.lastScan, songs=status.count)
        return Signs(
            scanning=status is not None and status.scanning,
            scanned=await self._indexed(),
            songs=status.count if status is not None and self._server.open_subsonic else None,
            youngest=await self._youngest(),
        )

    async def _scan_status(self) -> ScanStatus | None:
        """Some servers tell it to administrators only, or cannot tell it at all."""
        if not self._tells_scans:
            return None
        try:
            reply = await self._client.attempt("getScanStatus")
        except Unsupported:
            self._tells_scans = False
            return None
        except Refusal as refusal:
            error = refusal.error("getScanStatus")
            if isinstance(error, AuthFailed):
                raise error from refusal
            return None
        return payload(ScanStatus, reply, "scanStatus")

    async def _indexed(self) -> str | None:
        """When the index was made; asked with a moment to come, so that the index itself stays away."""
        if not self._tells_indexes:
            return None
        tomorrow = int((datetime.now(UTC) + timedelta(days=1)).timestamp() * 1000)
        try:
            reply = await self._client.ask("getIndexes", ("ifModifiedSince", str(tomorrow)))
        except NotFound:  # an empty library
            return None
        except Unsupported:
            self._tells_indexes = False
            return None
        modified = payload(Indexes, reply, "indexes").lastModified
        return None if modified is None else str(modified)

    async def _youngest(self) -> tuple[tuple[str, int | None], ...]:
        try:
            albums = await youngest(self._client, count=_YOUNGEST)
        except Unsupported:
            return ()
        return tuple((album.id, album.songCount) for album in albums)


async def youngest(client: Client, *, count: int, offset: int = 0) -> list[Album]:
    """The albums that came last."""
    reply = await client.ask(
        "getAlbumList2", ("type", "newest"), ("size", str(count)), ("offset", str(offset))
    )
    return payloads(Album, reply.get("albumList2"), "album")
