"""Lyrion's words in ours, and no words that raise anything but Malformed."""

import json
from contextlib import suppress
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.sdk import Malformed
from segue_lyrion.history import spans
from segue_lyrion.parse import count, result, rows, track
from segue_lyrion.payloads import Entry, Stored, Title
from segue_lyrion.urls import fingerprint, is_askable, path_of

REPLIES = Path(__file__).with_name("replies")
_LISTS: dict[str, type[Title | Stored | Entry]] = {
    "titles_loop": Title, "playlists_loop": Stored, "playlisttracks_loop": Entry,
}  # fmt: skip

ROW = {
    "id": 51, "title": "Dawn 1", "artist": "Ada Örn", "band": "Ada Örn", "addedTime": "1795362748",
    "genres": "Ambient, Dub", "duration": 7.026, "filesize": "104001", "disc": "1", "album": "Winter Light",
    "modificationTime": "1795362559", "type": "mp3", "tracknum": "1", "remote": "0", "year": "2019",
    "url": "file:///music/Ada%20%C3%96rn/Winter%20Light/01%20Dawn%201.mp3",
}  # fmt: skip

Json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
Row = st.dictionaries(st.sampled_from([*Title.model_fields, "else"]), Json)


def test_a_row_becomes_a_track() -> None:
    one = track(Title.model_validate(ROW))
    assert (one.id, one.title, one.artist, one.album_artist) == (ROW["url"], "Dawn 1", "Ada Örn", "Ada Örn")
    assert (one.album, one.track_number, one.disc_number, one.year) == ("Winter Light", 1, 1, 2019)
    assert (one.genres, one.seconds, one.bytes, one.format) == (("Ambient", "Dub"), 7.026, 104001, "mp3")
    assert one.path == "/music/Ada Örn/Winter Light/01 Dawn 1.mp3"
    assert one.added_at == datetime.fromtimestamp(1795362748, UTC)


def test_another_number_is_the_same_track() -> None:
    moved = {**ROW, "id": "977", "addedTime": 1795369999, "lastUpdated": "1795369999"}
    before, after = (track(Title.model_validate(row)) for row in (ROW, moved))
    assert (before.id, before.revision) == (after.id, after.revision)


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("file:///music/a%20b.mp3", "/music/a b.mp3"),
        ("file:///music/album.flac#0-123.5", "/music/album.flac"),
        ("file:///C:/Music/a.mp3", "C:/Music/a.mp3"),
        ("file:///music/100%25.mp3", "/music/100%.mp3"),
        ("qobuz://123.flac", None),
        ("file://", None),
    ],
)
def test_addresses_hold_paths(url: str, path: str | None) -> None:
    assert path_of(url) == path


def test_the_servers_fingerprint_of_an_address_is_ours() -> None:
    url = "file:///music/Ada%20%C3%96rn/Long%20Shadow/01%20Dawn%205.flac"
    assert fingerprint(url) == "4ac78609186e14f00005ae82948be904"


@given(st.lists(Row | Json, max_size=4) | Json)
def test_any_rows_are_tracks_or_malformed(listed: Any) -> None:
    with suppress(Malformed):
        for title in rows(Title, {"titles_loop": listed}, "titles_loop"):
            track(title)
    with suppress(Malformed):
        rows(Stored, {"playlists_loop": listed}, "playlists_loop")
    with suppress(Malformed):
        rows(Entry, {"playlisttracks_loop": listed}, "playlisttracks_loop")


@given(Json)
def test_any_answer_is_a_result_or_malformed(answer: Any) -> None:
    with suppress(Malformed):
        held = result(answer)
        count(held, "count")


@given(st.text())
def test_any_text_can_be_asked_about(text: str) -> None:
    path_of(text)
    if is_askable(text):
        fingerprint(text)


@given(begin=st.integers(0, 2**31), length=st.integers(1, 2**31))
def test_spans_cover_all_time_once(begin: int, length: int) -> None:
    found = list(spans(begin, begin + length))
    assert found[0][0] == begin
    assert found[-1][1] == begin + length
    assert all(one[1] == other[0] for one, other in pairwise(found))
    assert len(found) < 300


@pytest.mark.parametrize("file", sorted(REPLIES.rglob("*.json")), ids=lambda file: file.stem)
def test_recorded_replies_are_understood(file: Path) -> None:
    held = result(json.loads(file.read_text()))
    for key, kind in _LISTS.items():
        for one in rows(kind, held, key):
            if isinstance(one, Title):
                assert track(one).title
