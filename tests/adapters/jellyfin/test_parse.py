"""Parsers: replies of each version are understood, and nothing that is sent gets past them unjudged."""

import json
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from segue.model import Change, LibraryChanged, TrackChanged, TrackGone, TrackId
from segue.sdk import Malformed, WebhookDelivery
from segue.sdk.dialects.mediabrowser.libraries import choose
from segue.sdk.dialects.mediabrowser.parse import header, payload, payloads, read_json, track
from segue.sdk.dialects.mediabrowser.payloads import (
    Activities,
    Item,
    Items,
    Library,
    Login,
    Payload,
    SystemFacts,
)
from segue_jellyfin.payloads import QuickConnect, Sharing
from segue_jellyfin.probing import Server
from segue_jellyfin.webhooks import changes_of

REPLIES = sorted((Path(__file__).parent / "replies").glob("*/*.json"))
KINDS: dict[str, type[Payload]] = {
    "items": Items, "playlist-items": Items, "system-info-public": SystemFacts, "login": Login,
    "activities": Activities, "quick-connect": QuickConnect, "sharing": Sharing,
}  # fmt: skip
SONG = TrackId("8a49fc19fef1c16c33c37b693441f4ed")
TOLD: dict[str, tuple[Change, ...]] = {
    "song-added": (TrackChanged(SONG),), "song-added-dashed": (TrackChanged(SONG),),
    "song-deleted": (TrackGone(SONG),), "album-added": (), "album-deleted": (LibraryChanged(),),
    "film-deleted": (), "playback-stop": (), "user-data": (), "scan-done": (LibraryChanged(),),
    "other-task-done": (),
}  # fmt: skip


def delivery(body: bytes, content_type: str = "text/plain") -> WebhookDelivery:
    return WebhookDelivery(
        content_type=content_type, headers={"content-type": content_type}, query={}, body=body
    )


@pytest.mark.parametrize("file", REPLIES, ids=lambda file: f"{file.parent.name}-{file.stem}")
def test_replies_are_understood(file: Path) -> None:
    name, _, rest = file.stem.partition(".")
    if name == "webhook":
        assert tuple(changes_of(delivery(file.read_bytes()))) == TOLD[rest]
    elif name == "virtual-folders":
        [part] = choose(payloads(Library, read_json(file.read_bytes())), ())
        assert (part.name, part.folders) == ("Music", ("/music",))
    else:
        told = payload(KINDS[name], read_json(file.read_bytes()))
        for item in told.Items if isinstance(told, Items) else ():
            assert track(item).title == "Harbour Lights"


@pytest.mark.parametrize("version", ["10.10.7", "10.11.11", "12.1.0"])
def test_a_song_is_a_track(version: str) -> None:
    file = Path(__file__).parent / "replies" / version / "items.json"
    [item] = payload(Items, read_json(file.read_bytes())).Items
    told = track(item, library="Music")
    assert (told.id, told.title, told.artist, told.album_artist) == (
        SONG, "Harbour Lights", "Artist, Guest", "Artist",
    )  # fmt: skip
    assert (told.album, told.track_number, told.disc_number, told.year) == ("Album", 1, 1, 2019)
    assert (told.genres, told.seconds, told.bytes) == (("Indie", "Dream Pop"), 236.12, 28311552)
    assert (told.format, told.path) == ("flac", "/music/Artist/Album/01 - Song.flac")
    assert told.added_at == datetime(2024, 2, 11, 8, 14, 3, 123456, UTC)
    recording = None if version == "10.10.7" else "2c8dae51-1f4f-4076-9b63-2e4e1b5c7d03"
    assert told.musicbrainz_recording == recording


SOUND: dict[str, Any] = {
    "Id": SONG, "Name": "Song", "Type": "Audio", "RunTimeTicks": 10**8, "Etag": "a", "UserData": None,
    "MediaSources": [{"Size": 5, "ETag": "a"}],
}  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [{"Etag": "b"}, {"UserData": {"PlayCount": 3, "IsFavorite": True}}, {"ImageTags": {"Primary": "x"}}],
)
def test_saving_and_listening_are_no_other_revision(change: dict[str, Any]) -> None:
    assert track(Item.model_validate(SOUND)) == track(Item.model_validate(SOUND | change))


@pytest.mark.parametrize(
    "change",
    [{"Name": "x"}, {"RunTimeTicks": 1}, {"MediaSources": [{"Size": 6}]}, {"Genres": ["x"]}, {"Path": "/x"}],
)
def test_other_facts_are_another_revision(change: dict[str, Any]) -> None:
    assert track(Item.model_validate(SOUND)).revision != track(Item.model_validate(SOUND | change)).revision


@pytest.mark.parametrize(
    ("version", "line"),
    [("10.11.11", (10, 11, 11)), ("12.1.0", (12, 1, 0)), ("", ()), ("12.0.0-rc5", (12, 0, 0))],
)
def test_versions_are_numbers(version: str, line: tuple[int, ...]) -> None:
    assert Server(product="", version=version).line == line


KEYS = (
    "Id", "Name", "Items", "Artists", "AlbumArtists", "Genres", "MediaSources", "Size", "ProviderIds",
    "RunTimeTicks", "DateCreated", "Type", "UserData", "Tags", "TagItems", "NotificationType", "ItemId",
    "ItemType", "ResultKey", "Event", "Item", "x",
)  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5),
    max_leaves=14,
)


UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@UNHURRIED
@given(JSON)
def test_no_reply_gets_past_the_parsers(value: Any) -> None:
    with suppress(Malformed):
        for item in payload(Items, read_json(json.dumps(value))).Items:
            track(item)
            header(item)
    with suppress(Malformed):
        track(payload(Item, {"Id": "1"} | (value if isinstance(value, dict) else {})))


@UNHURRIED
@given(JSON.map(lambda value: json.dumps(value).encode()) | st.binary(), st.text(max_size=20))
def test_no_webhook_gets_past_the_parser(body: bytes, content_type: str) -> None:
    with suppress(Malformed):
        changes_of(delivery(body, content_type))
