"""Tracks, recordings and what sounds similar."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from segue.model import UserId
from segue.store import plays, servers, tracks
from tests.daemon.web.conftest import Daemon
from tests.daemon.web.music import attic, fail, hear, rows, song

ALBUM = [
    song(1, "Sinnerman", "Nina Simone", "Pastel Blues"),
    song(2, "Feeling Good", "Nina Simone"),
    song(3, "Blue in Green", "Miles Davis", "Kind of Blue"),
    song(4, "So What", "Miles Davis", "Kind of Blue"),
    song(5, "Ace of Spades", "Motörhead"),
]
DIRECTIONS = {"Sinnerman": 0, "Feeling Good": 10, "Blue in Green": 30, "So What": 20, "Ace of Spades": 90}


async def _titles(daemon: Daemon, path: str) -> list[str]:
    found = await daemon.json("GET", path)
    return [one.get("track", one)["title"] for one in found["items"]]


async def test_tracks_are_found_by_words(daemon: Daemon) -> None:
    await attic(daemon, *ALBUM)
    assert await _titles(daemon, "/api/v1/tracks?q=nina+sinner") == ["Sinnerman"]
    assert await _titles(daemon, "/api/v1/tracks?q=motorhead") == ["Ace of Spades"]
    assert await _titles(daemon, "/api/v1/tracks?q=sinerman+nina") == ["Sinnerman"]
    assert await _titles(daemon, "/api/v1/tracks?q=zzzzzz") == []
    assert await _titles(daemon, "/api/v1/tracks?q=") == []


async def test_all_tracks_come_in_pages(daemon: Daemon) -> None:
    await attic(daemon, *ALBUM)
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        query = f"&cursor={cursor}" if cursor else ""
        page = await daemon.json("GET", f"/api/v1/tracks?limit=2{query}")
        assert len(page["items"]) <= 2
        seen += [track["title"] for track in page["items"]]
        cursor = page["next"]
    assert seen == [track.title for track in ALBUM]


async def test_a_track_tells_all_but_its_path(daemon: Daemon) -> None:
    await attic(daemon, *ALBUM)
    row = (await rows(daemon))["Sinnerman"]
    told = await daemon.json("GET", f"/api/v1/tracks/{row.id}")
    assert told == {
        "id": row.id,
        "server": "attic",
        "server_track": "track-1",
        "recording": row.recording_id,
        "title": "Sinnerman",
        "artist": "Nina Simone",
        "album_artist": None,
        "album": "Pastel Blues",
        "track_number": None,
        "disc_number": None,
        "year": None,
        "genres": ["Jazz"],
        "seconds": 180.0,
        "format": None,
        "library": None,
        "missing_since": None,
        "excluded": False,
    }


async def test_missing_tracks_are_listed_apart(daemon: Daemon) -> None:
    server = await attic(daemon, *ALBUM)
    row = (await rows(daemon))["So What"]
    async with daemon.services.pool.connection() as c:
        await tracks.mark_missing(c, [row.id], before=await servers.now(c))
    assert await _titles(daemon, "/api/v1/tracks?missing=true") == ["So What"]
    assert "So What" not in await _titles(daemon, f"/api/v1/tracks?server={server.name}")


async def test_similar_tracks_come_nearest_first(daemon: Daemon) -> None:
    await attic(daemon, *ALBUM)
    await hear(daemon, DIRECTIONS)
    found = await daemon.json("GET", "/api/v1/similar?q=sinnerman")
    assert [seed["title"] for seed in found["seeds"]] == ["Sinnerman"]
    assert [one["track"]["title"] for one in found["items"]] == [
        "Feeling Good", "So What", "Blue in Green", "Ace of Spades",
    ]  # fmt: skip
    distances = [one["distance"] for one in found["items"]]
    assert distances == sorted(distances)
    assert abs(distances[0] - 0.0152) < 0.001
    assert found["space"] == "musicnn-raw"


async def test_every_way_to_name_a_seed_gives_the_same(daemon: Daemon) -> None:
    await attic(daemon, *ALBUM)
    await hear(daemon, DIRECTIONS)
    row = (await rows(daemon))["Sinnerman"]
    ways = [
        f"track={row.id}",
        f"recording={row.recording_id}",
        "server=attic&server_track=track-1",
        f"track={row.id}&recording={row.recording_id}",
        "q=sinnerman",
    ]
    answers = [await _titles(daemon, f"/api/v1/similar?{way}") for way in ways]
    assert answers == [answers[0]] * len(ways)


async def test_several_seeds_limits_and_caps(daemon: Daemon) -> None:
    await attic(daemon, *ALBUM)
    await hear(daemon, DIRECTIONS)
    found = await rows(daemon)
    both = f"track={found['Sinnerman'].id}&track={found['Blue in Green'].id}"
    assert await _titles(daemon, f"/api/v1/similar?{both}&limit=1") == ["Feeling Good"]
    capped = await _titles(daemon, f"/api/v1/similar?track={found['Ace of Spades'].id}&per_artist=1")
    assert capped == ["Blue in Green", "Feeling Good"]
    uncapped = await _titles(daemon, f"/api/v1/similar?track={found['Ace of Spades'].id}&per_artist=0")
    assert len(uncapped) == 4


async def test_seeds_that_were_not_heard_say_so(daemon: Daemon) -> None:
    await attic(daemon, *ALBUM)
    await fail(daemon, "So What", "The file is empty.")
    problem = await daemon.json("GET", "/api/v1/similar?q=so+what", status=409)
    assert "The file is empty." in problem["detail"]
    problem = await daemon.json("GET", "/api/v1/similar?q=sinnerman", status=409)
    assert "not been heard yet" in problem["detail"]


async def test_a_recording_tells_what_was_heard(daemon: Daemon) -> None:
    await attic(daemon, *ALBUM)
    await hear(daemon, {"Sinnerman": 0})
    row = (await rows(daemon))["Sinnerman"]
    told = await daemon.json("GET", f"/api/v1/recordings/{row.recording_id}")
    assert told["failure"] is None
    assert [track["title"] for track in told["tracks"]] == ["Sinnerman"]
    heard = told["heard"]
    assert heard["tempo"] == 120.0
    assert heard["loudness"] is None
    assert heard["missing"] == {"loudness": "It is silent."}
    assert heard["tags"][0] == {"tag": "happy", "probability": 1.0}
    assert len(heard["tags"]) == 50
    assert set(heard["moods"]) == {"danceable", "aggressive", "happy", "party", "relaxed", "sad"}
    assert (heard["heads"], heard["spaces"]) == ({}, ["musicnn-raw"])


async def test_failures_are_listed_with_their_reasons(daemon: Daemon) -> None:
    await attic(daemon, *ALBUM)
    recording = await fail(daemon, "So What", "The file is empty.")
    [failure] = (await daemon.json("GET", "/api/v1/failures"))["items"]
    assert failure["id"] == recording
    assert failure["failure"] == "The file is empty."
    assert failure["tracks"][0]["title"] == "So What"
    told = await daemon.json("GET", f"/api/v1/recordings/{recording}")
    assert told["failure"] == "The file is empty."
    assert told["heard"] is None


async def test_many_ask_at_once_while_the_library_grows(daemon: Daemon) -> None:
    await attic(daemon, *ALBUM)
    await hear(daemon, DIRECTIONS)
    more = [song(100 + number, f"Song {number}", f"Artist {number}") for number in range(20)]
    asked = [_titles(daemon, "/api/v1/similar?q=sinnerman") for _ in range(40)]
    growing = attic(daemon, *more, name="cellar")
    *answers, _ = await asyncio.gather(*asked, growing)
    assert all(isinstance(answer, list) and len(answer) == 4 for answer in answers)


async def test_rules_shape_the_answer(daemon: Daemon) -> None:
    await attic(daemon, *ALBUM, song(6, "Winter Song", "Somebody"))
    await hear(daemon, {**DIRECTIONS, "Winter Song": 5})
    seed = "/api/v1/similar?q=sinnerman"
    assert await _titles(
        daemon, f"{seed}&limit=1&without={(await rows(daemon))['Winter Song'].recording_id}"
    ) == ["Feeling Good"]
    assert await _titles(daemon, f"{seed}&genre=metal") == []
    assert len(await _titles(daemon, f"{seed}&genre=jazz&key=A+minor&tempo_from=100&tempo_to=130")) == 5
    assert await _titles(daemon, f"{seed}&longest=100") == []
    assert len(await _titles(daemon, f"{seed}&longest=0")) == 5
    found = await daemon.json("GET", f"{seed}&why=true&limit=1")
    why = found["items"][0]["why"]
    assert why["place"] == 1
    assert why["key_fits"] is True
    for wrong in (
        "key=H+minor",
        "mood=happy",
        "mood=bored:0.5",
        "mood=sad:2",
        "year_from=-1",
        "tempo_to=nan",
        "year_from=1990&year_to=1980",
        "tempo_from=120&tempo_to=90",
        "shortest=100&longest=50",
    ):
        await daemon.json("GET", f"{seed}&{wrong}", status=422)


@pytest.mark.parametrize("key", ["Am", "a minor", "A%20min", "A+minor", "amin"])
async def test_keys_may_be_written_as_people_do(daemon: Daemon, key: str) -> None:
    await attic(daemon, *ALBUM)
    await hear(daemon, DIRECTIONS)
    assert len(await _titles(daemon, f"/api/v1/similar?q=sinnerman&key={key}")) == 4
    for other in ("A", "Bbm", "C%23"):
        assert await _titles(daemon, f"/api/v1/similar?q=sinnerman&key={other}") == []


async def test_who_asks_for_long_songs_gets_them(daemon: Daemon) -> None:
    await attic(daemon, *ALBUM)
    await hear(daemon, DIRECTIONS)
    async with daemon.services.pool.connection() as c:
        await c.execute("update tracks set seconds = 4000 where title = 'Feeling Good'")
    await daemon.context.follower.look()
    seed = "/api/v1/similar?q=sinnerman"
    assert "Feeling Good" not in await _titles(daemon, seed)
    assert await _titles(daemon, f"{seed}&shortest=3600") == ["Feeling Good"]


async def test_what_was_played_lately_stays_out_when_asked(daemon: Daemon) -> None:
    server = await attic(daemon, *ALBUM)
    await hear(daemon, DIRECTIONS)
    now = datetime.now(UTC)
    async with daemon.services.pool.connection() as c:
        await plays.note_reading(c, server.id, UserId("u1"), "Anna", now)
        played = (await rows(daemon))["Feeling Good"].track_id
        await plays.put(c, server.id, UserId("u1"), [plays.Played(played, now - timedelta(days=3), 1)])
    seed = "/api/v1/similar?q=sinnerman"
    assert "Feeling Good" in await _titles(daemon, seed)
    assert "Feeling Good" in await _titles(daemon, f"{seed}&unplayed_days=2")
    assert "Feeling Good" not in await _titles(daemon, f"{seed}&unplayed_days=4")
    assert "Feeling Good" not in await _titles(daemon, f"{seed}&unplayed_days=4&user=Anna")
    assert "Feeling Good" in await _titles(daemon, f"{seed}&unplayed_days=4&user=Ben")


async def test_artists_and_albums_are_seeds_and_others_lead_away(daemon: Daemon) -> None:
    await attic(daemon, *ALBUM)
    await hear(daemon, DIRECTIONS)
    assert (await _titles(daemon, "/api/v1/similar?artist=miles+davis"))[0] == "Feeling Good"
    assert (await _titles(daemon, "/api/v1/similar?album=kind+of+blue"))[0] == "Feeling Good"
    await daemon.json("GET", "/api/v1/similar?artist=nobody+at+all", status=404)
    away = (await rows(daemon))["Sinnerman"].id
    found = await _titles(daemon, f"/api/v1/similar?q=blue+in+green&unlike={away}")
    assert found[0] == "Ace of Spades"


async def test_a_path_leads_from_one_song_to_another(daemon: Daemon) -> None:
    await attic(daemon, *ALBUM)
    await hear(daemon, DIRECTIONS)
    found = await rows(daemon)
    ends = f"start={found['Sinnerman'].id}&end_q=ace+of+spades"
    steps = (await daemon.json("GET", f"/api/v1/path?{ends}&length=4"))["items"]
    titles = [one["track"]["title"] for one in steps]
    assert (titles[0], titles[-1]) == ("Sinnerman", "Ace of Spades")
    assert len(set(titles)) == len(titles)
    assert steps[0]["distance"] == 0
    for wrong in ("start=1", "end=1", "start=1&start_q=x&end=2", "start=1&end=2&length=1"):
        await daemon.json("GET", f"/api/v1/path?{wrong}", status=422)
    await daemon.json("GET", "/api/v1/path?start=9999&end=1", status=404)
