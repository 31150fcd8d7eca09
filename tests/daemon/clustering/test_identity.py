"""Groups keep who they are from one clustering to the next."""

from itertools import permutations

from hypothesis import given, settings
from hypothesis import strategies as st

from segue.clustering.identity import LEAST_OVERLAP, Match, Matching, match_groups

_PEOPLE = 40


@st.composite
def partitions(draw: st.DrawFn) -> list[set[int]]:
    """Some of the recordings, shared out among a few groups."""
    labels = draw(st.lists(st.integers(-1, 4), min_size=_PEOPLE, max_size=_PEOPLE))
    groups = [{place for place, label in enumerate(labels) if label == number} for number in range(5)]
    return [group for group in groups if group]


def test_groups_that_stayed_are_the_same_whatever_their_order() -> None:
    last = {7: {1, 2, 3, 4}, 8: {5, 6, 7}, 9: {8, 9}}
    matching = match_groups(last, [{8, 9}, {1, 2, 3, 4}, {5, 6, 7}])
    assert matching.lineages() == {0: 9, 1: 7, 2: 8}
    assert [match.overlap for match in matching.matches] == [1, 1, 1]
    assert matching.born == matching.ended == ()


def test_music_that_came_or_went_does_not_count() -> None:
    matching = match_groups({1: {1, 2, 3, 90, 91, 92}}, [{1, 2, 3, *range(100, 150)}])
    assert matching.matches == (Match(1, 0, 1.0),)


def test_of_a_group_that_was_split_the_larger_part_goes_on() -> None:
    matching = match_groups({1: set(range(10))}, [set(range(3)), set(range(3, 10))])
    assert matching == Matching(matches=(Match(1, 1, 0.7),), born=(0,), ended=())


def test_of_groups_that_were_joined_the_larger_goes_on() -> None:
    matching = match_groups({1: {1, 2, 3}, 2: {4, 5, 6, 7, 8}}, [set(range(1, 9))])
    assert matching.lineages() == {0: 2}
    assert matching.ended == (1,)


def test_the_best_for_all_comes_before_the_best_for_one() -> None:
    """The first would like the larger new group, but then the second would have none."""
    last = {1: {*range(0, 10)}, 2: {*range(10, 16)}}
    new = [{*range(0, 4)}, {*range(4, 10), *range(10, 16)}]
    assert match_groups(last, new).lineages() == {0: 1, 1: 2}


def test_what_has_hardly_anything_in_common_is_new() -> None:
    matching = match_groups({1: set(range(10))}, [{0, *range(20, 40)}, {*range(1, 3)}, {*range(3, 5)}])
    assert matching.born == (1, 2) or matching.matches[0].overlap >= LEAST_OVERLAP


def test_nothing_before_and_nothing_now() -> None:
    assert match_groups({}, [{1}, {2}]) == Matching(matches=(), born=(0, 1), ended=())
    assert match_groups({1: {1}}, []) == Matching(matches=(), born=(), ended=(1,))
    assert match_groups({1: {1}}, [{2}]) == Matching(matches=(), born=(0,), ended=(1,))


@settings(deadline=None)
@given(partitions(), partitions())
def test_everybody_is_matched_once_or_born_or_ended(old: list[set[int]], new: list[set[int]]) -> None:
    last = {100 + place: group for place, group in enumerate(old)}
    matching = match_groups(last, new)
    continued = [match.lineage for match in matching.matches]
    assert sorted([*continued, *matching.ended]) == sorted(last)
    assert sorted([*(match.group for match in matching.matches), *matching.born]) == list(range(len(new)))
    assert all(match.overlap >= LEAST_OVERLAP for match in matching.matches)


@settings(max_examples=60, deadline=None)  # the first call imports scipy
@given(partitions(), partitions(), st.permutations(range(5)))
def test_the_order_of_groups_makes_no_difference(
    old: list[set[int]], new: list[set[int]], order: list[int]
) -> None:
    last = {100 + place: group for place, group in enumerate(old)}
    shuffled = [new[place] for place in order if place < len(new)]
    one = {(match.lineage, frozenset(new[match.group])) for match in match_groups(last, new).matches}
    two = {
        (match.lineage, frozenset(shuffled[match.group])) for match in match_groups(last, shuffled).matches
    }
    assert one == two


@settings(max_examples=60, deadline=None)  # the first call imports scipy
@given(partitions(), partitions())
def test_no_other_assignment_keeps_more(old: list[set[int]], new: list[set[int]]) -> None:
    last = dict(enumerate(old))
    total = sum(match.overlap for match in match_groups(last, new).matches)
    both = set().union(*old) & set().union(*new)

    def overlap(one: set[int], two: set[int]) -> float:
        one, two = one & both, two & both
        share = len(one & two) / len(one | two) if one | two else 0.0
        return share if share >= LEAST_OVERLAP else 0.0

    wide = new + [set()] * len(old)
    best = (
        max(
            sum(overlap(group, wide[place]) for group, place in zip(old, places, strict=True))
            for places in permutations(range(len(wide)), len(old))
        )
        if len(old) < 4 and len(wide) < 8
        else total
    )
    assert abs(total - best) < 1e-4
