"""Lends a song's audio: its file on this machine, else the original from the server, else a FLAC copy."""

import asyncio
import os
import re
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from segue.model import TrackId
from segue.sdk.dialects.mediabrowser.client import Client
from segue.sdk.dialects.mediabrowser.listing import ItemFile, Listing
from segue.sdk.dialects.mediabrowser.parse import size
from segue.sdk.dialects.mediabrowser.payloads import Item
from segue.sdk.errors import AuthFailed, Malformed, NotFound, Unsupported
from segue.sdk.places import Places

__all__ = ["Lending"]

_REFUSALS = (AuthFailed, Malformed, NotFound, Unsupported)


class Lending:
    """`originals`: below `Items/ID/`, what gives the file as it is."""

    def __init__(
        self,
        client: Client,
        listing: Listing,
        local: Places,
        scratch: Path,
        *,
        device: str,
        originals: Sequence[str],
    ) -> None:
        self._client = client
        self._listing = listing
        self._local = local
        self._scratch = scratch
        self._device = device
        self._originals = originals

    @asynccontextmanager
    async def audio(self, track_id: TrackId) -> AsyncIterator[Path]:
        """A file that holds the song's audio; a copy is gone afterwards."""
        item = await self._listing.song(track_id)
        [file] = await self._local.look([ItemFile(item)])
        if file is not None and os.access(file.path, os.R_OK):
            yield file.path
            return
        copy = self._scratch / f"{secrets.token_hex(8)}{_suffix(item)}"
        flac = copy.with_suffix(".flac")
        try:
            yield copy if await self._original(item, copy) else await self._transcoded(item, flac)
        finally:
            for made in {copy, flac}:
                with suppress(FileNotFoundError):
                    await asyncio.to_thread(made.unlink)

    async def _original(self, item: Item, to: Path) -> bool:
        """Whether the file could be had, whole."""
        for way in self._originals:
            try:
                length = await self._client.save(f"Items/{item.Id}/{way}", to)
            except _REFUSALS:
                continue
            if size(item) in (None, length):
                return True
        return False

    async def _transcoded(self, item: Item, to: Path) -> Path:
        """Without loss; the session must be a fresh one, or the server gives what it made for another."""
        try:
            await self._client.save(
                f"Audio/{item.Id}/stream.flac",
                to,
                ("static", "false"),
                ("audioCodec", "flac"),
                ("deviceId", self._device),
                ("playSessionId", secrets.token_hex(16)),
            )
        except _REFUSALS as error:
            raise Malformed(
                f"The server lists {item.Id}, but gives neither its file nor a copy: {error}"
            ) from error
        if not await asyncio.to_thread(_is_flac, to):
            raise Malformed(f"The server's copy of {item.Id} is no FLAC.")
        return to


def _is_flac(file: Path) -> bool:
    with file.open("rb") as opened:
        return opened.read(4) == b"fLaC"


def _suffix(item: Item) -> str:
    name = (item.Path or "").replace("\\", "/").rsplit("/", 1)[-1]
    told = name.rpartition(".")[2] if "." in name else (item.Container or "").partition(",")[0]
    plain = re.sub(r"[^0-9a-z]", "", told.lower())[:8]
    return f".{plain}" if plain else ""
