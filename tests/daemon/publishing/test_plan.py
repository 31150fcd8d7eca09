"""Plans converge, are idempotent, and keep what people want."""

import random
import time

from hypothesis import given
from hypothesis import strategies as st

from segue.model import RecordingId, TrackId
from segue.publishing.plan import arranged, edits_of_people, effective, is_taken_over, on_server, pause_after
from segue.store.playlists import Pins

tracks = st.integers(0, 12).map(lambda number: TrackId(str(number)))
lists = st.lists(tracks, max_size=12, unique=True)
recordings = st.integers(0, 12).map(RecordingId)


@given(present=lists, wanted=lists, pinned=st.sets(tracks), keep=st.sets(tracks), fresh=st.booleans())
def test_what_is_written_is_what_was_wanted_and_is_not_written_again(
    present: list[TrackId], wanted: list[TrackId], pinned: set[TrackId], keep: set[TrackId], fresh: bool
) -> None:
    target = arranged(present, wanted, fresh=fresh, pinned=pinned, keep=keep)
    assert set(target) == set(wanted) | (set(present) & keep)
    assert len(target) == len(set(target))
    assert arranged(target, wanted, fresh=False, pinned=pinned, keep=keep) == target
    loose = [track for track in target if track not in pinned | keep]
    if fresh:
        assert loose == [track for track in wanted if track not in pinned | keep]


@given(seen=lists, present=lists)
def test_edits_are_exactly_the_difference(seen: list[TrackId], present: list[TrackId]) -> None:
    edits = edits_of_people(seen, present)
    assert (set(seen) - set(edits.removed)) | set(edits.added) == set(present)
    assert edits_of_people(present, present) == type(edits)()


@given(seen=lists, intent=lists, cut=st.integers(0, 12), more=st.sets(tracks))
def test_an_edit_that_broke_off_bans_nothing(
    seen: list[TrackId], intent: list[TrackId], cut: int, more: set[TrackId]
) -> None:
    for present in (seen, intent, intent[:cut], seen[:cut]):
        assert not edits_of_people(seen, present, intent=intent).removed
    theirs = sorted(more - set(seen) - set(intent))
    edits = edits_of_people(seen, [*intent, *theirs], intent=intent)
    assert (edits.removed, edits.added) == ((), tuple(theirs))
    if seen and intent[:cut]:
        assert not is_taken_over(seen, intent[:cut], intent=intent)


@given(
    version=st.lists(recordings, max_size=12, unique=True),
    pinned=st.lists(recordings, max_size=4, unique=True),
    banned=st.sets(recordings),
    most=st.integers(1, 12),
)
def test_bans_are_out_pins_are_in_and_the_cap_holds(
    version: list[RecordingId], pinned: list[RecordingId], banned: set[RecordingId], most: int
) -> None:
    pins = Pins(pinned=tuple(pinned), banned=frozenset(banned - set(pinned)))
    wanted = effective(version, pins, at_most=most)
    assert set(pinned) <= set(wanted)
    assert not set(wanted) & pins.banned
    assert len(wanted) == len(set(wanted)) <= max(most, len(pinned))


def test_thousands_of_songs_are_planned_at_once() -> None:
    """Five thousand took seconds of every look, in which nothing else went on."""
    wanted = [TrackId(str(number)) for number in range(20_000)]
    mixed = random.Random(1).sample(wanted, len(wanted))
    began = time.process_time()
    assert arranged(mixed, wanted, fresh=False) == tuple(mixed)
    assert arranged((), wanted, fresh=False) == tuple(wanted)
    assert set(arranged(mixed, wanted, fresh=True, pinned=wanted[::2], keep=[TrackId("x")])) == set(wanted)
    assert set(arranged(mixed[::2], wanted, fresh=False)) == set(wanted)
    pins = Pins(pinned=tuple(map(RecordingId, range(0, 20_000, 2))), banned=frozenset())
    assert len(effective(list(map(RecordingId, range(20_000))), pins)) == 20_000
    assert not edits_of_people(wanted, mixed, intent=wanted[::-1]).removed
    assert time.process_time() - began < 5


def test_pauses_grow_and_end() -> None:
    assert [pause_after(attempts) for attempts in (0, 1, 6, 7, 5000)] == [30, 60, 1920, 3600, 3600]
    assert pause_after(5000, longest=300) == 300


def test_the_track_that_stands_there_already_plays_a_recording() -> None:
    playable = {RecordingId(1): [TrackId("a"), TrackId("b")], RecordingId(2): [TrackId("c")]}
    wanted = [RecordingId(2), RecordingId(3), RecordingId(1)]
    assert on_server(wanted, playable, [TrackId("b")]) == ["c", "b"]
    assert on_server(wanted, playable, []) == ["c", "a"]
