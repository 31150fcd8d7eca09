"""Plugins of Lyrion ask in its passing numbers, and are answered in them."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pytest

from segue.library.taking import take_in
from segue.model import Quality, TrackId
from segue.sdk.testing import World
from tests.daemon.web.conftest import Daemon
from tests.daemon.web.music import attic, hear, song
from tests.fakes.lyrion import FakeLyrion, Hung, serving


@dataclass
class Stereo:
    """A Lyrion whose songs have been heard."""

    daemon: Daemon
    fake: FakeLyrion

    def number(self, title: str) -> str:
        return str(self.fake.db.execute("select id from tracks where title = ?", [title]).fetchone()[0])

    def titles(self, answer: list[dict[str, str]]) -> list[str]:
        """The songs that these numbers stand for."""
        by_number = {str(row["id"]): row["title"] for row in self.fake.db.execute("select * from tracks")}
        return [by_number[one["item_id"]] for one in answer]


@pytest.fixture
async def stereo(daemon: Daemon, tmp_path: Path) -> AsyncIterator[Stereo]:
    fake = FakeLyrion(World.small(tmp_path / "music"))
    async with serving(fake):
        options = {"url": fake.url, "cli_port": fake.cli_port}
        server = await daemon.services.registry.add("stereo", "lyrion", options)
        assert server is not None
        adapter = await daemon.services.registry.adapter(server.id)
        songs = [track async for track in adapter.walk()]
        async with daemon.services.pool.connection() as c:
            await take_in(c, server.id, songs, quality=Quality.BALANCED)
        await hear(daemon, {"Dawn": 0, "Tide & Stone": 10, "100% näher": 20, "静けさ": 80})
        yield Stereo(daemon, fake)


async def test_questions_and_answers_are_in_numbers(stereo: Stereo) -> None:
    for _ in range(2):
        one, other = stereo.number("Dawn"), stereo.number("静けさ")
        found = await stereo.daemon.json("GET", f"/api/similar_tracks?item_id={one}&n=2")
        assert stereo.titles(found) == [track["title"] for track in found] == ["Tide & Stone", "100% näher"]
        asked = f"/api/find_path?start_song_id={one}&end_song_id={other}&max_steps=4"
        path = (await stereo.daemon.json("GET", asked))["path"]
        assert stereo.titles([path[0], path[-1]]) == ["Dawn", "静けさ"]
        stereo.fake.wipe()  # all numbers are new


async def test_blends_are_in_numbers(stereo: Stereo) -> None:
    """The body is the one that the plugin sends."""
    add, subtract = stereo.number("Dawn"), stereo.number("静けさ")
    items = [{"id": add, "op": "ADD", "type": "song"}, {"id": subtract, "op": "SUBTRACT", "type": "song"}]
    found = await stereo.daemon.json("POST", "/api/alchemy", json={"items": items, "n": 25})
    assert stereo.titles(found["results"]) == ["Tide & Stone", "100% näher"]
    assert stereo.titles([*found["add_points"], *found["sub_points"]]) == ["Dawn", "静けさ"]


async def test_addresses_are_understood_as_well(stereo: Stereo) -> None:
    [dawn] = [row["url"] for row in stereo.fake.db.execute("select url from tracks where title = 'Dawn'")]
    found = await stereo.daemon.json("GET", f"/api/similar_tracks?item_id={dawn.replace('%', '%25')}&n=1")
    assert found[0]["item_id"].startswith("file:///")


async def test_an_id_that_a_server_uses_is_no_number(stereo: Stereo) -> None:
    number = stereo.number("Dawn")
    sinnerman = replace(song(1, "Sinnerman"), id=TrackId(number))
    await attic(stereo.daemon, sinnerman, song(2, "So What"))
    await hear(stereo.daemon, {"Sinnerman": 0, "So What": 5})
    found = await stereo.daemon.json("GET", f"/api/similar_tracks?item_id={number}&n=2")
    assert [track["item_id"] for track in found] == ["track-2"]


async def test_a_number_that_nobody_has_is_not_found(stereo: Stereo) -> None:
    await stereo.daemon.json("GET", "/api/similar_tracks?item_id=999999", status=404)

    def hang_up(words: list[object]) -> bytes | None:
        raise Hung

    stereo.fake.fault = hang_up
    await stereo.daemon.json("GET", f"/api/similar_tracks?item_id={stereo.number('Dawn')}", status=404)


async def test_every_route_tells_numbers_and_reads_them(stereo: Stereo) -> None:
    get = partial(stereo.daemon.json, "GET")
    for _ in range(2):
        dawn = stereo.number("Dawn")
        for asked in ("/api/search_tracks?artist=Ada", "/external/search?title=Dawn"):
            found = await get(asked)
            assert stereo.titles(found) == [track["title"] for track in found] != []
        named = await get("/api/similar_tracks?title=Dawn&artist=Ada+Fern&n=2")
        assert stereo.titles(named) == ["Tide & Stone", "100% näher"]
        assert (await get(f"/api/track?item_id={dawn}"))["item_id"] == dawn
        assert (await get(f"/external/get_embedding?id={dawn}"))["item_id"] == dawn
        assert (await get(f"/external/get_score?id={dawn}"))["item_id"] == dawn
        farthest = (await get(f"/api/max_distance?item_id={dawn}"))["farthest_item_id"]
        assert stereo.titles([{"item_id": farthest}]) == ["静けさ"]
        tracks = await get("/api/artist_tracks?artist=Ada+Fern")
        assert stereo.titles(tracks) == [track["title"] for track in tracks] != []
        stereo.fake.wipe()  # all numbers are new


async def test_songs_of_artists_are_told_by_number(stereo: Stereo) -> None:
    asked = "/api/similar_artists?artist=Ada+Fern&n=3&include_component_matches=true"
    found = await stereo.daemon.json("GET", asked)
    shown = [
        song
        for artist in found
        for match in artist["component_matches"]
        for side in ("artist1_representative_songs", "artist2_representative_songs")
        for song in match[side]
    ]
    assert stereo.titles(shown) == [song["title"] for song in shown] != []


async def test_a_server_that_is_away_leaves_its_addresses(stereo: Stereo) -> None:
    async with stereo.daemon.services.pool.connection() as c:
        await c.execute("update servers set state = 'lost'")
    found = await stereo.daemon.json("GET", "/api/search_tracks?artist=Ada")
    assert all(track["item_id"].startswith("file:///") for track in found) and found
