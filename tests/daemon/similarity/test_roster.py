"""The roster in memory is what the database says of present tracks, whatever happened."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.index.places import NOWHERE, Places
from segue.model import RecordingId, ServerKey, TrackId
from segue.similarity import Follower
from segue.similarity.roster import Roster
from segue.store import tracks
from segue.store.pool import Pool
from segue.store.tracks import TrackRow
from tests.daemon.similarity.library import hear, towards
from tests.daemon.store_recordings.rows import add_recording, add_track

_KEYS = st.integers(1, 9) | st.integers(2**20, 2**20 + 3)


@given(st.lists(st.tuples(_KEYS, st.integers(1, 4) | st.none()), max_size=60))
def test_tracks_come_and_go(acts: list[tuple[int, int | None]]) -> None:
    roster, model = Roster(), dict[int, int]()
    for key, recording in acts:
        if recording is None:
            roster.remove(key)
            model.pop(key, None)
        else:
            roster.put(_track(key, recording))
            model[key] = recording
    assert len(roster) == len(model)
    assert roster.digest == (len(model), sum(model) + 3 * sum(model.values()))
    found = roster.of_recordings(np.arange(1, 6))
    assert {of: [card.key for card in cards] for of, cards in found.items()} == {
        of: sorted(key for key, played in model.items() if played == of) for of in set(model.values())
    }
    assert [card.key for card in roster.of_tracks([7, 2**20])] == [k for k in (7, 2**20) if k in model]


def test_places_far_apart_cost_little() -> None:
    places = Places()
    for number in (1, 5, 10**7, 10**6):
        places[number] = number % 7
    assert [places[number] for number in (1, 5, 10**7, 10**6)] == [1, 5, 10**7 % 7, 10**6 % 7]
    assert [places[number] for number in (2, 10**7 + 1, 10**9)] == [NOWHERE] * 3
    assert places.of(np.array([5, -1, 2**62])).tolist() == [5, NOWHERE, NOWHERE]


def test_places_grow_one_by_one_and_all_at_once() -> None:
    singly, at_once = Places(), Places()
    numbers = np.arange(7, 100_000, 211)
    for number in numbers.tolist():
        singly[number] = number
    at_once.put(numbers, numbers)
    assert [singly[number] for number in numbers.tolist()] == numbers.tolist()
    assert singly.of(numbers).tolist() == at_once.of(numbers).tolist() == numbers.tolist()


async def test_it_learns_of_every_change(pool: Pool) -> None:
    follower = Follower(pool)
    async with pool.connection() as c:
        first, second = await add_recording(c, title="Old name"), await add_recording(c, server="cellar")
        await hear(c, first, towards(0))
        again = await add_track(c, second, server="attic")
    await follower.look()
    assert _held(follower, first, second) == [1, 2]
    (before,) = follower.roster.of_recordings(np.array([first]))[first]
    for statement, expected in (
        ("update tracks set title = 'New name', seconds = 7 where recording_id = %(first)s", [1, 2]),
        ("update tracks set missing_since = now() where recording_id = %(first)s", [0, 2]),
        ("update tracks set missing_since = null where recording_id = %(first)s", [1, 2]),
        ("update tracks set recording_id = %(first)s where id = %(again)s", [2, 1]),
        *(
            (f"update tracks set {change} where recording_id = %(first)s", [2, 1])
            for change in (
                "server_track_id = server_track_id || ' moved'",
                "album_artist = 'Ada', album = 'Water'",
                "track_number = 3",
                "disc_number = 2",
                "year = 1999",
                "genres = '{Pop,Art Pop}'",
                "format = 'opus'",
                "library = 'Loud'",
                "seconds = 'nan'",
                "seconds = 7",
            )
        ),
        ("delete from servers where name = 'cellar'", [2, 0]),
        ("delete from tracks where id = %(again)s", [1, 0]),
    ):
        async with pool.connection() as c:
            await c.execute(statement.encode(), {"first": first, "again": again})
        await follower.look()
        assert _held(follower, first, second) == expected, statement
        assert await follower.audit()
        await _shows_what_is_stored(pool, follower)
    (after,) = follower.roster.of_recordings(np.array([first]))[first]
    assert after.seconds == 7 and after.work != before.work and after.artist == before.artist


async def test_what_was_only_confirmed_is_no_change(pool: Pool) -> None:
    async with pool.connection() as c:
        await add_recording(c)
        await c.execute("update tracks set updated_at = clock_timestamp(), missing_since = null")
        cursor = await c.execute("select max(change) from track_changes")
        assert await cursor.fetchone() == (1,)


async def test_a_late_transaction_is_not_missed(pool: Pool) -> None:
    follower = Follower(pool)
    async with pool.connection() as early, pool.connection() as late:
        slow = await add_recording(early)
        async with late.transaction():
            await hear(late, await add_recording(late, server="cellar"), towards(1))
        await late.commit()
        await follower.look()
        assert len(follower.roster) == 1
        await early.commit()
    await follower.look()
    assert len(follower.roster) == 2 and slow in follower.roster.of_recordings(np.array([slow]))


async def test_an_audit_heals_what_differs(pool: Pool) -> None:
    follower = Follower(pool)
    async with pool.connection() as c:
        recording = await add_recording(c)
    await follower.look()
    follower.roster.put(_track(10**6, recording))
    assert not await follower.audit()
    await follower.look()
    assert await follower.audit()
    assert len(follower.roster) == 1


async def _shows_what_is_stored(pool: Pool, follower: Follower) -> None:
    async with pool.connection() as c:
        stored = await tracks.list_(c)
    shown = follower.roster.shown([track.id for track in stored])
    assert {key: repr(track) for key, track in shown.items()} == {track.id: repr(track) for track in stored}


def _held(follower: Follower, *recordings: RecordingId) -> list[int]:
    found = follower.roster.of_recordings(np.array(recordings, np.int64))
    return [len(found.get(recording, [])) for recording in recordings]


def _track(key: int, recording: int, title: str = "Song") -> TrackRow:
    return TrackRow(
        key, ServerKey(1), "attic", TrackId(f"id {key}"), RecordingId(recording), title, "Ada", None, "Water",
        3, None, 1999, ("Pop", "Art Pop"), 200.5, "flac", None, None, False,
    )  # fmt: skip


def test_what_there_is_no_room_for_is_not_shown() -> None:
    roster = Roster(shown_bytes=1000)
    for key in range(1, 30):
        roster.put(_track(key, key))
    shown = roster.shown(range(1, 31))
    assert list(shown) == list(range(1, len(shown) + 1)) and 3 < len(shown) < 10
    roster.remove(2)
    roster.put(_track(1, 1, "x" * 1000))
    roster.put(_track(31, 31))
    after = roster.shown(range(1, 32))
    assert set(after) == set(shown) - {1, 2} | {31}
    assert after[31] == _track(31, 31)


@pytest.mark.parametrize(("shown_bytes", "each"), [(0, 90), (2**20, 320)])
def test_a_track_takes_little_memory(shown_bytes: int, each: int) -> None:
    roster = Roster(shown_bytes=shown_bytes)
    for key in range(1, 3001):
        roster.put(_track(key, key))
    assert roster.nbytes / 3000 < each
