"""Playlists become what is wanted by few edits, and nothing is done when nothing is to do."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue_lyrion.edits import Add, Delete, Move, applied, edits

Urls = st.lists(st.sampled_from("abcdefghij"), max_size=12)
Wanted = st.lists(st.sampled_from("abcdefghij"), unique=True, max_size=10)


@given(present=Urls, wanted=Wanted)
def test_edits_lead_to_what_is_wanted(present: list[str], wanted: list[str]) -> None:
    steps = edits(present, wanted)
    assert applied(present, steps) == wanted
    assert edits(wanted, wanted) == []


@given(present=Wanted, wanted=Wanted)
def test_no_song_is_touched_twice(present: list[str], wanted: list[str]) -> None:
    steps = edits(present, wanted)
    deleted = [step for step in steps if isinstance(step, Delete)]
    added = [step for step in steps if isinstance(step, Add)]
    moved = [step for step in steps if isinstance(step, Move)]
    assert len(deleted) == len(set(present) - set(wanted))
    assert len(added) == len(set(wanted) - set(present))
    assert len(moved) <= max(0, len(wanted) - 1)


def test_one_song_that_stands_wrong_is_one_move() -> None:
    assert edits("abcdef", "fabcde") == [Move(5, 0)]
    assert edits("abcdef", "bcdefa") == [Move(0, 5)]
    assert edits("abc", "abcd") == [Add("d")]
    assert edits("abc", "ac") == [Delete(1)]


def test_repeats_are_refused() -> None:
    with pytest.raises(ValueError, match="once"):
        edits([], ["a", "a"])
