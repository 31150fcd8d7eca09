"""The dialect of AudioMuse-AI, as its clients' field names and status codes have it."""

from segue.model import RunId
from segue.store import runs
from tests.daemon.web.conftest import Daemon
from tests.daemon.web.music import attic, hear, song

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
    await daemon.json("GET", "/api/similar_tracks", status=422)
    await daemon.json("GET", "/api/similar_tracks?title=Sinnerman", status=422)
    await daemon.json("GET", "/api/similar_tracks?item_id=nothing", status=404)
    await daemon.json("GET", "/api/similar_tracks?item_id=track-5", status=409)
    await daemon.json("GET", "/api/similar_tracks?item_id=track-1&server=nobody", status=404)


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


async def test_tracks_are_searched_together_or_apart(daemon: Daemon) -> None:
    await _library(daemon)
    for path in ("/api/search_tracks", "/external/search"):
        for words in ("search_query=nina+sinnerman", "artist=nina+simone&title=sinnerman"):
            assert (await daemon.json("GET", f"{path}?{words}"))[0]["item_id"] == "track-1"
        await daemon.json("GET", path, status=422)
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
    await daemon.json("GET", "/api/max_distance?item_id=track-5", status=409)


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
