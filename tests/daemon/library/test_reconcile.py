"""Comparing listings with knowledge: pure, so judged by properties."""

from array import array
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from segue.library.reconcile import SeenKeys, compare, is_doubtful
from segue.model import RecordingId, Track, TrackId
from segue.store.tracks import Known

ids = st.sampled_from([TrackId(str(n)) for n in range(8)])
listed = st.lists(
    st.builds(
        Track,
        id=ids,
        title=st.just("Song"),
        revision=st.sampled_from("12"),
        content_key=st.sampled_from([None, "a", "b"]),
        bytes=st.sampled_from([None, 1, 2]),
        seconds=st.sampled_from([None, 1.0, 1.2, 9.0]),
    )
)
known = st.lists(
    st.builds(
        Known,
        key=st.integers(1),
        track_id=ids,
        recording_id=st.just(RecordingId(1)),
        revision=st.sampled_from("12"),
        content_key=st.sampled_from([None, "a", "b"]),
        seconds=st.sampled_from([None, 1.0, 9.0]),
        bytes=st.sampled_from([None, 1, 2]),
        format=st.none(),
        missing=st.booleans(),
    ),
    unique_by=lambda one: one.track_id,
)


@given(listed, known)
def test_every_listed_track_has_one_place(tracks: list[Track], before: list[Known]) -> None:
    delta = compare(tracks, before)
    told = [track.id for track in delta.new]
    told += [track.id for _, track in (*delta.replaced, *delta.retold)]
    told += [one.track_id for one in delta.same]
    assert sorted(told) == sorted({track.id for track in tracks})


@given(listed, known)
def test_an_equal_revision_is_never_heard_again(tracks: list[Track], before: list[Known]) -> None:
    for old, track in compare(tracks, before).replaced:
        assert old.revision != track.revision
        assert old.content_key is None or old.content_key != track.content_key


@given(listed, known)
def test_what_was_taken_in_is_the_same_next_time(tracks: list[Track], before: list[Known]) -> None:
    last = {track.id: track for track in tracks}
    after = [
        Known(
            key=1,
            track_id=track.id,
            recording_id=RecordingId(1),
            revision=track.revision,
            content_key=track.content_key,
            seconds=track.seconds,
            bytes=track.bytes,
            format=track.format,
            missing=False,
        )
        for track in last.values()
    ]
    delta = compare(tracks, after)
    assert not (delta.new or delta.replaced or delta.retold)


@given(st.integers(0, 1000), st.integers(0, 1000))
def test_only_a_loss_of_more_than_a_third_is_doubtful_and_once(present: int, lost: int) -> None:
    lost = min(lost, present)
    assert is_doubtful(present=present, lost=lost, doubted=None) == (3 * lost > present)
    assert not is_doubtful(present=present, lost=lost, doubted=lost)


@given(st.lists(st.integers(0, 2**40)), st.lists(st.integers(0, 2**40)))
def test_seen_keys_are_a_set(added: list[int], others: list[int]) -> None:
    seen = SeenKeys()
    seen.add(added)
    assert seen.without([*added, *others]) == [key for key in others if key not in set(added)]


def test_a_million_keys_are_an_eighth_of_a_megabyte() -> None:
    seen = SeenKeys()
    seen.add(range(5_000_000, 6_000_000))
    assert sum(len(page) for page in seen._pages.values()) < 140_000
    assert seen.without([4_999_999, 5_000_000, 6_000_000]) == [4_999_999, 6_000_000]
    assert array("q", [1]).itemsize == 8


def test_without_content_keys_size_length_and_format_decide() -> None:
    old = Known(
        key=1, track_id=TrackId("1"), recording_id=RecordingId(1), revision="1", content_key=None,
        seconds=100.0, bytes=1000, format="mp3", missing=False,
    )  # fmt: skip
    told = Track(id=old.track_id, title="", revision="2", seconds=100.0, bytes=1000, format="mp3")
    assert not compare([told], [old]).replaced
    for other in (replace(told, bytes=999), replace(told, seconds=90.0), replace(told, format="flac")):
        assert compare([other], [old]).replaced
    assert compare([replace(told, bytes=None, seconds=None)], [old]).replaced
    assert not compare([replace(told, bytes=None, seconds=100.2)], [old]).replaced
    assert not compare([replace(told, content_key="new", seconds=100.2)], [old]).replaced
