"""Parsers: recorded replies are understood, and nothing that a server sends gets past them unjudged."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.model import TrackId
from segue.sdk import AuthFailed, Malformed, NotFound, Unavailable, Unsupported
from segue.sdk.http import ServerSentEvent
from segue_navidrome.events import Meaning, Numbers, meaning
from segue_navidrome.parse import header, payload, payloads, read_reply, track
from segue_navidrome.payloads import (
    Album,
    Folder,
    Indexes,
    Payload,
    Playlist,
    Rights,
    ScanStatus,
    Song,
)
from segue_navidrome.refusals import Refusal

REPLIES = sorted((Path(__file__).parent / "replies").glob("*/*.json"))
KINDS: dict[str, type[Payload]] = {
    "song": Song, "album": Album, "playlist": Playlist, "user": Rights, "indexes": Indexes,
    "scanStatus": ScanStatus,
}  # fmt: skip
LISTS: dict[str, tuple[str, type[Payload]]] = {
    "searchResult3": ("song", Song), "albumList2": ("album", Album), "playlists": ("playlist", Playlist),
    "musicFolders": ("musicFolder", Folder),
}  # fmt: skip
REFUSALS = {
    "ping.wrong-password": AuthFailed,
    "getSong.unknown": NotFound,
    "getSong.not-an-id": NotFound,
    "getScanStatus": Unavailable,
    "getOpenSubsonicExtensions": Unavailable,  # with status 404, which the client judges
}


@pytest.mark.parametrize("file", REPLIES, ids=lambda file: f"{file.parent.name}-{file.stem}")
def test_recorded_replies_are_understood(file: Path) -> None:
    if file.stem in REFUSALS:
        with pytest.raises(Refusal) as told:
            read_reply(file.read_bytes())
        assert type(told.value.error("it")) is REFUSALS[file.stem]
        return
    reply = read_reply(file.read_bytes())
    for key in reply.keys() & KINDS.keys():
        payload(KINDS[key], reply, key)
    for key in reply.keys() & LISTS.keys():
        inner, kind = LISTS[key]
        rows = payloads(kind, reply[key], inner)
        assert len(rows) == len(reply[key].get(inner, []))
    assert reply.keys() - {"status", "version"} <= KINDS.keys() | LISTS.keys()


def test_a_recorded_song_is_a_track() -> None:
    [file] = [file for file in REPLIES if file.stem == "getSong"]
    song = payload(Song, read_reply(file.read_bytes()), "song")
    told = track(song, library="Music")
    assert told.id == TrackId(song.id)
    assert (told.title, told.artist, told.album) == ("O'Brien's \\ Reel", "東京カルテット", "夜: 第一部")
    assert (told.track_number, told.disc_number, told.year, told.genres) == (2, 2, 2001, ("Folk",))
    assert (told.seconds, told.bytes, told.format, told.library) == (2.0, 92668, "flac", "Music")
    assert told.path == "東京カルテット/夜_ 第一部/02 O'Brien's \\ Reel.flac"
    assert told.added_at is not None
    assert told.added_at.tzinfo is not None


OPEN: dict[str, Any] = {
    "id": 17, "isDir": "false", "title": "Track 2", "artist": "Artist", "displayArtist": "Artist & Guest",
    "albumArtists": [{"id": "a", "name": "One"}, {"id": "b", "name": "Two"}], "track": "2", "year": 0,
    "genre": "Rock", "genres": [{"name": "Rock"}, {"name": "Folk"}], "duration": 8, "size": "25534",
    "suffix": "OGG", "created": "2026-11-22T15:57:20.935123456Z", "musicBrainzId": "", "playCount": 2,
    "played": "2026-11-22T16:00:04Z", "starred": "2026-11-22T16:00:04+01:00", "userRating": 4,
}  # fmt: skip


def test_what_open_subsonic_adds_is_used() -> None:
    song = Song.model_validate(OPEN)
    told = track(song)
    assert (told.id, told.artist, told.album_artist) == ("17", "Artist & Guest", "One, Two")
    assert (told.track_number, told.year, told.genres, told.bytes) == (2, None, ("Rock", "Folk"), 25534)
    assert (told.format, told.musicbrainz_recording) == ("ogg", None)
    assert song.created is not None
    assert song.created.microsecond == 935123


@pytest.mark.parametrize("plays", [{"playCount": 3}, {"starred": "2026-01-01T00:00:00Z"}, {"userRating": 1}])
def test_listening_is_no_other_revision(plays: dict[str, Any]) -> None:
    assert track(Song.model_validate(OPEN)) == track(Song.model_validate({**OPEN, **plays}))


@pytest.mark.parametrize("change", [{"size": 25535}, {"duration": 9}, {"title": "T"}, {"genres": []}])
def test_other_facts_are_another_revision(change: dict[str, Any]) -> None:
    assert track(Song.model_validate(OPEN)).revision != track(Song.model_validate(OPEN | change)).revision


def test_a_list_of_one_may_come_bare() -> None:
    assert [one.id for one in payloads(Folder, {"musicFolder": {"id": 1, "name": "M"}}, "musicFolder")] == [
        "1"
    ]
    for none in (None, {}, [], {"musicFolder": {}}, {"musicFolder": []}, {"other": 1}):
        assert payloads(Folder, none, "musicFolder") == []


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (0, Unavailable),
        (10, Malformed),
        (30, Unsupported),
        (40, AuthFailed),
        (44, AuthFailed),
        (50, Unsupported),
        (70, NotFound),
        (999, Unavailable),
    ],
)
def test_refusals_name_who_must_act(code: int, kind: type[Exception]) -> None:
    assert type(Refusal(code, "Something.").error("getSong")) is kind


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["id", "song", "title", "size", "created", "genres", "name", "code", "x"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)  # fmt: skip


@given(JSON, st.sampled_from(["ok", "failed", "?"]))
def test_no_reply_gets_past_the_parsers(value: Any, status: str) -> None:
    body = {"subsonic-response": {"status": status, "error": value, "song": value, "searchResult3": value}}
    try:
        reply = read_reply(json.dumps(body).encode())
        for song in payloads(Song, reply.get("searchResult3"), "song"):
            track(song)
        track(payload(Song, reply, "song"))
        header(payload(Playlist, reply, "song"))
    except (Malformed, Refusal):
        pass


@given(st.binary() | st.binary().map(lambda tail: b"<subsonic-response><error " + tail))
def test_no_bytes_get_past_the_reader(body: bytes) -> None:
    with pytest.raises((Malformed, Refusal, Unsupported)):
        read_reply(body)


def _event(name: str, data: str = "{}", id_: str | None = None) -> ServerSentEvent:
    return ServerSentEvent(name=name, data=data, id=id_)


@pytest.mark.parametrize(
    ("event", "told"),
    [
        (_event("serverStart"), Meaning.LOOK),
        (_event("keepAlive", '{"ts":1795363203}'), Meaning.NOTHING),
        (_event("scanStatus", '{"scanning":true,"count":24}'), Meaning.NOTHING),
        (_event("scanStatus", '{"scanning":false,"count":25}'), Meaning.LOOK),
        (_event("refreshResource", '{"*":"*"}'), Meaning.CHANGED),
        (_event("refreshResource", '{"song":["B14B"]}'), Meaning.NOTHING),
        (_event("refreshResource", '{"album":["2v"],"artist":["2f"],"song":["B1"]}'), Meaning.NOTHING),
        (_event("refreshResource", "no json"), Meaning.NOTHING),
        (_event("nowPlayingCount", '{"count":1}'), Meaning.NOTHING),
    ],
)
def test_what_events_mean(event: ServerSentEvent, told: Meaning) -> None:
    assert meaning(event) is told


def test_dropped_events_are_noticed() -> None:
    numbers = Numbers()
    ids = ["0", "30", "31", "33", None, "x", "34", "34"]
    assert [numbers.skipped(_event("keepAlive", id_=id_)) for id_ in ids] == [
        False, False, False, True, False, False, False, False,
    ]  # fmt: skip
