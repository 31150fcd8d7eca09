"""Artists that sound alike, through the API."""

from tests.daemon.web.conftest import Daemon
from tests.daemon.web.music import attic, hear, song

SONGS = [
    song(1, "Sinnerman", "Nina Simone"),
    song(2, "Feeling Good", "Nina Simone"),
    song(3, "So What", "Miles Davis"),
    song(4, "Ace of Spades", "Motörhead"),
    song(5, "Unheard", "Nobody"),
]


async def test_artists_come_nearest_first_with_reasons(daemon: Daemon) -> None:
    await attic(daemon, *SONGS)
    await hear(daemon, {"Sinnerman": 0, "Feeling Good": 10, "So What": 30, "Ace of Spades": 90})
    found = await daemon.json("GET", "/api/v1/artists/similar?artist=nina+simone&matches=true")
    assert [one["artist"] for one in found["items"]] == ["Miles Davis", "Motörhead"]
    nearest = found["items"][0]
    assert nearest["recordings"] == 1
    assert nearest["matches"][0]["theirs"] == ["So What"]
    assert set(nearest["matches"][0]["ours"]) == {"Sinnerman", "Feeling Good"}
    plain = await daemon.json("GET", "/api/v1/artists/similar?artist=Nina+Simone&limit=1&server=attic")
    assert plain["items"] == [{**nearest, "matches": None}]


async def test_an_artist_that_cannot_be_used_says_why(daemon: Daemon) -> None:
    await attic(daemon, *SONGS)
    await daemon.json("GET", "/api/v1/artists/similar", status=422)
    await daemon.json("GET", "/api/v1/artists/similar?artist=Who", status=404)
    await daemon.json("GET", "/api/v1/artists/similar?artist=Nobody", status=409)
    await daemon.json("GET", "/api/v1/artists/similar?artist=Nobody&server=cellar", status=404)


async def test_artists_are_found_by_name(daemon: Daemon) -> None:
    await attic(daemon, *SONGS)
    for words, expected in (
        ("nina simone", ["Nina Simone"]),
        ("MOTORHEAD", ["Motörhead"]),
        ("mil", ["Miles Davis"]),
        ("nina simon", ["Nina Simone"]),
        ("motorhed", ["Motörhead"]),
        ("simonne", ["Nina Simone"]),
        ("o", ["Nina Simone", "Motörhead", "Nobody"]),
        ("zappa", []),
        ("!", []),
    ):
        found = await daemon.json("GET", f"/api/v1/artists?q={words}")
        assert [one["artist"] for one in found["items"]] == expected, words
    assert found["items"] == []
    one = await daemon.json("GET", "/api/v1/artists?q=nina&limit=1&server=attic")
    assert one["items"] == [{"artist": "Nina Simone", "recordings": 2}]
    await daemon.json("GET", "/api/v1/artists", status=422)
    await daemon.json("GET", "/api/v1/artists?q=nina&server=cellar", status=404)
