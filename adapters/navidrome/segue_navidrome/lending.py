"""Lends a song's audio: its file on this machine, or the original bytes from the server."""

import asyncio
import os
import re
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from segue.model import TrackId
from segue.sdk import Malformed, Unsupported
from segue.sdk.places import Places
from segue_navidrome.client import Client, Parameter
from segue_navidrome.listing import Listing
from segue_navidrome.payloads import Song

__all__ = ["Lending"]

_WAYS: tuple[tuple[str, tuple[Parameter, ...]], ...] = (
    ("download", ()),  # may be switched off for a user
    ("stream", (("format", "raw"),)),
)


class Lending:
    """What is lent is the file itself, byte for byte: never a transcoded copy."""

    def __init__(self, client: Client, listing: Listing, local: Places, scratch: Path) -> None:
        self._client = client
        self._listing = listing
        self._local = local
        self._scratch = scratch

    @asynccontextmanager
    async def audio(self, track_id: TrackId) -> AsyncIterator[Path]:
        """A file that holds the song's audio; a copy is gone afterwards."""
        song = await self._listing.song(track_id)
        [file] = await self._local.look([song])
        if file is not None and os.access(file.path, os.R_OK):
            yield file.path
            return
        copy = self._scratch / f"{secrets.token_hex(8)}{_suffix(song)}"
        try:
            await self._fetch(song, copy)
            yield copy
        finally:
            with suppress(FileNotFoundError):
                await asyncio.to_thread(copy.unlink)

    async def _fetch(self, song: Song, to: Path) -> None:
        """By download or else by stream; the one that does not bring the whole file is passed over."""
        refused: Exception | None = None
        for method, parameters in _WAYS:
            try:
                length = await self._client.save(to, method, ("id", song.id), *parameters)
            except (Unsupported, Malformed) as error:
                refused = error
                continue
            if song.size is None or song.size <= 0 or length == song.size:
                return
            refused = Malformed(f"The server says that {song.id} has {song.size} bytes, but sends {length}.")
        assert refused is not None
        raise refused


def _suffix(song: Song) -> str:
    plain = re.sub(r"[^0-9a-z]", "", (song.suffix or "").lower())[:8]
    return f".{plain}" if plain else ""
