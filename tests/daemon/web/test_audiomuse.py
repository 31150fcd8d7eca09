"""The dialect of AudioMuse-AI, as its clients' field names and status codes have it."""

from segue.model import RunId
from segue.sdk import Unavailable
from segue.store import runs
from tests.daemon.web.conftest import Daemon
from tests.daemon.web.music import attic, hear, song
from tests.fakes.memory import MemoryServer

SONGS = [
    song(1, "Sinnerman", "Nina Simone", "Pastel Blues"),
    song(2, "Feeling Good", "Nina Simone"),
    song(3, "So What", "Miles Davis", "Kind of Blue"),
    song(4, "Ace of Spades", "Motörhead"),
    song(5, "Unheard", "Nobody"),
]
DIRECTIONS = {"Sinnerman": 0, "Feeling Good": 10, "So What": 30, "Ace of Spades": 90}


async def _library(daemon: Daemon) -> None:
    await attic(daemon, *SONGS)
    await hear(daemon, DIRECTIONS)


async def test_similar_tracks_have_the_fields_that_plugins_read(daemon: Daemon) -> None:
    await _library(daemon)
    asked = "/api/similar_tracks?item_id=track-1&n=2&eliminate_duplicates=true&ef_search=9"
    found = await daemon.json("GET", asked)
    assert [one["item_id"] for one in found] == ["track-2", "track-3"]
    assert found[0] | {"distance": 0} == {
        "item_id": "track-2",
        "title": "Feeling Good",
        "author": "Nina Simone",
        "album": None,
        "album_artist": None,
        "distance": 0,
    }
    by_name = await daemon.json("GET", "/api/similar_tracks?title=Sinnerman&artist=Nina+Simone&n=2")
    assert by_name == found


async def test_a_seed_that_cannot_be_used_says_why(daemon: Daemon) -> None:
    await _library(daemon)
    await daemon.json("GET", "/api/similar_tracks", status=400)
    await daemon.json("GET", "/api/similar_tracks?title=Sinnerman", status=400)
    await daemon.json("GET", "/api/similar_tracks?item_id=nothing", status=404)
    await daemon.json("GET", "/api/similar_tracks?item_id=track-5", status=404)
    await daemon.json("GET", "/api/similar_tracks?item_id=track-1&server=nobody", status=404)


async def test_who_asks_for_more_than_is_told_gets_what_there_is(daemon: Daemon) -> None:
    """One plugin asks for ten times what it needs."""
    await _library(daemon)
    assert len(await daemon.json("GET", "/api/similar_tracks?item_id=track-1&n=1000")) == 3
    path = "/api/find_path?start_song_id=track-1&end_song_id=track-4&max_steps="
    assert len((await daemon.json("GET", f"{path}5000"))["path"]) == 3
    assert len((await daemon.json("GET", f"{path}1"))["path"]) == 2
    assert len(await daemon.json("GET", "/api/search_tracks?search_query=nina&end=10000")) == 2
    assert await daemon.json("GET", "/api/search_tracks?search_query=nina&start=9999&end=10000") == []
    assert len(await daemon.json("GET", f"/api/similar_artists?artist=Nina+Simone&n={10**20}")) == 2
    await daemon.json("GET", "/api/similar_tracks?item_id=track-1&n=0", status=400)


async def test_refusals_have_the_statuses_and_the_word_that_plugins_read(daemon: Daemon) -> None:
    await _library(daemon)
    for asked, status in (
        ("/api/similar_tracks?item_id=track-1&n=many", 400),
        ("/api/find_path?start_song_id=track-1", 400),
        ("/api/similar_tracks?item_id=nothing", 404),
        ("/external/get_embedding?id=nothing", 404),
        ("/api/similar_artists?artist=Nobody", 404),
    ):
        told = await daemon.json("GET", asked, status=status)
        assert told["error"] == told["detail"], asked
        assert told["status"] == status
    plain = await daemon.json("GET", "/api/v1/similar", status=422)
    assert "error" not in plain


async def test_answers_are_in_the_asking_servers_own_ids(daemon: Daemon) -> None:
    await _library(daemon)
    await attic(daemon, song(1, "Sinnerman", "Nina Simone"), name="cellar")
    await daemon.json("GET", "/api/similar_tracks?item_id=track-1", status=409)
    found = await daemon.json("GET", "/api/similar_tracks?item_id=track-1&server=attic")
    assert {one["item_id"] for one in found} == {"track-2", "track-3", "track-4"}


async def test_a_path_begins_and_ends_where_it_was_asked_to(daemon: Daemon) -> None:
    await _library(daemon)
    asked = "/api/find_path?start_song_id=track-1&end_song_id=track-4&max_steps=4"
    found = await daemon.json("GET", asked)
    ids = [one["item_id"] for one in found["path"]]
    assert (ids[0], ids[-1]) == ("track-1", "track-4")
    assert all(len(one["embedding_vector"]) == 200 for one in found["path"])
    assert found["total_distance"] > 0
    heard = await daemon.json("GET", "/external/get_score?id=track-1")
    assert {**heard, "embedding_vector": found["path"][0]["embedding_vector"]} == found["path"][0]


async def test_tracks_are_searched_together_or_apart(daemon: Daemon) -> None:
    await _library(daemon)
    for path in ("/api/search_tracks", "/external/search"):
        for words in ("search_query=nina+sinnerman", "artist=nina+simone&title=sinnerman"):
            assert (await daemon.json("GET", f"{path}?{words}"))[0]["item_id"] == "track-1"
        await daemon.json("GET", path, status=400)
    paged = await daemon.json("GET", "/api/search_tracks?search_query=nina&start=1&end=2")
    assert len(paged) == 1


async def test_one_track_its_embedding_and_what_is_furthest(daemon: Daemon) -> None:
    await _library(daemon)
    assert (await daemon.json("GET", "/api/track?item_id=track-3"))["title"] == "So What"
    embedding = await daemon.json("GET", "/external/get_embedding?id=track-1")
    assert embedding["item_id"] == "track-1"
    assert embedding["embedding"][:2] == [1.0, 0.0]
    await daemon.json("GET", "/external/get_embedding?id=track-5", status=404)
    score = await daemon.json("GET", "/external/get_score?id=track-1")
    assert (score["item_id"], score["tempo"], score["key"], score["scale"]) == (
        "track-1",
        120.0,
        "A",
        "minor",
    )
    assert score["mood_vector"].startswith("happy:1.000,")
    assert score["mood_vector"].count(":") == 5
    await daemon.json("GET", "/external/get_score?id=track-5", status=404)
    far = await daemon.json("GET", "/api/max_distance?item_id=track-1")
    assert far == {"max_distance": 1.0, "farthest_item_id": "track-4"}
    await daemon.json("GET", "/api/max_distance?item_id=track-5", status=404)


async def test_tasks_are_started_watched_and_cancelled(daemon: Daemon) -> None:
    await _library(daemon)
    assert await daemon.json("GET", "/api/health", token=None) == {"status": "ok"}
    assert await daemon.json("GET", "/api/active_tasks") == {}
    body = {"num_recent_albums": 0, "top_n_moods": 5}
    begun = await daemon.json("POST", "/api/analysis/start", status=202, json=body)
    assert (begun["task_type"], begun["status"]) == ("main_analysis", "PENDING")
    async with daemon.services.pool.connection() as c:
        await runs.progress(c, RunId(int(begun["task_id"])), None, done=1, total=4)
        await runs.log(c, RunId(int(begun["task_id"])), "info", "One is heard.")
    active = await daemon.json("GET", "/api/active_tasks")
    assert (active["task_id"], active["state"], active["progress"]) == (begun["task_id"], "PROGRESS", 25)
    assert active["details"]["log"] == ["One is heard."]
    status = await daemon.json("GET", f"/api/status/{begun['task_id']}")
    assert (status["task_type_from_db"], status["state"]) == ("main_analysis", "PROGRESS")
    ended = await daemon.json("POST", f"/api/cancel/{begun['task_id']}")
    assert (ended["task_id"], ended["cancelled_jobs_count"]) == (begun["task_id"], 1)
    assert (await daemon.json("GET", "/api/last_task"))["state"] == "REVOKED"
    assert await daemon.json("GET", "/api/active_tasks") == {}
    await daemon.json("GET", "/api/status/999", status=404)
    await daemon.json("POST", "/api/cancel/999", status=404)
    assert (await daemon.json("GET", "/api/config"))["path_default_length"] == 25


async def test_the_dialect_is_closed_without_a_token(daemon: Daemon) -> None:
    await daemon.json("GET", "/api/similar_tracks?item_id=track-1", token=None, status=401)
    play = await daemon.token("play")
    await daemon.json("GET", "/api/search_tracks?search_query=x", token=play)
    await daemon.json("POST", "/api/analysis/start", token=play, status=403)


ARTIST_FIELDS = {"artist", "artist_id", "divergence", "component_matches"}
MATCH_FIELDS = {
    "component1_index",
    "component2_index",
    "distance",
    "component1_weight",
    "component2_weight",
    "artist1_representative_songs",
    "artist2_representative_songs",
}


async def test_similar_artists_have_the_fields_that_plugins_read(daemon: Daemon) -> None:
    await _library(daemon)
    asked = "/api/similar_artists?artist=Nina+Simone&n=2&include_component_matches=true&ef_search=9"
    found = await daemon.json("GET", asked)
    assert [one["artist"] for one in found] == ["Miles Davis", "Motörhead"]
    assert found[0].keys() | {"artist_id"} == ARTIST_FIELDS
    match = found[0]["component_matches"][0]
    assert match.keys() == MATCH_FIELDS
    assert {one["item_id"] for one in match["artist1_representative_songs"]} == {"track-1", "track-2"}
    assert match["artist2_representative_songs"] == [{"item_id": "track-3", "title": "So What"}]
    plain = await daemon.json(
        "GET", "/api/similar_artists?artist=nina+simone&include_component_matches=false"
    )
    assert [one["artist"] for one in plain] == ["Miles Davis", "Motörhead"]
    assert "component_matches" not in plain[0]
    await daemon.json("GET", "/api/similar_artists", status=400)
    await daemon.json("GET", "/api/similar_artists?artist=Who", status=404)
    await daemon.json("GET", "/api/similar_artists?artist=Nobody", status=404)


async def test_an_artist_may_be_named_by_the_servers_id(daemon: Daemon, far: MemoryServer) -> None:
    far.artists["ar-7"] = "Nina Simone"
    await _library(daemon)
    by_id = await daemon.json("GET", "/api/similar_artists?artist=ar-7&n=5")
    assert by_id == await daemon.json("GET", "/api/similar_artists?artist=Nina+Simone&n=5&server=attic")
    assert by_id == await daemon.json("GET", "/api/similar_artists?artist_id=ar-7&n=5")
    songs = await daemon.json("GET", "/api/artist_tracks?artist_id=ar-7")
    assert {one["title"] for one in songs} == {"Sinnerman", "Feeling Good"}
    await daemon.json("GET", "/api/similar_artists?artist=ar-8", status=404)
    far.fault = Unavailable("It sleeps.")
    await daemon.json("GET", "/api/similar_artists?artist=ar-8", status=404)


async def test_artists_have_the_ids_of_the_asking_server(daemon: Daemon, far: MemoryServer) -> None:
    far.artists["ar-7"] = "Nina Simone"
    far.artists_of = {"track-1": "ar-7", "track-3": "ar-3"}
    await _library(daemon)
    for asked in ("artist=ar-7", "artist=Nina+Simone", "artist_id=ar-7", "artist=Nina+Simone&server=attic"):
        found = await daemon.json("GET", f"/api/similar_artists?{asked}&include_component_matches=true")
        told = [(one["artist"], one.get("artist_id")) for one in found]
        assert told == [("Miles Davis", "ar-3"), ("Motörhead", None)], asked
    [nina] = await daemon.json("GET", "/api/search_artists?query=simone")
    assert nina == {"artist": "Nina Simone", "artist_id": "ar-7", "track_count": 2}
    again = await daemon.json("GET", f"/api/similar_artists?artist_id={nina['artist_id']}")
    assert [one["artist"] for one in again] == ["Miles Davis", "Motörhead"]
    await attic(daemon, song(3, "So What", "Miles Davis"), name="cellar")
    [miles] = await daemon.json("GET", "/api/search_artists?query=miles")
    assert miles["artist_id"] is None, "nobody said whose ids are meant"
    [miles] = await daemon.json("GET", "/api/search_artists?query=miles&server=attic")
    assert miles["artist_id"] == "ar-3"
    far.fault = Unavailable("It sleeps.")
    [miles] = await daemon.json("GET", "/api/search_artists?query=miles&server=attic")
    assert miles["artist_id"] is None


async def test_artists_are_searched_by_any_part_of_their_name(daemon: Daemon) -> None:
    await _library(daemon)
    found = await daemon.json("GET", "/api/search_artists?query=SIMONE")
    assert found == [{"artist": "Nina Simone", "artist_id": None, "track_count": 2}]
    assert [one["artist"] for one in await daemon.json("GET", "/api/search_artists?query=motorhead")] == [
        "Motörhead"
    ]
    assert await daemon.json("GET", "/api/search_artists?query=zappa&server=attic") == []


async def test_all_tasks_of_a_type_are_cancelled_at_once(daemon: Daemon) -> None:
    async with daemon.services.pool.connection() as c:
        for kind in ("analyse", "clustering"):
            await runs.create(c, kind)
    ended = await daemon.json("POST", "/api/cancel_all/main_analysis")
    assert (len(ended["cancelled_main_tasks"]), ended["cancelled_jobs_count"]) == (1, 1)
    assert (await daemon.json("GET", "/api/active_tasks"))["task_type"] == "main_clustering"
    again = await daemon.json("POST", "/api/cancel_all/main_analysis")
    assert again["cancelled_jobs_count"] == 0
    await daemon.json("POST", "/api/cancel_all/laundry", status=404)
    ended = await daemon.json("POST", "/api/cancel_all/main")
    assert (len(ended["cancelled_main_tasks"]), ended["cancelled_jobs_count"]) == (1, 1)
    assert await daemon.json("GET", "/api/active_tasks") == {}


async def test_the_three_questions_of_the_navidrome_plugin(daemon: Daemon, far: MemoryServer) -> None:
    """With the very words that it sends, and the fields that it reads of the answers."""
    far.artists["2frjQ"] = "Nina Simone"
    await _library(daemon)
    songs = await daemon.json(
        "GET",
        "/api/similar_tracks?eliminate_duplicates=true&item_id=track-1&n=3&radius_similarity=true",
    )
    assert all(one.keys() >= {"item_id", "title", "author", "album", "distance"} for one in songs)
    steps = await daemon.json(
        "GET",
        "/api/find_path?count=25&end_song_id=track-4&max_steps=25&mood_pct=100&path_fix_size=false"
        "&start_song_id=track-1",
    )
    assert all(one.keys() >= {"item_id", "title", "author", "album"} for one in steps["path"])
    assert (steps["path"][0]["item_id"], steps["path"][-1]["item_id"]) == ("track-1", "track-4")
    for wanted in ("true", "false"):
        asked = f"/api/similar_artists?artist=2frjQ&include_component_matches={wanted}&n=10"
        artists = await daemon.json("GET", asked)
        assert [one["artist"] for one in artists] == ["Miles Davis", "Motörhead"]
    first = await daemon.json("GET", "/api/similar_artists?artist=2frjQ&include_component_matches=true&n=10")
    named = [
        song["item_id"]
        for one in first
        for match in one["component_matches"]
        for side in ("artist1_representative_songs", "artist2_representative_songs")
        for song in match[side]
    ]
    assert set(named) == {"track-1", "track-2", "track-3", "track-4"}
