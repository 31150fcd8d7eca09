"""A person's cover stays on a playlist of ours, whatever we change in it."""

from segue.model import Playlist
from segue.sdk import Publishes
from tests.adapters.mediabrowser.conftest import Held


async def test_a_cover_that_a_person_chose_stays(held: Held) -> None:
    adapter = held.adapter
    assert isinstance(adapter, Publishes)
    songs = [track.id async for track in adapter.walk()]
    made = await adapter.publish(Playlist(name="Evening", tracks=tuple(songs[:3])), replacing=None)
    held.fake.lists[made]["ImageTags"] = {"Primary": "0b1d"}
    for name, tracks in (("Evening", songs[1:5]), ("Night", songs[::-1]), ("Night", songs[:1])):
        changed = Playlist(name=name, tracks=tuple(tracks), description=f"{len(tracks)} songs")
        assert await adapter.publish(changed, replacing=made) == made
    assert held.fake.lists[made]["ImageTags"] == {"Primary": "0b1d"}
    assert not [seen for seen in held.fake.requests if "/images" in seen.path.lower()]
    written = [
        seen.body for seen in held.fake.requests if seen.path.lower().endswith(f"items/{made}") and seen.body
    ]
    assert all(body["ImageTags"] == {"Primary": "0b1d"} for body in written[1:])
    assert len(written) > 1
