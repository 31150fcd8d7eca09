"""A cover that a person gave a playlist stays when its songs, its name or its description change."""

from segue.model import Playlist, TrackId
from tests.adapters.mediabrowser.conftest import Held


async def test_a_cover_stays(held: Held) -> None:
    songs = tuple(TrackId(id_) for id_ in held.fake.songs)
    made = await held.adapter.publish(Playlist(name="Mix", tracks=songs[:3]), replacing=None)
    cover = {"Primary": "0f1e2d3c"}
    held.fake.lists[made]["ImageTags"] = dict(cover)
    for name, tracks in (("Mix", songs[::-1]), ("Other", songs[:2])):
        wanted = Playlist(name=name, tracks=tracks, description=f"Now {name}.")
        assert await held.adapter.publish(wanted, replacing=made) == made
        assert held.fake.lists[made]["ImageTags"] == cover
    assert not [seen for seen in held.fake.requests if "/images" in seen.path.lower()]
