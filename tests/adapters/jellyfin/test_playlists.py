"""Playlists on Jellyfin: in place, each song once, seen by whom it is said, by every way in."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from structlog.testing import capture_logs

from segue.model import Playlist, PlaylistId, TrackId, UserId
from segue.sdk import Unsupported
from segue.sdk.testing import World
from tests.adapters.jellyfin.conftest import Connect
from tests.fakes.jellyfin import KEY, PASSWORD, USER, FakeJellyfin, serving, shown

LOGIN: dict[str, Any] = {"username": USER, "password": PASSWORD}
BY_KEY: dict[str, Any] = {"api_key": KEY, "username": USER}
QUICK: dict[str, Any] = {**BY_KEY, "quick_connect": True}


@asynccontextmanager
async def _held(
    tmp_path: Path, connected: Connect, access: dict[str, Any], version: str = "12.1.0"
) -> AsyncIterator[tuple[FakeJellyfin, Any, tuple[TrackId, ...]]]:
    fake = shown(World.small(tmp_path / "music"), version=version)
    async with serving(fake), connected(url=fake.url, **access) as adapter:
        yield fake, adapter, tuple(TrackId(id_) for id_ in fake.songs)


@pytest.mark.parametrize("access", [LOGIN, BY_KEY, QUICK], ids=["login", "key", "quick-connect"])
@pytest.mark.parametrize("version", ["10.11.11", "12.1.0"])
async def test_no_entry_comes_twice(
    tmp_path: Path, connected: Connect, access: dict[str, Any], version: str
) -> None:
    """Older servers drop repeats, 12 takes all of them out with one."""
    async with _held(tmp_path, connected, access, version) as (fake, adapter, songs):
        made = await adapter.publish(Playlist(name="Mix", tracks=songs[:3] * 3), replacing=None)
        assert fake.content(made) == list(songs[:3])
        for tracks in (songs[2:6] * 2, songs[::-1] + songs, songs[:1] * 9):
            assert await adapter.publish(Playlist(name="Mix", tracks=tracks), replacing=made) == made
            assert fake.content(made) == list(dict.fromkeys(tracks))


@pytest.mark.parametrize("access", [LOGIN, BY_KEY, QUICK], ids=["login", "key", "quick-connect"])
async def test_who_sees_a_list_is_always_said(
    tmp_path: Path, connected: Connect, access: dict[str, Any]
) -> None:
    """What is not said is public on the server."""
    async with _held(tmp_path, connected, access) as (fake, adapter, songs):
        for public in (False, True):
            made = await adapter.publish(Playlist(name="Mix", tracks=songs, public=public), replacing=None)
            assert fake.lists[made]["_public"] is public
    writes = [seen.body for seen in fake.requests if seen.verb == "POST" and "Ids" in (seen.body or {})]
    assert writes
    assert all("IsPublic" in body for body in writes)


@pytest.mark.parametrize("access", [LOGIN, BY_KEY, QUICK], ids=["login", "key", "quick-connect"])
async def test_nothing_is_written_when_nothing_differs(
    tmp_path: Path, connected: Connect, access: dict[str, Any]
) -> None:
    async with _held(tmp_path, connected, access) as (fake, adapter, songs):
        wanted = Playlist(name="Mix", description="by ear", tracks=songs)
        made = await adapter.publish(wanted, replacing=None)
        assert (fake.lists[made]["_overview"], fake.lists[made]["_tags"]) == ("by ear", ["Segue"])
        fake.requests.clear()
        assert await adapter.publish(wanted, replacing=made) == made
        assert {seen.verb for seen in fake.requests} == {"GET"}


async def test_a_login_replaces_by_one_request(tmp_path: Path, connected: Connect) -> None:
    async with _held(tmp_path, connected, LOGIN) as (fake, adapter, songs):
        made = await adapter.publish(Playlist(name="Mix", tracks=songs), replacing=None)
        fake.requests.clear()
        await adapter.publish(Playlist(name="Mix", tracks=songs[::-1]), replacing=made)
        assert [seen.path for seen in fake.requests if seen.verb != "GET"] == [f"/Playlists/{made}"]


async def test_a_list_left_empty_by_a_fault_is_filled(tmp_path: Path, connected: Connect) -> None:
    """The server empties a list before it fills it."""
    async with _held(tmp_path, connected, LOGIN) as (fake, adapter, songs):
        made = await adapter.publish(Playlist(name="Mix", tracks=songs), replacing=None)
        broken = iter([True])

        def fault(seen: Any) -> web.Response | None:
            if seen.verb == "POST" and seen.path == f"/Playlists/{made}" and next(broken, False):
                fake.lists[made]["_entries"] = []
                return web.Response(status=204)
            return None

        fake.fault = fault
        await adapter.publish(Playlist(name="Mix", tracks=songs[::-1]), replacing=made)
        assert fake.content(made) == list(songs[::-1])


async def test_a_long_list_is_edited_in_short_requests(tmp_path: Path, connected: Connect) -> None:
    """Ids stand in the address, and addresses have an end."""
    async with _held(tmp_path, connected, BY_KEY) as (fake, adapter, songs):
        first = fake.songs[songs[0]]
        many = tuple(TrackId(f"{number:032x}") for number in range(450))
        fake.songs |= {id_: {**first, "Id": id_} for id_ in many}
        made = await adapter.publish(Playlist(name="Mix", tracks=many), replacing=None)
        for wanted in (many[::-1], many[:10] + songs, many):
            await adapter.publish(Playlist(name="Mix", tracks=wanted), replacing=made)
            assert fake.content(made) == list(wanted)
        assert max(len(str(seen.query)) for seen in fake.requests) < 4000


async def test_ten_ten_tells_what_a_key_cannot(tmp_path: Path, connected: Connect) -> None:
    async with _held(tmp_path, connected, BY_KEY, "10.10.7") as (fake, adapter, songs):
        assert any("take nothing out" in warning for warning in (await adapter.probe()).warnings)
        made = await adapter.publish(Playlist(name="Mix", tracks=songs[:2]), replacing=None)
        await adapter.publish(Playlist(name="Mix", tracks=songs[:4]), replacing=made)
        assert fake.content(made) == list(songs[:4])
        with pytest.raises(Unsupported, match="quick_connect = true"):
            await adapter.publish(Playlist(name="Mix", tracks=songs[1:2]), replacing=made)


async def test_a_list_is_made_for_whom_it_shall_be(tmp_path: Path, connected: Connect) -> None:
    """With Quick Connect as that user; the token is made once, said so, and given back."""
    for access in (BY_KEY, QUICK):
        with capture_logs() as lines:
            async with _held(tmp_path / str(len(access)), connected, access) as (fake, adapter, songs):
                joe = UserId(fake.add_user("joe", "pw"))
                wanted = Playlist(name="Mix", tracks=songs, owner=joe)
                made = await adapter.publish(wanted, replacing=None)
                await adapter.publish(Playlist(name="Mix", tracks=songs[::-1], owner=joe), replacing=made)
                assert fake.lists[made]["_owner"] == joe
                assert fake.content(made) == list(songs[::-1])
                devices = [device for user, device in fake.tokens.values() if user == joe]
                assert len(devices) == (1 if access is QUICK else 0)
        assert fake.tokens == {}
        made_for = [line for line in lines if line["event"] == "user_token_made"]
        assert [line["user"] for line in made_for if line["user"] == joe] == [joe] * len(devices)


async def test_a_login_keeps_lists_for_itself_only(tmp_path: Path, connected: Connect) -> None:
    async with _held(tmp_path, connected, LOGIN) as (fake, adapter, songs):
        joe = UserId(fake.add_user("joe", "pw"))
        with pytest.raises(Unsupported, match="this user only"):
            await adapter.publish(Playlist(name="Mix", tracks=songs, owner=joe), replacing=None)
        assert fake.lists == {}


async def test_a_key_without_a_user_says_so(tmp_path: Path, connected: Connect) -> None:
    async with _held(tmp_path, connected, {"api_key": KEY}) as (_, adapter, songs):
        assert any("nobody can own" in warning for warning in (await adapter.probe()).warnings)
        with pytest.raises(Unsupported, match="say with `username`"):
            await adapter.publish(Playlist(name="Mix", tracks=songs), replacing=None)


async def test_quick_connect_that_is_off_is_told(tmp_path: Path, connected: Connect) -> None:
    fake = shown(World.small(tmp_path / "music"), quick_connect=False)
    async with serving(fake):
        with pytest.raises(Unsupported, match="Quick Connect is switched off"):
            async with connected(url=fake.url, **QUICK):
                pass


async def test_other_tags_and_words_of_a_list_are_kept(tmp_path: Path, connected: Connect) -> None:
    """The whole item goes back: what is left out is lost."""
    async with _held(tmp_path, connected, LOGIN) as (fake, adapter, songs):
        made = await adapter.publish(Playlist(name="Mix", tracks=songs), replacing=None)
        fake.lists[made]["_tags"] = ["mine", "Segue"]
        await adapter.publish(Playlist(name="Mix", tracks=songs, description="new"), replacing=made)
        assert (fake.lists[made]["_tags"], fake.lists[made]["_overview"]) == (["mine", "Segue"], "new")


async def test_a_list_of_somebody_elses_cannot_be_read(tmp_path: Path, connected: Connect) -> None:
    async with _held(tmp_path, connected, LOGIN) as (fake, adapter, songs):
        joe = fake.add_user("joe", "pw")
        theirs = fake.add_list("Theirs", list(songs), owner=joe)
        with pytest.raises(Unsupported):
            await adapter.entries(PlaylistId(theirs))
