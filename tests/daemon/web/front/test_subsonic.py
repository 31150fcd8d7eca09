"""Similar songs and sonic paths at a front door, as clients of Subsonic ask for them."""

import json
from hashlib import md5
from urllib.parse import urlencode
from xml.etree import ElementTree

import pytest
from yarl import URL

from segue.web.front.subsonic import SubsonicDialect
from tests.daemon.web.conftest import Daemon
from tests.daemon.web.front.conftest import Stage
from tests.daemon.web.front.subsonic_door import JOE, NS, TITLES, Door, opened
from tests.daemon.web.front.subsonic_server import SubsonicServer
from tests.daemon.web.music import attic


@pytest.fixture
async def door(daemon: Daemon, stage: Stage) -> Door:
    return await opened(daemon, stage)


async def test_songs_albums_artists_and_playlists_are_seeds(door: Door) -> None:
    expected = ["Feeling Good", "So What", "Blue in Green", "Ace of Spades"]
    for method in ("getSimilarSongs", "getSimilarSongs2"):
        assert await door.titles("track-0", method) == expected
        assert (await door.titles("kind", method))[0] == "Feeling Good"
        assert "So What" not in await door.titles("kind", method)
        assert (await door.titles("miles", method))[0] == "Feeling Good"
        assert await door.titles("mix", method) == expected


async def test_the_count_is_kept_and_nonsense_counts_as_not_given(door: Door) -> None:
    assert await door.titles("track-0", count=2) == ["Feeling Good", "So What"]
    for odd in ("-1", "many", "", "1e3", "²", "9" * 30):
        assert len(await door.titles("track-0", count=odd)) == 4


async def test_the_server_renders_the_songs_for_whoever_asks(door: Door) -> None:
    door.far.hidden.add("track-1")
    joe = await door.json("getSimilarSongs", id="track-0")
    ann = await door.json("getSimilarSongs", id="track-0", u="ann", p="open")
    assert [one["id"] for one in joe["similarSongs"]["song"]] == ["track-1", "track-2", "track-3", "track-4"]
    assert [one["id"] for one in ann["similarSongs"]["song"]] == ["track-2", "track-3", "track-4"]
    assert {one["starredBy"] for one in joe["similarSongs"]["song"]} == {"joe"}
    assert {one["starredBy"] for one in ann["similarSongs"]["song"]} == {"ann"}
    assert (joe["type"], joe["serverVersion"], joe["openSubsonic"]) == ("little", "7", True)
    assert await door.titles("track-0", u="ann", p="open", count=2) == ["So What", "Blue in Green"]


async def test_a_seed_that_the_caller_may_not_see_is_refused_by_the_server(door: Door) -> None:
    door.far.hidden.add("track-0")
    told = await door.json("getSimilarSongs", id="track-0", u="ann", p="open")
    assert told["error"]["code"] == 70


async def test_a_wrong_password_stays_refused_in_every_form(door: Door) -> None:
    for method, words in (
        ("getSimilarSongs", {"id": "track-0"}),
        ("getSonicSimilarTracks", {"id": "track-0"}),
        ("findSonicPath", {"startSongId": "track-0", "endSongId": "track-4"}),
    ):
        await door.json(method, **words)  # whatever was kept for joe is not for others
        for wrong in ({"p": "guess"}, {"u": "nobody"}, {"p": "", "t": "00", "s": "x"}):
            told = await door.json(method, **words, **wrong)
            assert (told["status"], told["error"]["code"]) == ("failed", 40)
            _, _, xml = await door.ask(method, form="xml", **words, **wrong)
            error = ElementTree.fromstring(xml).find("s:error", NS)
            assert error is not None
            assert error.get("code") == "40"


async def test_tokens_and_posted_forms_are_understood(door: Door) -> None:
    token = md5(b"sesamesalt", usedforsecurity=False).hexdigest()
    by_token = await door.json("getSimilarSongs", id="track-0", p="", t=token, s="salt")
    posted = await door.json("getSimilarSongs", id="track-0", post=True)
    plain = await door.json("getSimilarSongs", id="track-0")
    assert by_token == posted == plain


async def test_xml_json_and_jsonp_say_the_same(door: Door) -> None:
    _, kind, body = await door.ask("getSimilarSongs2", id="track-0", form="xml")
    assert kind == "text/xml"
    root = ElementTree.fromstring(body)
    assert root.tag == "{http://subsonic.org/restapi}subsonic-response"
    assert (root.get("status"), root.get("type"), root.get("openSubsonic")) == ("ok", "little", "true")
    songs = root.findall("s:similarSongs2/s:song", NS)
    told = await door.json("getSimilarSongs2", id="track-0")
    assert [one.get("title") for one in songs] == [one["title"] for one in told["similarSongs2"]["song"]]
    assert {one.get("duration") for one in songs} == {"180"}
    _, kind, body = await door.ask("getSimilarSongs2", id="track-0", form="jsonp", callback="play.it")
    assert kind == "application/javascript"
    assert body.startswith(b"play.it(")
    assert json.loads(body[8:-2])["subsonic-response"] == told
    _, kind, body = await door.ask("getSimilarSongs2", id="track-0", form="jsonp", callback="alert(1)//")
    assert json.loads(body)["subsonic-response"] == told


async def test_sonic_matches_tell_how_similar_they_are(door: Door) -> None:
    told = await door.json("getSonicSimilarTracks", id="track-0", count=3)
    assert [one["entry"]["title"] for one in told["sonicMatch"]] == TITLES[1:4]
    similar = [one["similarity"] for one in told["sonicMatch"]]
    assert similar == sorted(similar, reverse=True)
    assert similar[0] == 0.9848
    _, _, body = await door.ask("getSonicSimilarTracks", id="track-0", count=3, form="xml")
    matches = ElementTree.fromstring(body).findall("s:sonicMatch", NS)
    assert [one.find("s:entry", NS).get("title") for one in matches] == TITLES[1:4]  # type: ignore[union-attr]
    assert [float(one.findtext("s:similarity", "", NS)) for one in matches] == similar


async def test_a_sonic_path_begins_and_ends_where_it_was_asked_to(door: Door) -> None:
    told = await door.json("findSonicPath", startSongId="track-0", endSongId="track-4", count=4)
    titles = [one["entry"]["title"] for one in told["sonicMatch"]]
    assert (titles[0], titles[-1]) == (TITLES[0], TITLES[4])
    assert len(set(titles)) == len(titles) <= 4
    assert told["sonicMatch"][0]["similarity"] == 1.0
    lost = await door.json("findSonicPath", startSongId="track-0", endSongId="nowhere")
    assert lost["error"]["code"] == 70


async def test_the_extension_is_announced_beside_the_servers_own(door: Door) -> None:
    alone = await door.json("getOpenSubsonicExtensions")
    assert alone["openSubsonicExtensions"] == [{"name": "sonicSimilarity", "versions": [1]}]
    assert alone["status"] == "ok"
    door.far.native.add("getOpenSubsonicExtensions")
    both = await door.json("getOpenSubsonicExtensions")
    assert [one["name"] for one in both["openSubsonicExtensions"]] == ["formPost", "sonicSimilarity"]
    _, _, body = await door.ask("getOpenSubsonicExtensions", form="xml")
    names = [one.get("name") for one in ElementTree.fromstring(body).findall("s:openSubsonicExtensions", NS)]
    assert names == ["formPost", "sonicSimilarity"]


async def test_what_we_know_nothing_about_the_server_answers_itself(door: Door) -> None:
    door.far.native.add("getSimilarSongs")
    assert await door.titles("track-5") == ["The server's own"]
    assert await door.ask("getSimilarSongs", id="track-5") == await door.ask(
        "getSimilarSongs", id="track-5", door=False
    )
    assert await door.ask("getSimilarSongs", id="track-5", post=True) == await door.ask(
        "getSimilarSongs", id="track-5", post=True, door=False
    )


async def test_a_server_without_the_question_gets_an_empty_list_said_for_it(door: Door) -> None:
    assert await door.titles("track-5") == []
    assert (await door.json("getSonicSimilarTracks", id="track-5"))["sonicMatch"] == []
    told = await door.json("getSimilarSongs", id="track-5", p="guess")
    assert told["error"]["code"] == 40


async def test_everything_else_passes_untouched(door: Door) -> None:
    for method, words in (
        ("ping", {}),
        ("getSong", {"id": "track-1"}),
        ("getAlbum", {"id": "kind"}),
        ("getNothing", {}),
        ("stream", {"id": "track-1"}),
    ):
        for form in ("json", "xml"):
            for post in (False, True):
                through = await door.ask(method, form=form, post=post, **words)
                assert through == await door.ask(method, form=form, post=post, door=False, **words)


async def test_a_base_path_is_kept(door: Door) -> None:
    words = urlencode({**JOE, "f": "json", "id": "track-0"})
    async with door.client.get(
        URL(f"{door.url}/music%20box/rest/getSimilarSongs?{words}", encoded=True)
    ) as reply:
        told = json.loads(await reply.read())["subsonic-response"]
    assert told["similarSongs"]["song"][0]["title"] == "Feeling Good"


MILES_IS_LIKE = [("motörhead", "Motörhead"), ("nina", "Nina Simone")]


async def test_an_artist_is_told_with_similar_ones(door: Door) -> None:
    for method, container in (("getArtistInfo", "artistInfo"), ("getArtistInfo2", "artistInfo2")):
        told = await door.json(method, id="miles")
        assert [(one["id"], one["name"]) for one in told[container]["similarArtist"]] == MILES_IS_LIKE
        assert len((await door.json(method, id="miles", count=1))[container]["similarArtist"]) == 1
        _, _, body = await door.ask(method, form="xml", id="miles", post=True)
        found = ElementTree.fromstring(body).findall(f"s:{container}/s:similarArtist", NS)
        assert [(one.get("id"), one.get("name")) for one in found] == MILES_IS_LIKE


async def test_what_the_server_tells_of_an_artist_stays(door: Door) -> None:
    door.far.infos["miles"] = {"musicBrainzId": "561d854a"}
    told = (await door.json("getArtistInfo2", id="miles"))["artistInfo2"]
    assert (told["musicBrainzId"], len(told["similarArtist"])) == ("561d854a", 2)
    _, _, body = await door.ask("getArtistInfo2", form="xml", id="miles")
    [info] = ElementTree.fromstring(body).findall("s:artistInfo2", NS)
    assert (info.get("musicBrainzId"), len(info)) == ("561d854a", 2)
    door.far.infos["miles"] = {"similarArtist": [{"id": "coltrane", "name": "John Coltrane"}]}
    assert await door.ask("getArtistInfo2", id="miles") == await door.ask(
        "getArtistInfo2", door=False, id="miles"
    )


async def test_artists_of_whom_nothing_is_known_are_the_servers_matter(door: Door) -> None:
    door.far.artists["who"] = {"id": "who", "name": "The Who"}
    for item in ("who", "nothing", ""):
        for method in ("getArtistInfo", "getArtistInfo2"):
            through = await door.ask(method, id=item)
            assert through == await door.ask(method, door=False, id=item), (method, item)
    refused = await door.json("getArtistInfo2", id="miles", p="guess")
    assert refused["error"]["code"] == 40


async def test_similar_artists_that_the_caller_may_not_see_stay_hidden(door: Door) -> None:
    door.far.hidden.add("track-0")
    told = await door.json("getArtistInfo2", id="miles", u="ann", p="open")
    assert [one["id"] for one in told["artistInfo2"]["similarArtist"]] == ["motörhead"]


async def test_what_was_rendered_a_moment_ago_is_not_asked_for_again(door: Door) -> None:
    await door.titles("track-0")
    before = door.far.asked["getSong"]
    await door.titles("track-0")
    assert door.far.asked["getSong"] == before + 1, "only the proof that the caller may see the seed"


async def test_a_server_that_is_away_is_a_clean_refusal(daemon: Daemon, stage: Stage) -> None:
    server = await attic(daemon)
    dialect = SubsonicDialect(pool=daemon.services.pool, follower=daemon.context.follower, server=server.id)
    nowhere = URL("http://127.0.0.1:9")
    away = Door(await stage.door(nowhere, dialect), SubsonicServer(), nowhere, await stage.client())
    for method in ("ping", "getSimilarSongs", "stream"):
        for post in (False, True):
            told = await away.json(method, id="x", post=post)
            assert (told["status"], told["error"]["code"]) == ("failed", 0)
            _, _, body = await away.ask(method, form="xml", id="x", post=post)
            assert ElementTree.fromstring(body).get("status") == "failed"
    async with away.client.get(away.url / "app") as reply:
        assert reply.status == 502


async def test_a_database_that_is_away_is_the_servers_turn(door: Door, daemon: Daemon) -> None:
    door.far.native.add("getSimilarSongs")
    await daemon.services.pool.close()
    assert await door.titles("track-0") == ["The server's own"]
