"""Artists by the ids that clients of Jellyfin and Emby use."""

import pytest

from segue.model import TrackId
from segue.sdk import NamesArtists, NotFound, Unavailable
from tests.adapters.mediabrowser.conftest import Held


async def test_an_artist_is_named_by_id(held: Held) -> None:
    assert isinstance(held.adapter, NamesArtists)
    song = next(iter(held.fake.songs.values()))
    [artist] = song["ArtistItems"]
    assert await held.adapter.artist_name(artist["Id"]) == artist["Name"]
    if held.kind == "jellyfin":
        spelt = artist["Id"].upper()
        assert await held.adapter.artist_name(f"{spelt[:8]}-{spelt[8:]}") == artist["Name"]
    for unknown in (song["Id"], "0" * 32, "Nina Simone", "", "a,b"):
        with pytest.raises(NotFound):
            await held.adapter.artist_name(unknown)


async def test_the_artists_of_songs_are_told_by_id(held: Held) -> None:
    songs = {TrackId(id_): song["ArtistItems"][0]["Id"] for id_, song in held.fake.songs.items()}
    assert await held.adapter.artist_ids([*songs, TrackId("0" * 32), TrackId("")]) == songs
    assert await held.adapter.artist_ids([]) == {}
    await held.stop()
    with pytest.raises(Unavailable):
        await held.adapter.artist_ids(list(songs))
