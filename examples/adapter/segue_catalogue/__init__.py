"""A template of an adapter: songs of a catalogue in one JSON file."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field, ValidationError

from segue.model import Track, TrackId
from segue.sdk import (
    Adapter,
    AdapterPlugin,
    Malformed,
    NotFound,
    ServerConfig,
    ServerInfo,
    Toolbox,
    Unavailable,
)

__all__ = ["plugin"]


class CatalogueConfig(ServerConfig):
    """What a person sets; secrets would be `pydantic.SecretStr`."""

    file: Path = Field(description="The catalogue.")


class Song(BaseModel):
    """A payload has the server's own names; one function turns it into a track."""

    id: str
    title: str
    artist: str | None = None
    album: str | None = None
    number: int | None = None
    seconds: float | None = None
    file: Path

    def track(self) -> Track:
        told = self.model_dump_json()
        return Track(
            id=TrackId(self.id),
            title=self.title,
            revision=hashlib.sha256(told.encode()).hexdigest()[:16],
            artist=self.artist,
            album=self.album,
            track_number=self.number,
            seconds=self.seconds,
            format=self.file.suffix.removeprefix("."),
            path=str(self.file),
        )


class Catalogue(BaseModel):
    product: str = "Catalogue"
    songs: list[Song]


class CatalogueAdapter:
    """The four methods that every adapter has."""

    def __init__(self, file: Path) -> None:
        self._file = file

    async def probe(self) -> ServerInfo:
        """Reach the server, check the rights, and say in `warnings` what a person should know."""
        catalogue = await self._read()
        return ServerInfo(product=catalogue.product, version="1", tracks=len(catalogue.songs))

    async def walk(self) -> AsyncIterator[Track]:
        """Every song once. An empty or half catalogue raises in `_read`, so this never ends too early."""
        for song in (await self._read()).songs:
            yield song.track()

    async def get(self, track_id: TrackId) -> Track:
        """Just what the walk tells of this one."""
        return (await self._song(track_id)).track()

    @asynccontextmanager
    async def audio(self, track_id: TrackId) -> AsyncIterator[Path]:
        """A file of ours is lent as it is; a download would be removed when the block is left."""
        song = await self._song(track_id)
        if not await asyncio.to_thread(song.file.is_file):
            raise Malformed(f"The catalogue names {song.file}, which is not there.")
        yield song.file

    async def _song(self, track_id: TrackId) -> Song:
        for song in (await self._read()).songs:
            if song.id == track_id:
                return song
        raise NotFound(f"The catalogue has no song {track_id[:100]!r}.")

    async def _read(self) -> Catalogue:
        try:
            text = await asyncio.to_thread(self._file.read_text, "utf-8")
        except OSError as error:
            raise Unavailable(f"{self._file} cannot be read: {error.strerror}.") from error
        try:
            payload: Any = json.loads(text)
            return Catalogue.model_validate(payload)
        except (ValueError, ValidationError) as error:
            raise Malformed(f"{self._file} is no catalogue.", sample=text) from error


@asynccontextmanager
async def connect(config: CatalogueConfig, toolbox: Toolbox) -> AsyncIterator[Adapter]:
    """What must be opened is opened here, and closed when the block is left."""
    yield CatalogueAdapter(config.file)


plugin = AdapterPlugin(kind="catalogue", title="Catalogue file", config=CatalogueConfig, connect=connect)
