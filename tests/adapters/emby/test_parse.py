"""Parsers: replies of each version are understood, and nothing that is sent gets past them unjudged."""

import json
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from segue.model import Change, LibraryChanged, TrackChanged, TrackGone, TrackId
from segue.sdk import Malformed, WebhookDelivery
from segue.sdk.dialects.mediabrowser.libraries import choose
from segue.sdk.dialects.mediabrowser.parse import header, payload, read_json, track
from segue.sdk.dialects.mediabrowser.payloads import (
    Created,
    Item,
    Items,
    Libraries,
    Login,
    Payload,
    SystemFacts,
)
from segue_emby.webhooks import changes_of

REPLIES = sorted((Path(__file__).parent / "replies").glob("*/*.json"))
KINDS: dict[str, type[Payload]] = {
    "items": Items, "playlist-items": Items, "system-info-public": SystemFacts, "login": Login,
    "playlist-created": Created,
}  # fmt: skip
SONG = TrackId("568")
TOLD: dict[str, tuple[Change, ...]] = {
    "song-added": (TrackChanged(SONG),), "song-deleted": (TrackGone(SONG),),
    "album-added": (LibraryChanged(),), "film-added": (), "playback-stop": (), "rated": (), "test": (),
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
        [part] = choose(payload(Libraries, read_json(file.read_bytes())).Items, ())
        assert (part.name, part.folders) == ("Music", ("/music",))
    else:
        told = payload(KINDS[name], read_json(file.read_bytes()))
        for item in told.Items if isinstance(told, Items) else ():
            assert track(item).title == "Harbour Lights"


@pytest.mark.parametrize("version", ["4.8.11.0", "4.9.1.90"])
def test_a_song_is_a_track(version: str) -> None:
    """What Emby calls a track of MusicBrainz may be a recording or not: it is left out."""
    file = Path(__file__).parent / "replies" / version / "items.json"
    [item] = payload(Items, read_json(file.read_bytes())).Items
    told = track(item, library="Music")
    assert (told.id, told.title, told.artist, told.album_artist) == (
        SONG, "Harbour Lights", "Artist, Guest", "Artist",
    )  # fmt: skip
    assert (told.album, told.track_number, told.disc_number, told.year) == ("Album", 1, 1, 2019)
    assert (told.genres, told.seconds, told.bytes) == (("Indie",), 236.12, 28311552)
    assert (told.format, told.path) == ("flac", "/music/Artist/Album/01 - Song.flac")
    assert told.added_at == datetime(2026, 11, 22, 9, 40, tzinfo=UTC)
    assert told.musicbrainz_recording is None


SONG_ADDED = Path(__file__).parent / "replies" / "4.9.1.90" / "webhook.song-added.json"


@pytest.mark.parametrize("before", ["", "--x\r\nContent-Disposition: form-data; name=other\r\n\r\n1\r\n"])
def test_a_form_with_json_is_read_like_json(before: str) -> None:
    """As 4.8 sends it; the field has no type of its own."""
    head = f'{before}--x\r\nContent-Disposition: form-data; name="data"\r\n\r\n'.encode()
    body = head + SONG_ADDED.read_bytes() + b"\r\n--x--\r\n"
    told = delivery(body, 'multipart/form-data; boundary="x"')
    assert changes_of(told) == (TrackChanged(SONG),)


def test_a_plain_form_with_json_is_read_too() -> None:
    body = urlencode({"data": SONG_ADDED.read_text()}).encode()
    assert changes_of(delivery(body, "application/x-www-form-urlencoded")) == (TrackChanged(SONG),)


@pytest.mark.parametrize(
    "content_type", ["multipart/form-data", "multipart/form-data; boundary=y", "text/plain"]
)
def test_a_form_without_json_is_refused(content_type: str) -> None:
    with pytest.raises(Malformed):
        changes_of(delivery(b"--x\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--x--", content_type))


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
