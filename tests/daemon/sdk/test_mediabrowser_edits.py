"""Edits of a playlist on servers that only remove and append."""

from collections.abc import Sequence

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from segue.model import Playlist, TrackId
from segue.sdk.dialects.mediabrowser.edits import Entry, batches, edit, title, unique

TRACKS = st.lists(st.sampled_from([TrackId(one) for one in "abcdef"]), max_size=9)


def _held(tracks: Sequence[TrackId]) -> list[Entry]:
    return [Entry(id=str(number), track=track) for number, track in enumerate(tracks)]


def _after(held: Sequence[Entry], wanted: Sequence[TrackId]) -> list[TrackId]:
    change = edit(held, wanted)
    return [entry.track for entry in held if entry.id not in change.remove] + list(change.append)


UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@UNHURRIED
@given(TRACKS, TRACKS)
def test_an_edit_gives_what_is_wanted_and_needs_no_second(held: list[TrackId], wanted: list[TrackId]) -> None:
    assert _after(_held(held), wanted) == wanted
    assert not edit(_held(wanted), wanted)


@UNHURRIED
@given(TRACKS, TRACKS)
def test_an_edit_of_single_songs_works_where_entries_are_songs(
    held: list[TrackId], wanted: list[TrackId]
) -> None:
    """Jellyfin's entry ids are the songs': removing one and appending it again is safe in this order."""
    before, after = unique(held), unique(wanted)
    change = edit([Entry(id=track, track=track) for track in before], after)
    kept = [track for track in before if track not in change.remove]
    assert [*kept, *change.append] == list(after)
    assert not set(kept) & set(change.append)


def test_what_stands_in_front_stays() -> None:
    change = edit(_held([TrackId(one) for one in "abcd"]), [TrackId(one) for one in "bcx"])
    assert (change.remove, change.append) == (("0", "3"), ("x",))


@UNHURRIED
@given(st.lists(st.text(max_size=3), max_size=450))
def test_batches_lose_nothing(ids: list[str]) -> None:
    parts = [list(part) for part in batches(ids)]
    assert [one for part in parts for one in part] == ids
    assert all(0 < len(part) <= 100 for part in parts)


def test_a_name_is_one_line_with_something_in_it() -> None:
    for name, told in (("a\nb", "a b"), (" ", "Segue"), ("\udcff", "?")):
        assert title(Playlist(name=name, tracks=())) == told
