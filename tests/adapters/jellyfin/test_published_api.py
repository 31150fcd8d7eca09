"""What we ask and what the fake answers agree with the published description of Jellyfin 12."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from segue.model import Playlist
from segue.sdk import Adapter
from segue.sdk.testing import World
from tests.adapters.jellyfin.conftest import Connect
from tests.fakes.jellyfin import KEY, PASSWORD, USER, FakeJellyfin, Seen, serving, shown
from tests.fakes.published import Document
from tests.specs import published

_SOCKET = "/socket"  # the document describes no websocket


async def exercise(adapter: Adapter, fake: FakeJellyfin) -> None:
    """Everything that the adapter ever asks."""
    a: Any = adapter
    await a.probe()
    tracks = [track async for track in a.walk()]
    await a.get(tracks[0].id)
    async with a.audio(tracks[0].id):
        pass
    now = datetime.now(UTC)
    assert [track async for track in a.changed_since(now - timedelta(minutes=1))]
    feed = a.changes()
    await anext(feed)
    await feed.aclose()
    fake.play(fake.me, tracks[0].id, at=now, seconds=1)
    fake.favourites = {fake.me: {tracks[1].id}}
    for user in [user async for user in a.users()]:
        assert [play async for play in a.plays(user.id, now - timedelta(days=1))]
    for public in (True, False):
        ids = tuple(track.id for track in tracks)
        made = await a.publish(Playlist(name="Mix", tracks=ids[:4], public=public), replacing=None)
        again = Playlist(name="Mixed", description="by ear", tracks=ids[2:], public=not public)
        assert await a.publish(again, replacing=made) == made
        assert [header.id async for header in a.playlists()] == [made]
        assert len(await a.entries(made)) == 5
        await a.withdraw(made)
    fake.originals = False
    async with a.audio(tracks[0].id):
        pass
    fake.originals = True


@pytest.mark.parametrize(
    "access",
    [
        {"username": USER, "password": PASSWORD},
        {"api_key": KEY, "username": USER},
        {"api_key": KEY, "username": USER, "quick_connect": True},
    ],
    ids=["login", "key", "quick-connect"],
)
async def test_requests_and_replies_are_as_published(
    tmp_path: Path, connected: Connect, access: dict[str, Any]
) -> None:
    document = Document(published("jellyfin-openapi.json"))
    fake = shown(World.small(tmp_path / "music"))
    async with serving(fake), connected(url=fake.url, poll_seconds=0.1, **access) as adapter:
        await exercise(adapter, fake)
    asked = [seen for seen in fake.requests if seen.path != _SOCKET]
    assert [problem for seen in asked for problem in document.problems(seen)] == []
    assert len({(seen.verb, seen.path.partition("/")[2].partition("/")[0]) for seen in asked}) >= 8


async def test_a_plain_user_asks_as_published_too(tmp_path: Path, connected: Connect) -> None:
    """Somebody who is no administrator has other ways to the same."""
    document = Document(published("jellyfin-openapi.json"))
    fake = shown(World.small(tmp_path / "music"))
    fake.add_user("joe", "pw")
    async with serving(fake), connected(url=fake.url, username="joe", password="pw") as adapter:
        a: Any = adapter
        assert "administrators only" in (await a.probe()).warnings[0]
        tracks = [track async for track in a.walk()]
        assert await a.get(tracks[0].id) == tracks[0]
        made = await a.publish(Playlist(name="Mix", tracks=(tracks[0].id,)), replacing=None)
        await a.withdraw(made)
        [user] = [user async for user in a.users()]
        fake.play(user.id, tracks[0].id, at=datetime.now(UTC), seconds=1)
        fake.favourites = {user.id: {tracks[1].id}}
        [favourite] = [play async for play in a.plays(user.id, datetime.now(UTC) - timedelta(days=1))]
        assert (favourite.track_id, favourite.favourite, favourite.count) == (tracks[1].id, True, 0)
    asked = [seen for seen in fake.requests if seen.path != _SOCKET]
    assert [problem for seen in asked for problem in document.problems(seen)] == []


@pytest.mark.parametrize(
    "seen",
    [
        Seen(verb="GET", path="/Items", query={"parentID": "x"}, headers={}),
        Seen(verb="GET", path="/Items", query={"limit": "many"}, headers={}),
        Seen(verb="GET", path="/Items", query={"fields": "Path,Bytes"}, headers={}),
        Seen(verb="GET", path="/Items", query={}, headers={}, status=200, reply={"Items": [{"Bytes": 1}]}),
        Seen(verb="GET", path="/Items", query={}, headers={}, status=200, reply={"Items": [{"Name": 1}]}),
        Seen(verb="POST", path="/Playlists", query={}, headers={}, body={"Name": "x", "Public": True}),
        Seen(verb="DELETE", path="/Items/x/File", query={}, headers={}),
    ],
)
def test_an_invention_is_noticed(seen: Seen) -> None:
    assert [*Document(published("jellyfin-openapi.json")).problems(seen)]
