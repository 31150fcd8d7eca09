"""The index holds what it was told last, and answers as a plain loop would."""

import math
import threading
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segue.index import ExactIndex, Table

DIMENSIONS = 3
Model = dict[int, list[float]]


def test_nearest_first_and_equal_ones_by_id() -> None:
    index = ExactIndex(Table(2))
    tell(index, {5: [1, 0], 3: [1, 0], 4: [0, 1], 9: [-1, 0], 7: [2, 2]})
    found = index.nearest(np.array([10, 0], np.float32), 4)
    assert found.ids.tolist() == [3, 5, 7, 4]
    assert found.distances.tolist() == pytest.approx([0, 0, 1 - math.sqrt(0.5), 1], abs=1e-6)
    assert index.nearest(np.array([1, 0], np.float32), 99).ids.tolist() == [3, 5, 7, 4, 9]
    assert index.nearest(np.array([1, 0], np.float32), 2, among=ids(9, 4, 1000)).ids.tolist() == [4, 9]
    assert index.nearest(np.array([1, 0], np.float32), 0).ids.tolist() == []


def test_an_empty_index_finds_nothing() -> None:
    index = ExactIndex(Table(2))
    assert len(index.nearest(np.array([1, 0], np.float32), 5)) == 0
    assert len(index.nearest(np.array([1, 0], np.float32), 5, among=ids())) == 0


def test_vectors_without_direction_are_refused_and_the_rest_kept() -> None:
    index = ExactIndex(Table(2))
    bad = np.array([[0, 0], [np.nan, 1], [np.inf, 0], [3, 4]], np.float32)
    assert index.apply(ids(1, 2, 3, 4), ids(1, 2, 3, 4), bad, []).tolist() == [1, 2, 3]
    assert index.nearest(np.array([1, 0], np.float32), 5).ids.tolist() == [4]
    assert index.apply(ids(5), ids(5), np.ones((1, 7), np.float32), []).tolist() == [5]
    with pytest.raises(ValueError, match="finite"):
        index.nearest(np.zeros(2, np.float32), 1)


def test_the_order_does_not_depend_on_the_history() -> None:
    chance = np.random.default_rng(3)
    vectors = chance.normal(size=(300, 40)).astype(np.float32)
    vectors[100:200] = vectors[0]
    numbers = np.arange(300)
    query = vectors[0] + 0.1
    answers = []
    for _ in range(3):
        index = ExactIndex(Table(40))
        order = chance.permutation(300)
        for part in np.array_split(order, chance.integers(1, 9)):
            index.apply(numbers[part], numbers[part], vectors[part], [])
        answers.append(index.nearest(query, 60))
    assert all(answer.ids.tolist() == answers[0].ids.tolist() for answer in answers)
    assert all(answer.distances.tolist() == answers[0].distances.tolist() for answer in answers)


changes = st.lists(
    st.tuples(
        st.lists(st.tuples(st.integers(0, 12), st.lists(st.integers(-3, 3), min_size=3, max_size=3))),
        st.lists(st.integers(0, 12), max_size=4),
    ),
    max_size=12,
)


@settings(max_examples=150, deadline=None)
@given(changes, st.lists(st.integers(-3, 3), min_size=3, max_size=3), st.integers(0, 15), st.data())
def test_equals_a_plain_loop_after_any_changes(
    history: list[tuple[list[tuple[int, list[int]]], list[int]]],
    query: list[int],
    count: int,
    data: st.DataObject,
) -> None:
    index, model, number = ExactIndex(Table(DIMENSIONS)), dict[int, list[float]](), 0
    for added, gone in history:
        fresh = {recording: [float(x) for x in vector] for recording, vector in added}
        number += 100
        tell(index, fresh, [recording for recording in gone if recording not in fresh], number)
        for recording in [*gone, *fresh]:
            model.pop(recording, None)
        model |= {recording: vector for recording, vector in fresh.items() if any(vector)}
    assert len(index.table) == len(model)
    if not any(query):
        return
    wide = np.array(query, np.float32)
    found = index.nearest(wide, count)
    assert list(zip(found.ids.tolist(), found.distances.tolist(), strict=True)) == by_hand(
        model, query, count
    )
    among = data.draw(st.lists(st.integers(0, 14), unique=True))
    found = index.nearest(wide, count, among=ids(*among))
    allowed = {recording: vector for recording, vector in model.items() if recording in among}
    assert found.ids.tolist() == [recording for recording, _ in by_hand(allowed, query, count)]


def test_a_known_change_is_not_applied_again() -> None:
    index = ExactIndex(Table(2))
    for _ in range(3):
        index.apply(ids(1), ids(7), np.array([[1, 0]], np.float32), [])
    assert len(index.table.view) == 1


def test_readers_see_whole_moments_while_a_writer_goes_on() -> None:
    """All recordings always point the same way, a new way at each step: no answer may mix two."""
    index = ExactIndex(Table(2))
    failures: list[str] = []
    started, ended = threading.Event(), threading.Event()

    def point(step: int) -> None:
        angle = step * 0.01
        vectors = np.tile(np.array([math.cos(angle), math.sin(angle)], np.float32), (60, 1))
        index.apply(np.arange(60), np.full(60, step), vectors, [])

    def read() -> None:
        while not ended.is_set():
            found = index.nearest(np.array([1, 0], np.float32), 100)
            view, rows = index.table.find(range(60))
            if sorted(found.ids.tolist()) != list(range(60)) or len(set(found.distances.tolist())) != 1:
                failures.append(f"{len(found)} at {set(found.distances.tolist())}")
            if (rows < 0).any() or len({view.units[row].tobytes() for row in rows}) > 2:
                failures.append("a vector was not there for a moment")
            started.set()

    point(0)
    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    started.wait(10)
    for step in range(1, 400):
        point(step)
    ended.set()
    for reader in readers:
        reader.join(30)
    assert failures == []


def tell(index: ExactIndex, vectors: Model, gone: Sequence[int] = (), number: int = 0) -> None:
    keys = list(vectors)
    matrix = np.array([vectors[key] for key in keys], np.float32).reshape(len(keys), index.table.dimensions)
    index.apply(ids(*keys), ids(*range(number, number + len(keys))), matrix, gone)


def ids(*numbers: int) -> npt.NDArray[np.int64]:
    return np.array(numbers, np.int64)


def by_hand(model: Model, query: Sequence[float], count: int) -> list[tuple[int, float]]:
    def direction(vector: Sequence[float]) -> list[float]:
        return [float(np.float32(x / math.sqrt(sum(y * y for y in vector)))) for x in vector]

    def distance(vector: Sequence[float]) -> float:
        product = sum(a * b for a, b in zip(direction(vector), direction(query), strict=True))
        return round(min(max(1 - product, 0), 2), 6)

    return sorted(
        ((recording, distance(vector)) for recording, vector in model.items()), key=lambda pair: pair[::-1]
    )[:count]
