"""What the feed tells: songs that messages name, and what looking finds where no messages come."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from segue.model import (
    Change,
    LibraryChanged,
    Playlist,
    PlaylistsChanged,
    TrackChanged,
    TrackGone,
    TrackId,
)
from segue.sdk.dialects.mediabrowser.messages import (
    News,
    Scans,
    keep_alive_seconds,
    library_news,
    message,
)
from segue.sdk.dialects.mediabrowser.payloads import Message
from segue.sdk.testing import Song, until
from tests.adapters.mediabrowser.conftest import WAYS, connected, held_by
from tests.fakes.jellyfin import FakeJellyfin
from tests.fakes.mediabrowser import FakeMediaBrowser, Seen

LATE = Song(artist="Late", album="Late", title="Late", number=1, hertz=500)


class Feed:
    """Read in the background."""

    def __init__(self, changes: AsyncIterator[Change]) -> None:
        self.told: list[Change] = []
        self._task = asyncio.create_task(self._read(changes))

    async def _read(self, changes: AsyncIterator[Change]) -> None:
        async for change in changes:
            self.told.append(change)

    async def until(self, *wanted: Change) -> None:
        async def look() -> bool:
            if self._task.done():
                self._task.result()
            return set(wanted) <= set(self.told)

        await until(look)

    async def aclose(self) -> None:
        self._task.cancel()
        await asyncio.wait([self._task])


async def _listening(fake: FakeMediaBrowser) -> bool:
    return bool(fake.sockets)


@pytest.mark.parametrize("kind", ["jellyfin", "emby"])
async def test_messages_name_songs_and_tell_of_playlists(tmp_path: Path, kind: str) -> None:
    """An added song's album is in the message too, and so are playlists of ours."""
    async with held_by(kind, "login", tmp_path) as held, aclosing(Feed(held.adapter.changes())) as feed:
        await feed.until(LibraryChanged())
        await until(lambda: _listening(held.fake))
        feed.told.clear()
        song = next(iter(held.fake.songs))
        ours = await held.adapter.publish(Playlist(name="Mix", tracks=(TrackId(song),)), replacing=None)
        held.fake.tell_library([], [ours, song], [])
        await feed.until(TrackChanged(TrackId(song)))
        held.fake.tell_library([], [ours], [])
        held.fake.tell_library([], [], ["gone"])
        await feed.until(TrackGone(TrackId("gone")))
        wanted = {TrackChanged(TrackId(song)), TrackGone(TrackId("gone")), PlaylistsChanged()}
        assert set(feed.told) == wanted
        feed.told.clear()
        held.fake.tell_library([], [song], [])
        await feed.until(TrackChanged(TrackId(song)))
        assert feed.told == [TrackChanged(TrackId(song))]
        feed.told.clear()
        held.fake.tell_library([], [f"{number:032x}" for number in range(500)], [])
        await feed.until(LibraryChanged())
        assert feed.told == [LibraryChanged()]


@pytest.mark.slow
async def test_jellyfin_hears_that_we_are_alive(tmp_path: Path) -> None:
    """It hangs up on whoever does not say so in its messages."""
    async with held_by("jellyfin", "login", tmp_path, keep_alive=4) as held:
        assert isinstance(held.fake, FakeJellyfin)
        heard: list[str] = []
        answer = held.fake.heard

        async def note(socket: web.WebSocketResponse, kind: str) -> None:
            heard.append(kind)
            await answer(socket, kind)

        held.fake.heard = note  # type: ignore[method-assign]
        async with aclosing(Feed(held.adapter.changes())) as feed:

            async def alive() -> bool:
                return heard.count("KeepAlive") >= 4  # the last one after more than the limit

            await until(alive)
            assert feed.told == [LibraryChanged()]
            assert len(held.fake.sockets) == 1


async def test_a_key_is_told_of_scans_that_end(tmp_path: Path) -> None:
    """It gets no news of the library; a look follows at once, although looking is rare."""
    async with held_by("jellyfin", "key", tmp_path) as held:
        options = {**WAYS["key"], "url": held.fake.url, "poll_seconds": 3600}
        async with connected("jellyfin", tmp_path / "other", **options) as adapter:
            a: Any = adapter
            async with aclosing(Feed(a.changes())) as feed:
                await feed.until(LibraryChanged())
                await until(lambda: _listening(held.fake))
                feed.told.clear()
                held.world.add(LATE)
                held.fake.scan()
                for state in ("Running", "Idle"):
                    tasks = [{"Key": "RefreshLibrary", "State": state}, {"Key": "Other", "State": "Running"}]
                    held.fake.tell("ScheduledTasksInfo", tasks)
                await feed.until(LibraryChanged())
                assert len(feed.told) == 2


@pytest.mark.parametrize("kind", ["jellyfin", "emby"])
async def test_without_messages_looking_finds_what_changed(tmp_path: Path, kind: str) -> None:
    async with held_by(kind, "key", tmp_path) as held:
        held.fake.fault = lambda seen: web.Response(status=404) if seen.path.endswith("socket") else None
        async with aclosing(Feed(held.adapter.changes())) as feed:
            await feed.until(LibraryChanged())
            feed.told.clear()
            song = held.world.retag(held.world.songs[0], title="Dusk")
            held.fake.scan()
            [track] = [one["Id"] for one in held.fake.songs.values() if one["Name"] == "Dusk"]
            await feed.until(TrackChanged(TrackId(track)))
            assert set(feed.told) == {TrackChanged(TrackId(track))}
            held.world.remove(song)
            held.fake.scan()
            await feed.until(LibraryChanged())


@pytest.mark.parametrize("kind", ["jellyfin", "emby"])
async def test_clocks_that_differ_do_no_harm(tmp_path: Path, kind: str) -> None:
    """What was saved since is asked for in the server's own time."""
    async with held_by(kind, "key", tmp_path, clock=timedelta(hours=-9)) as held:
        asked: list[str] = []

        def watch(seen: Seen) -> None:
            asked.extend(value for name, value in seen.query.items() if "datelastsaved" in name.lower())

        held.fake.fault = watch
        async with aclosing(Feed(held.adapter.changes())) as feed:
            await feed.until(LibraryChanged())
        began = datetime.fromisoformat(asked[-1])
        assert abs(held.fake.now() - timedelta(minutes=5) - began) < timedelta(minutes=2)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["ItemsAdded", "ItemsRemoved", "Key", "State", "x"]), inner, max_size=3
        )
    ),
    max_leaves=8,
)


UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@UNHURRIED
@given(st.sampled_from(["LibraryChanged", "ForceKeepAlive", "ScheduledTasksInfo", "?"]), JSON)
def test_no_message_gets_past_us(kind: str, data: Any) -> None:
    told = Message.model_validate({"MessageType": kind, "Data": data})
    library_news(told)
    every = keep_alive_seconds(told)
    assert every is None or every >= 0.5
    Scans().ended(told)


@UNHURRIED
@given(st.text())
def test_a_text_that_is_no_message_is_passed_over(text: str) -> None:
    told = message(text)
    assert told is None or library_news(told) is None


def test_an_unreadable_library_message_is_vague() -> None:
    assert library_news(Message.model_validate({"MessageType": "LibraryChanged", "Data": 5})) == News()
