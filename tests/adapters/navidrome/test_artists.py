"""Artists by the ids that clients of a Subsonic server use."""

from pathlib import Path

import pytest

from segue.model import TrackId
from segue.sdk import NamesArtists, NotFound, Unavailable
from segue.sdk.testing import World
from tests.adapters.navidrome.conftest import Connect
from tests.fakes.subsonic import PASSWORD, USER, serving, shown


async def test_an_artist_is_named_by_id(tmp_path: Path, connected: Connect) -> None:
    fake = shown(World.small(tmp_path / "music"))
    async with (
        serving(fake),
        connected(url=fake.url, username=USER, password=PASSWORD) as adapter,
    ):
        assert isinstance(adapter, NamesArtists)
        known = next(song["artist"] for song in fake.songs.values())
        assert await adapter.artist_name(known) == known
        for unknown in ("nobody", ""):
            with pytest.raises(NotFound):
                await adapter.artist_name(unknown)


async def test_the_artists_of_songs_are_told_by_id(tmp_path: Path, connected: Connect) -> None:
    fake = shown(World.small(tmp_path / "music"))
    async with (
        serving(fake) as stop,
        connected(url=fake.url, username=USER, password=PASSWORD) as adapter,
    ):
        assert isinstance(adapter, NamesArtists)
        songs = {TrackId(id_): song["artistId"] for id_, song in fake.songs.items()}
        first = next(iter(songs))
        assert await adapter.artist_ids([*songs, TrackId("gone"), TrackId(""), first]) == songs
        assert await adapter.artist_ids([]) == {}
        fake.songs[first].pop("artistId")
        assert first not in await adapter.artist_ids(list(songs))
        await stop()
        with pytest.raises(Unavailable):
            await adapter.artist_ids(list(songs))
