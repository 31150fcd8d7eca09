"""No fault ever looks like a smaller library: a walk ends normally only when it is complete."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from segue.model import LibraryChanged, Track, TrackId
from segue.sdk import Adapter, AdapterError, AuthFailed, Malformed, NotFound, Unavailable, Unsupported
from segue.sdk.testing import Song, World
from tests.adapters.mediabrowser.conftest import WAYS, Held, connected, held_by, shown
from tests.fakes.mediabrowser import Seen, serving

Fault = Callable[[Seen], web.StreamResponse | None]


@pytest.fixture(params=["jellyfin-login", "emby-key"])
async def held(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Held]:
    """Each server by one way in: faults are met in what both ways share."""
    kind, way = request.param.split("-")
    async with held_by(kind, way, tmp_path) as one:
        yield one


async def _walked(adapter: Adapter) -> list[Track]:
    return [track async for track in adapter.walk()]


def _listing(seen: Seen) -> bool:
    return seen.path.lower() == "/items" and seen.verb == "GET"


def _from(number: int, answer: Callable[[], web.Response], *, last: int = 10**6) -> Fault:
    """Breaks the listing from its so-manyth request on."""
    count = itertools.count(1)

    def fault(seen: Seen) -> web.StreamResponse | None:
        return answer() if _listing(seen) and number <= next(count) <= last else None

    return fault


def _json(text: str) -> Callable[[], web.Response]:
    return lambda: web.Response(text=text, content_type="application/json")


EMPTY = '{"Items":[],"TotalRecordCount":0,"StartIndex":0}'
FAULTS: dict[str, Callable[[], web.Response]] = {
    "empty": _json(EMPTY),
    "no body": _json(""),
    "half a page": _json('{"Items":[{"Id":"8a49","Na'),
    "nothing": _json("{}"),
    "a list": _json("[]"),
    "null": _json("null"),
    "items without ids": _json('{"Items":[{}],"TotalRecordCount":1}'),
    "items of a kind": _json('{"Items":"none","TotalRecordCount":0}'),
    "a page of somebody else": lambda: web.Response(text="<html>Back soon</html>", content_type="text/html"),
    "500": lambda: web.Response(status=500, text="Error processing request."),
    "404": lambda: web.Response(status=404),
    "429": lambda: web.Response(status=429, headers={"Retry-After": "600"}),
    "wrong password": lambda: web.Response(status=401),
    "no rights": lambda: web.Response(status=403),
}


@pytest.mark.parametrize("begin", [1, 3])
@pytest.mark.parametrize("name", FAULTS)
async def test_a_walk_amid_a_fault_is_an_error(held: Held, name: str, begin: int) -> None:
    """The server hands out two songs at a time, whatever is asked for."""
    held.fake.most = 2
    everything = {track.id for track in await _walked(held.adapter)}
    assert len(everything) == 7
    held.fake.fault = _from(begin, FAULTS[name])
    with pytest.raises(AdapterError) as told:
        async with asyncio.timeout(60):
            await _walked(held.adapter)
    assert not isinstance(told.value, NotFound)
    held.fake.fault = lambda seen: None
    assert {track.id for track in await _walked(held.adapter)} == everything


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("500", Unavailable),
        ("429", Unavailable),
        ("404", Unsupported),
        ("half a page", Malformed),
        ("wrong password", AuthFailed),
        ("no rights", AuthFailed),
    ],
)
async def test_one_song_amid_a_fault_is_not_gone(held: Held, name: str, kind: type[AdapterError]) -> None:
    track = next(iter(held.fake.songs))
    held.fake.fault = lambda seen: FAULTS[name]()
    with pytest.raises(kind):
        await held.adapter.get(TrackId(track))
    with pytest.raises(kind):
        async with held.adapter.audio(TrackId(track)):
            pass


@pytest.mark.parametrize("answer", ["500", "429 soon"])
async def test_a_passing_fault_is_passed_over(held: Held, answer: str) -> None:
    held.fake.most = 2
    soon = lambda: web.Response(status=429, headers={"Retry-After": "0"})  # noqa: E731
    held.fake.fault = _from(2, FAULTS["500"] if answer == "500" else soon, last=3)
    assert len(await _walked(held.adapter)) == 7


async def test_too_many_questions_are_answered_with_patience(held: Held) -> None:
    held.fake.fault = _from(1, FAULTS["429"])
    with pytest.raises(Unavailable) as told:
        await _walked(held.adapter)
    assert told.value.retry_after == 600


async def test_a_server_killed_amid_a_walk_ends_it_with_an_error(held: Held) -> None:
    held.fake.most = 2
    walk = held.adapter.walk()
    assert (await anext(walk)).title
    await held.stop()
    with pytest.raises(Unavailable):
        async for _ in walk:
            pass


async def test_a_song_that_goes_amid_a_walk_takes_none_with_it(held: Held) -> None:
    """Rows shift by one: the row behind the page would be passed over."""
    held.fake.most = 2
    seen = []
    async for track in held.adapter.walk():
        if not seen:
            held.world.remove(next(song for song in held.world.songs if song.title == track.title))
            held.fake.scan()
        seen.append(track.id)
    assert set(held.fake.songs) <= set(seen)
    assert len(seen) == len(set(seen))


async def test_a_library_that_never_holds_still_is_not_believed(held: Held) -> None:
    """The songs come in another order with each request."""
    held.fake.most = 2
    turns = itertools.count()

    def stir(seen: Seen) -> None:
        if _listing(seen):
            turn = next(turns)
            for place, song in enumerate(held.fake.songs.values()):
                song["_sort"] = f"{(place + turn) % 7}"

    held.fake.fault = stir
    with pytest.raises(Unavailable, match="kept changing"):
        await _walked(held.adapter)


async def test_a_count_that_does_not_agree_is_not_believed(held: Held) -> None:
    """A page may be short of songs that the server knows of."""
    songs = list(held.fake.songs.values())
    text = {"Items": [{"Id": song["Id"], "Type": "Audio", "Name": "x"} for song in songs[:1]]}
    held.fake.fault = lambda seen: (
        web.json_response(text | {"TotalRecordCount": 7}) if _listing(seen) else None
    )
    with pytest.raises(Unavailable, match="kept changing"):
        await _walked(held.adapter)


async def test_an_empty_listing_of_a_server_with_songs_is_an_error(held: Held) -> None:
    held.fake.fault = lambda seen: _json(EMPTY)() if _listing(seen) else None
    with pytest.raises(Unavailable, match="7 songs, but lists none"):
        await _walked(held.adapter)


@pytest.mark.parametrize("kind", ["jellyfin", "emby"])
async def test_an_empty_library_is_one(tmp_path: Path, kind: str) -> None:
    (tmp_path / "music").mkdir()
    fake = shown(kind, World(tmp_path / "music"))
    async with (
        serving(fake),
        connected(kind, tmp_path / "scratch", url=fake.url, **WAYS["login"]) as adapter,
    ):
        assert await _walked(adapter) == []
        assert "The server lists no music yet." in (await adapter.probe()).warnings


async def test_audio_that_is_not_the_whole_file_is_copied_without_loss(held: Held) -> None:
    track = (await _walked(held.adapter))[0]

    def short(seen: Seen) -> web.StreamResponse | None:
        whole = seen.path.endswith(("/File", "/Download"))
        return web.Response(body=b"short", content_type="audio/flac") if whole else None

    held.fake.fault = short
    for _ in range(2):
        async with held.adapter.audio(track.id) as path:
            assert path.read_bytes()[:4] == b"fLaC"
    assert len(set(held.fake.transcoded)) == 2
    assert not path.exists()


@pytest.mark.parametrize("answer", ["a page of somebody else", "404", "no rights"])
async def test_audio_that_cannot_be_had_is_told_of_the_song(held: Held, answer: str) -> None:
    track = (await _walked(held.adapter))[0]
    held.fake.fault = lambda seen: (
        None if seen.path.lower().startswith("/items") and _listing(seen) else (FAULTS[answer]())
    )
    with pytest.raises(Malformed, match="neither its file nor a copy"):
        async with held.adapter.audio(track.id):
            pass


async def test_a_feed_ends_with_an_error_and_begins_anew(held: Held) -> None:
    feed = held.adapter.changes()
    assert await anext(feed) == LibraryChanged()
    held.fake.fault = lambda seen: web.Response(status=503)
    held.fake.hang_up()
    with pytest.raises(Unavailable):
        async for _ in feed:
            pass
    held.fake.fault = lambda seen: None
    assert await anext(held.adapter.changes()) == LibraryChanged()


async def test_a_password_that_is_not_right_any_more(held: Held) -> None:
    held.fake.fault = lambda seen: FAULTS["wrong password"]()
    track = TrackId(next(iter(held.fake.songs)))
    for act in (held.adapter.probe(), _walked(held.adapter), held.adapter.get(track)):
        with pytest.raises(AuthFailed):
            await act


@pytest.mark.parametrize("kind", ["jellyfin", "emby"])
@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"username": "tester", "password": "wrong"}, "does not accept the name or password"),
        ({"api_key": "0" * 32}, "does not accept the API key"),
    ],
)
async def test_a_wrong_way_in_is_told_plainly(
    tmp_path: Path, kind: str, options: dict[str, Any], words: str
) -> None:
    fake = shown(kind, World.small(tmp_path / "music"))
    async with serving(fake):
        with pytest.raises(AuthFailed, match=words):
            async with connected(kind, tmp_path / "scratch", url=fake.url, **options):
                pass


async def test_every_song_is_listed_though_one_is_added_amid_the_walk(held: Held) -> None:
    held.fake.most = 3
    before = set(held.fake.songs)
    seen = []
    async for track in held.adapter.walk():
        if not seen:
            held.world.add(Song(artist="A", album="A", title="Late", number=1, hertz=500))
            held.fake.scan()
        seen.append(track.id)
    assert before <= set(seen)
