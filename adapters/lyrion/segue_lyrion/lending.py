"""Lends a song's audio: its file on this machine, or the original bytes from the server."""

import asyncio
import os
import re
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path, PurePosixPath

from segue.model import TrackId
from segue.sdk import Malformed, NotFound
from segue.sdk.http import HttpServer
from segue.sdk.places import Places
from segue_lyrion.listing import Listing
from segue_lyrion.payloads import Title
from segue_lyrion.urls import is_part

__all__ = ["Lending"]


class Lending:
    """What is lent is the file itself, byte for byte: never a transcoded copy."""

    def __init__(self, http: HttpServer, listing: Listing, local: Places, scratch: Path) -> None:
        self._http = http
        self._listing = listing
        self._local = local
        self._scratch = scratch

    @asynccontextmanager
    async def audio(self, track_id: TrackId) -> AsyncIterator[Path]:
        """A file that holds the song's audio; a copy is gone afterwards."""
        title = await self._listing.title(track_id)
        if is_part(track_id):
            raise Malformed(f"{track_id} is a part of a file, which has no sound of its own.")
        [file] = await self._local.look([title])
        if file is not None and os.access(file.path, os.R_OK):
            yield file.path
            return
        copy = self._scratch / f"{secrets.token_hex(8)}{_suffix(title)}"
        try:
            await self._fetch(title, copy)
            yield copy
        finally:
            with suppress(FileNotFoundError):
                await asyncio.to_thread(copy.unlink)

    async def _fetch(self, title: Title, to: Path) -> None:
        try:
            await self._http.download(f"music/{title.id}/download", to)
        except NotFound as error:
            raise Malformed(f"The server lists {title.url}, but does not find its file.") from error
        length = (await asyncio.to_thread(to.stat)).st_size
        if title.size is not None and length != title.size:
            raise Malformed(f"The server says that {title.url} has {title.size} bytes, but sends {length}.")


def _suffix(title: Title) -> str:
    plain = re.sub(r"[^0-9a-z]", "", PurePosixPath(title.path or "").suffix.lower())[:8]
    return f".{plain}" if plain else ""
