"""No fault ever looks like a smaller library: a walk ends normally only when it is complete."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp import web
from hypothesis import given, settings
from hypothesis import strategies as st

from segue.model import LibraryChanged, Track
from segue.sdk import Adapter, AdapterError, AuthFailed, Malformed, Unavailable, Watches
from segue.sdk.testing import Song, World, until
from segue_navidrome.pages import Shifted, pages
from segue_navidrome.payloads import Folder
from tests.adapters.navidrome.conftest import Connect
from tests.fakes.subsonic import PASSWORD, USER, FakeSubsonic, Seen, serving, shown

Fault = Callable[[Seen], web.StreamResponse | None]


@dataclass(kw_only=True)
class Held:
    fake: FakeSubsonic
    world: World
    adapter: Adapter
    stop: Callable[[], object]


@pytest.fixture(params=[True, False], ids=["navidrome", "plain"])
async def held(request: pytest.FixtureRequest, tmp_path: Path, connected: Connect) -> AsyncIterator[Held]:
    """A library that is listed in pages of two."""
    world = World.small(tmp_path / "music")
    fake = shown(world, navidrome=request.param, most=2)
    async with (
        serving(fake) as stop,
        connected(url=fake.url, username=USER, password=PASSWORD, poll_seconds=0.1) as adapter,
    ):
        yield Held(fake=fake, world=world, adapter=adapter, stop=stop)


async def _walked(adapter: Adapter) -> list[Track]:
    return [track async for track in adapter.walk()]


def _at(number: int, answer: Callable[[], web.Response], *, last: int = 10**6) -> Fault:
    """Breaks the listing from its so-manyth request on."""
    count = itertools.count(1)

    def fault(seen: Seen) -> web.StreamResponse | None:
        lists = seen.method in ("search3", "getAlbumList2", "getAlbum")
        return answer() if lists and number <= next(count) <= last else None

    return fault


def _json(text: str) -> Callable[[], web.Response]:
    return lambda: web.Response(text=text, content_type="application/json")


EMPTY = _json('{"subsonic-response":{"status":"ok","version":"1.16.1","searchResult3":{}}}')
REFUSED = _json('{"subsonic-response":{"status":"failed","error":{"code":0,"message":"database is locked"}}}')
_SONGS = '{"subsonic-response":{"status":"ok","searchResult3":{"song":'
_XML = '<subsonic-response status="failed"><error code="0"/></subsonic-response>'
FAULTS = {
    "empty": EMPTY,
    "generic refusal": REFUSED,
    "no body": _json(""),
    "half a page": _json('{"subsonic-response":{"status":"ok","searchResult3":{"song":[{"id":"a","ti'),
    "no envelope": _json("{}"),
    "a list": _json("[]"),
    "songs without ids": _json(f"{_SONGS}[{{}}]}}}}}}"),
    "songs of a kind": _json(f'{_SONGS}"none"}}}}}}'),
    "a page of somebody else": lambda: web.Response(text="<html>Back soon</html>", content_type="text/html"),
    "xml": lambda: web.Response(text=_XML),
    "500": lambda: web.Response(status=500),
    "404": lambda: web.Response(status=404),
    "429": lambda: web.Response(status=429, headers={"Retry-After": "600"}),
    "wrong password": _json('{"subsonic-response":{"status":"failed","error":{"code":40,"message":"no"}}}'),
}  # fmt: skip


@pytest.mark.parametrize("begin", [1, 3])
@pytest.mark.parametrize("name", FAULTS)
async def test_a_walk_amid_a_fault_is_an_error_or_complete(held: Held, name: str, begin: int) -> None:
    if name == "500" and begin > 1:
        pytest.skip("the same after other pages, and slow")
    everything = {track.id for track in await _walked(held.adapter)}
    held.fake.fault = _at(begin, FAULTS[name])
    try:
        told = {track.id for track in await asyncio.wait_for(_walked(held.adapter), 30)}
    except AdapterError:
        told = everything
    assert told == everything
    held.fake.fault = lambda seen: None
    assert {track.id for track in await _walked(held.adapter)} == everything


@pytest.mark.parametrize("name", ["500", "429 soon"])
async def test_a_passing_fault_is_passed_over(held: Held, name: str) -> None:
    answer = (
        FAULTS["500"] if name == "500" else lambda: web.Response(status=429, headers={"Retry-After": "0"})
    )
    held.fake.fault = _at(2, answer, last=3)
    assert len(await _walked(held.adapter)) == 7


async def test_too_many_questions_are_answered_with_patience(held: Held) -> None:
    held.fake.fault = _at(1, FAULTS["429"])
    with pytest.raises(Unavailable) as told:
        await _walked(held.adapter)
    assert told.value.retry_after == 600


async def test_a_server_killed_amid_a_walk_ends_it_with_an_error(held: Held) -> None:
    walk = held.adapter.walk()
    first = await anext(aiter(walk))
    assert first.title
    await held.stop()  # type: ignore[misc]
    with pytest.raises(Unavailable):
        async for _ in walk:
            pass


async def test_a_song_that_goes_amid_a_walk_takes_none_with_it(held: Held) -> None:
    """Rows shift by one: the row behind the page would be passed over."""
    seen = []
    async for track in held.adapter.walk():
        if not seen:
            gone = next(song for song in held.world.songs if song.title == track.title)
            held.world.remove(gone)
            held.fake.scan()
        seen.append(track.id)
    assert set(held.fake.songs) <= set(seen)
    assert len(seen) == len(set(seen))


async def test_a_library_that_never_holds_still_is_not_believed(held: Held) -> None:
    def stir(seen: Seen) -> None:
        if seen.method == "search3":
            held.fake.last_scan += timedelta(seconds=1)

    held.fake.fault = stir
    with pytest.raises(Unavailable, match="kept changing"):
        await _walked(held.adapter)


async def test_a_listing_without_an_order_is_made_by_albums(tmp_path: Path, connected: Connect) -> None:
    world = World.small(tmp_path / "music")
    fake = shown(world, steady=False, most=3)
    async with serving(fake), connected(url=fake.url, username=USER, password=PASSWORD) as adapter:
        assert len(await _walked(adapter)) == 7


async def test_a_server_that_reads_its_music_in_is_listed_when_it_has(held: Held) -> None:
    if not held.fake.navidrome:
        pytest.skip("it does not tell")
    held.fake.scanning = True
    walk = asyncio.create_task(_walked(held.adapter))
    await until(lambda: _answer(sum(seen.method == "getScanStatus" for seen in held.fake.requests) > 3))
    song = held.world.add(Song(artist="Late", album="Late", title="Late", number=1, hertz=500))
    held.fake.scan()
    held.fake.scanning = False
    assert song.title in {track.title for track in await walk}


async def test_an_empty_listing_of_a_server_with_songs_is_an_error(held: Held) -> None:
    """Navidrome answers searches that failed inside with an empty list."""
    if not held.fake.navidrome:
        pytest.skip("it does not tell how many songs it has")
    held.fake.fault = lambda seen: (
        _json('{"subsonic-response":{"status":"ok"}}')()
        if seen.method in ("search3", "getAlbumList2")
        else None
    )
    with pytest.raises(Unavailable, match="7 songs, but lists none"):
        await _walked(held.adapter)


async def test_an_empty_library_is_one(tmp_path: Path, connected: Connect) -> None:
    (tmp_path / "music").mkdir()
    fake = shown(World(tmp_path / "music"))
    async with serving(fake), connected(url=fake.url, username=USER, password=PASSWORD) as adapter:
        assert await _walked(adapter) == []
        assert (await adapter.probe()).warnings == ("The server lists no music yet.",)


async def test_audio_that_is_not_the_whole_file_is_not_lent(held: Held) -> None:
    track = (await _walked(held.adapter))[0]
    for answer, error in (
        (lambda: web.Response(body=b"short", content_type="audio/flac"), Malformed),
        (FAULTS["a page of somebody else"], Malformed),
        (REFUSED, Unavailable),
        (FAULTS["500"], Unavailable),
    ):
        held.fake.fault = lambda seen, a=answer: a() if seen.method in ("download", "stream") else None  # type: ignore[misc]
        with pytest.raises(error):
            async with held.adapter.audio(track.id):
                pass


async def test_a_feed_ends_with_an_error_and_begins_anew(held: Held) -> None:
    assert isinstance(held.adapter, Watches)
    feed = held.adapter.changes()
    assert await anext(aiter(feed)) == LibraryChanged()
    held.fake.fault = lambda seen: web.Response(status=503)
    held.fake.tell("end", None)
    with pytest.raises(Unavailable):
        async for _ in feed:
            pass
    held.fake.fault = lambda seen: None
    assert await anext(aiter(held.adapter.changes())) == LibraryChanged()


async def test_a_password_that_is_not_right_any_more(held: Held) -> None:
    held.fake.fault = lambda seen: FAULTS["wrong password"]()
    for act in (held.adapter.probe(), _walked(held.adapter), held.adapter.get(next(iter(held.fake.songs)))):  # type: ignore[arg-type]
        with pytest.raises(AuthFailed):
            await act


@settings(max_examples=200, deadline=None)
@given(
    st.integers(0, 12),
    st.integers(2, 5),
    st.lists(st.tuples(st.integers(1, 8), st.integers(0, 11)), max_size=3),
)
def test_pages_are_complete_or_shifted(count: int, size: int, removals: list[tuple[int, int]]) -> None:
    """Whatever is removed between two pages: what stays from beginning to end is never passed over."""
    rows = [Folder(id=f"r{number}") for number in range(count)]
    stays = {row.id for row in rows} - {rows[at].id for _, at in removals if at < count}
    moments = dict(removals)
    asked = itertools.count(1)

    async def fetch(offset: int, number: int) -> list[Folder]:
        at = moments.get(next(asked))
        if at is not None:
            rows[:] = [row for row in rows if row.id != f"r{at}"]
        return rows[offset : offset + number]

    async def read() -> set[str]:
        return {row.id async for page in pages(fetch, size) for row in page}

    try:
        told = asyncio.run(read())
    except Shifted:
        return
    assert stays <= told


async def _answer(value: bool) -> bool:
    return value
