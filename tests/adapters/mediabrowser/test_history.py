"""Plays without what was skipped, and favourites: the servers count a play when it starts."""

from datetime import UTC, datetime, timedelta

import pytest

from segue.model import TrackId, UserId
from segue.sdk.dialects.mediabrowser.history import Hearing, hearings, is_heard
from segue.sdk.dialects.mediabrowser.payloads import Activity
from tests.adapters.mediabrowser.conftest import Held

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


async def test_skipped_songs_are_told_as_skipped(held: Held) -> None:
    one, two, three, four = list(held.fake.songs)[:4]  # each lasts two seconds
    me, other = held.fake.me, held.fake.add_user("joe", "pw")
    held.fake.play(me, one, at=NOON, seconds=2)
    held.fake.play(me, two, at=NOON + timedelta(minutes=1), seconds=0.5)
    held.fake.play(me, three, at=NOON + timedelta(minutes=2), seconds=None)
    held.fake.play(me, one, at=NOON - timedelta(days=9), seconds=2)
    held.fake.play(other, four, at=NOON, seconds=2)
    held.fake.play(me, "gone", at=NOON, seconds=2)
    held.fake.favourites = {me: {four}}
    since = NOON - timedelta(days=1)
    plays = [play async for play in held.adapter.plays(UserId(me), since)]
    heard = [(play.track_id, play.at, play.skipped) for play in plays if not play.favourite]
    assert heard == [(one, NOON, False), (two, NOON + timedelta(minutes=1), True)]
    assert [(play.track_id, play.count) for play in plays if play.favourite] == [(four, 0)]
    theirs = [play async for play in held.adapter.plays(UserId(other), since)]
    assert [(play.track_id, play.skipped) for play in theirs] == [(four, False)]
    assert {user.name async for user in held.adapter.users()} == {"tester", "joe"}


async def test_a_long_history_is_read_whole(held: Held) -> None:
    song = next(iter(held.fake.songs))
    for number in range(600):
        held.fake.play(held.fake.me, song, at=NOON + timedelta(minutes=number), seconds=2)
    plays = [play async for play in held.adapter.plays(UserId(held.fake.me), NOON)]
    assert len(plays) == 600
    assert {play.track_id for play in plays} == {TrackId(song)}


def _entry(kind: str, item: str, seconds: float) -> Activity:
    at = (NOON + timedelta(seconds=seconds)).isoformat()
    return Activity.model_validate({"Type": kind, "ItemId": item, "Date": at})


def test_starts_and_stops_are_paired() -> None:
    log = [
        _entry("AudioPlayback", "a", 0),
        _entry("SessionStarted", "a", 1),
        _entry("AudioPlaybackStopped", "b", 2),
        _entry("AudioPlaybackStopped", "a", 90),
        _entry("AudioPlaybackStopped", "a", 91),
        _entry("VideoPlayback", "c", 92),
        _entry("AudioPlayback", "d", 93),
    ]
    assert list(hearings(log)) == [Hearing(item="a", at=NOON, seconds=90)]


@pytest.mark.parametrize(
    ("listened", "length", "heard"),
    [
        (100, 200, True),
        (99, 200, False),
        (240, 3600, True),
        (239, 3600, False),
        (10, None, False),
        (1, 2, True),
    ],
)
def test_what_counts_as_heard(listened: float, length: float | None, heard: bool) -> None:
    assert is_heard(listened, length) is heard
