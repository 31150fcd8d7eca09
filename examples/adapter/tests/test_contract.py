"""The adapter keeps the contract, shown by a server that is made from a World."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from segue_catalogue import CatalogueAdapter

from segue.sdk.testing import AdapterContract, Served, World


class TestCatalogue(AdapterContract):
    @pytest.fixture
    async def served(self, tmp_path: Path) -> AsyncIterator[Served]:
        world = World.small(tmp_path / "music")
        file = tmp_path / "catalogue.json"

        async def refresh() -> None:
            file.write_text(json.dumps(_catalogue(world)))

        async def stop() -> None:
            file.unlink()

        await refresh()
        yield Served(adapter=CatalogueAdapter(file), world=world, refresh=refresh, stop=stop)


def _catalogue(world: World) -> dict[str, object]:
    songs = [
        {
            "id": f"{song.hertz:g}" if song.seconds == 2 else "220",
            "title": song.title,
            "artist": song.artist,
            "album": song.album,
            "number": song.number,
            "seconds": song.seconds,
            "file": str(world.file(song)),
        }
        for song in world.songs
    ]
    return {"product": "A world", "songs": songs}
