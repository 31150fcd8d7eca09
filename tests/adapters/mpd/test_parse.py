"""MPD's words in ours, and no words that raise anything but Malformed."""

from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.sdk import AdapterError, AuthFailed, Malformed, NotFound, Unavailable, Unsupported
from segue_mpd.parse import read_song, track
from segue_mpd.wire import Ack, equals, grouped, pair, read_ack, refusals, request

REPLY = """\
file: Cold Relay/Circuit_ Vol. 1/01 Dawn 13.mp3
Last-Modified: 2026-11-22T15:44:49Z
Added: 2026-11-22T16:08:07Z
Format: 44100:16:2
Artist: Cold Relay
Artist: Guest
AlbumArtist: Cold Relay
Title: Dawn 13
Album: Circuit: Vol. 1
Track: 1/4
Date: 2023-02
Genre: Electronic
Genre: Ambient
Disc: 1
MUSICBRAINZ_TRACKID: 5328cc95-3f3a-50c4-8084-3ebcb6c1d619
Time: 7
duration: 7.000
file: untagged.ogg
Last-Modified: 2026-11-22T15:44:49Z
"""


def test_a_reply_becomes_tracks() -> None:
    pairs = [pair(line) for line in REPLY.splitlines()]
    one, two = [track(read_song(group), None) for group in grouped(pairs, "file")]
    assert (one.id, one.title, one.artist, one.album_artist) == (
        "Cold Relay/Circuit_ Vol. 1/01 Dawn 13.mp3", "Dawn 13", "Cold Relay; Guest", "Cold Relay",
    )  # fmt: skip
    assert (one.album, one.track_number, one.disc_number, one.year) == ("Circuit: Vol. 1", 1, 1, 2023)
    assert (one.genres, one.seconds, one.format) == (("Electronic", "Ambient"), 7.0, "mp3")
    assert one.musicbrainz_recording == "5328cc95-3f3a-50c4-8084-3ebcb6c1d619"
    assert one.added_at == datetime(2026, 11, 22, 16, 8, 7, tzinfo=UTC)
    assert (two.title, two.artist, two.seconds, two.added_at) == ("untagged", None, None, None)
    assert one.revision != two.revision


def test_arguments_are_quoted_twice_in_filters() -> None:
    wanted = equals("file", 'a "b" \\ c')
    assert wanted == '(file == "a \\"b\\" \\\\ c")'
    assert request("find", wanted) == 'find "(file == \\"a \\\\\\"b\\\\\\" \\\\\\\\ c\\")"\n'


@given(st.lists(st.text(alphabet=st.characters(exclude_characters="\n")), max_size=20))
def test_any_lines_are_tracks_or_malformed(lines: list[str]) -> None:
    with suppress(Malformed):
        for group in grouped([pair(line) for line in lines], "file"):
            track(read_song(group), None)


@given(st.text())
def test_any_refusal_is_an_ack_or_malformed(text: str) -> None:
    with suppress(Malformed):
        read_ack("ACK " + text)


@pytest.mark.parametrize(
    ("code", "kind"),
    [(3, AuthFailed), (4, AuthFailed), (5, Unsupported), (50, NotFound), (52, Unavailable), (54, Unavailable),
     (2, Malformed), (99, Malformed)],
)  # fmt: skip
def test_refusals_name_who_must_act(code: int, kind: type[AdapterError]) -> None:
    with pytest.raises(kind, match="a song: why not"), refusals("a song"):
        raise Ack(code, 0, "find", "why not")
