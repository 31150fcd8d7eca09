"""The folder adapter keeps the contract; the folder is its own real server."""

import shutil
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from segue.model import PlaylistId, TrackId
from segue.sdk import Adapter
from segue.sdk.testing import AdapterContract, Served, World


class TestFolder(AdapterContract):
    @pytest.fixture
    async def served(
        self, tmp_path: Path, connected: Callable[..., AbstractAsyncContextManager[Adapter]]
    ) -> AsyncIterator[Served]:
        world = World.small(tmp_path / "music")

        async def stop() -> None:
            shutil.rmtree(world.root)

        async def foreign_playlist(name: str, tracks: Sequence[TrackId]) -> PlaylistId:
            file = tmp_path / "playlists" / f"{name}.m3u8"
            file.parent.mkdir(exist_ok=True)
            file.write_text("#EXTM3U\n" + "".join(f"../music/{track}\n" for track in tracks))
            return PlaylistId(file.name)

        async with connected(world.root, playlists=tmp_path / "playlists") as adapter:
            yield Served(adapter=adapter, world=world, stop=stop, foreign_playlist=foreign_playlist)
