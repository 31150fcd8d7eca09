"""A cover that a person gave a playlist stays when its songs or its name change."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from segue.model import Playlist
from segue.sdk import Adapter, Publishes
from segue.sdk.testing import World

Connect = Callable[..., AbstractAsyncContextManager[Adapter]]


async def test_a_cover_stays(tmp_path: Path, connected: Connect) -> None:
    world = World.small(tmp_path / "music")
    lists = tmp_path / "lists"
    async with connected(world.root, playlists=lists) as adapter:
        assert isinstance(adapter, Publishes)
        tracks = tuple([track.id async for track in adapter.walk()])
        made = await adapter.publish(Playlist(name="Mix", tracks=tracks), replacing=None)
        text = (lists / "Mix.m3u8").read_text()
        cover = "#EXTIMG:file:///pictures/mine.png\n"
        (lists / "Mix.m3u8").write_text(text.replace("#EXTINF", f"{cover}#EXTINF", 1))
        (lists / "Mix.jpg").write_bytes(b"a picture")
        made = await adapter.publish(Playlist(name="Mix", tracks=tracks[::-1]), replacing=made)
        assert cover in (lists / "Mix.m3u8").read_text()
        await adapter.publish(Playlist(name="Vol. 2", tracks=tracks[:2]), replacing=made)
    assert (lists / "Vol. 2.m3u8").read_text().count(cover) == 1
    assert sorted(path.name for path in lists.iterdir()) == ["Vol. 2.jpg", "Vol. 2.m3u8"]
    assert (lists / "Vol. 2.jpg").read_bytes() == b"a picture"
