"""Larger indexes: approximate in what they find, exact in what they say."""

import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segue.index import (
    ExactIndex,
    Graph,
    GraphIndex,
    Kind,
    Neighbours,
    Parameters,
    Sizes,
    Successor,
    Table,
    kind_of,
)
from segue.index.audit import recall
from segue.index.snapshot import SnapshotError, adopt, load, save
from tests.daemon.index.histories import DIMENSIONS, World

FLOAT, EIGHT_BITS = Parameters(), Parameters(quantised=True)
SMALL = Sizes(exact_below=300, quantise_above=900)


def graph_index(parameters: Parameters = FLOAT, folder: Path | None = None) -> GraphIndex:
    return GraphIndex(Table(DIMENSIONS, folder=folder), Graph(DIMENSIONS, parameters, rows=1))


@pytest.mark.parametrize("parameters", [FLOAT, EIGHT_BITS])
def test_it_finds_what_it_was_told(parameters: Parameters, tmp_path: Path) -> None:
    world, index = World(1), graph_index(parameters, tmp_path)
    world.check(index, recall=1)
    for _ in range(8):
        world.change(index, added=300, gone=60)
        world.check(index, recall=0.97)
    assert recall(index, count=10, sample=50, seed=1) >= 0.98
    world.change(index, gone=5000)
    world.check(index, recall=1)


def test_more_than_it_can_propose_is_compared_exactly() -> None:
    world, index = World(2), graph_index()
    world.change(index, added=500)
    for count in (1, 60, 499, 5000):
        world.check(index, recall=0.97, count=count, questions=3)
    some = np.array([*sorted(world.vectors)[::3], 10**9])
    exact = ExactIndex(index.table)
    query = np.ones(DIMENSIONS, np.float32)
    assert (
        index.nearest(query, 7, among=some).ids.tolist() == exact.nearest(query, 7, among=some).ids.tolist()
    )


actions = st.lists(
    st.one_of(
        st.tuples(st.just("change"), st.integers(0, 250), st.integers(0, 150)),
        st.tuples(st.just("build"), st.sampled_from(list(Kind)), st.integers(0, 3)),
        st.tuples(st.just("restart"), st.booleans(), st.just(0)),
    ),
    max_size=14,
)


@settings(max_examples=40, deadline=None)
@given(actions, st.integers(0, 1000))
def test_equals_what_it_was_told_after_any_changes_builds_kills_and_restarts(
    tmp_path_factory: pytest.TempPathFactory, history: list[tuple[str, object, int]], seed: int
) -> None:
    folder = tmp_path_factory.mktemp("index")
    sizes = Sizes(exact_below=300, quantise_above=900, folder=folder)
    world = World(seed)
    index: Neighbours = ExactIndex(Table(DIMENSIONS))
    for action, what, number in history:
        if action == "change":
            world.change(index, added=int(str(what)), gone=number)
        elif action == "build":
            index = built(world, index, Kind(str(what)), sizes, meanwhile=number)
        else:
            if what and isinstance(index, GraphIndex):
                save(index, folder, of="it")
            index = started(world, folder)
        world.check(index, recall=0.9, questions=3)


def built(world: World, index: Neighbours, kind: Kind, sizes: Sizes, *, meanwhile: int = 0) -> Neighbours:
    """A successor that is built while the index goes on changing."""
    successor = Successor(index, kind, sizes)
    for _ in range(meanwhile):
        world.change(index, added=40, gone=10)
        successor.advance()
    while successor.advance():
        world.change(index, added=3, gone=3)
    return successor.take_over()


def started(world: World, folder: Path) -> Neighbours:
    """What a new process makes of the snapshot and the database."""
    snapshot = None
    for parameters in (FLOAT, EIGHT_BITS):
        try:
            snapshot = load(folder, of="it", dimensions=DIMENSIONS, parameters=parameters)
        except SnapshotError:
            continue
    if snapshot is None:
        index: Neighbours = ExactIndex(Table(DIMENSIONS))
        world.tell_all(index)
        return index
    table = Table.arranged(snapshot.ids, snapshot.changes, DIMENSIONS, folder=folder)
    world.tell_all(ExactIndex(table))
    return adopt(table, snapshot)


def test_a_snapshot_saves_the_building(tmp_path: Path) -> None:
    world, index = World(3), graph_index()
    world.change(index, added=1500, among=4000)
    world.change(index, added=100, gone=100, among=4000)
    save(index, tmp_path, of="it")
    save(index, tmp_path, of="it")
    assert sorted(path.suffix for path in tmp_path.iterdir()) == ["", ".json", ".rows", ".voyager"]
    world.change(added=20, gone=20, among=4000)
    again = started(world, tmp_path)
    assert isinstance(again, GraphIndex)
    world.check(again, recall=0.95)
    world.change(added=300, among=4000)
    too_old = started(world, tmp_path)
    assert isinstance(too_old, ExactIndex)
    world.check(too_old, recall=1)


def test_a_snapshot_of_something_else_is_refused(tmp_path: Path) -> None:
    assert load(tmp_path, of="it", dimensions=DIMENSIONS, parameters=FLOAT) is None
    world, index = World(4), graph_index()
    world.change(index, added=400)
    save(index, tmp_path, of="it")
    for changed in ({"of": "that"}, {"dimensions": 3}, {"parameters": EIGHT_BITS}):
        expected = {"of": "it", "dimensions": DIMENSIONS, "parameters": FLOAT} | changed
        with pytest.raises(SnapshotError, match=f"Its {next(iter(changed))} is another"):
            load(tmp_path, **expected)  # type: ignore[arg-type]


@pytest.mark.parametrize("suffix", [".voyager", ".rows"])
def test_one_flipped_bit_is_noticed(tmp_path: Path, suffix: str) -> None:
    world, index = World(5), graph_index()
    world.change(index, added=400)
    save(index, tmp_path, of="it")
    (path,) = tmp_path.glob(f"*{suffix}")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(SnapshotError, match="damaged"):
        load(tmp_path, of="it", dimensions=DIMENSIONS, parameters=FLOAT)
    path.unlink()
    with pytest.raises(SnapshotError, match="can't be read"):
        load(tmp_path, of="it", dimensions=DIMENSIONS, parameters=FLOAT)
    (tmp_path / "graph.json").write_text("{")
    with pytest.raises(SnapshotError, match="description"):
        load(tmp_path, of="it", dimensions=DIMENSIONS, parameters=FLOAT)


def test_which_kind_is_due() -> None:
    assert [SMALL.kind_for(count) for count in (0, 300, 301, 900, 901)] == [
        Kind.EXACT, Kind.EXACT, Kind.GRAPH, Kind.GRAPH, Kind.QUANTISED,
    ]  # fmt: skip
    assert SMALL.kind_for(250, now=Kind.GRAPH) is Kind.GRAPH
    assert SMALL.kind_for(230, now=Kind.GRAPH) is Kind.EXACT
    assert SMALL.kind_for(800, now=Kind.QUANTISED) is Kind.QUANTISED
    assert SMALL.kind_for(700, now=Kind.QUANTISED) is Kind.GRAPH


def test_dead_rows_are_swept_out() -> None:
    world = World(6)
    index: Neighbours = ExactIndex(Table(DIMENSIONS))
    sizes = Sizes(exact_below=10_000)
    for _ in range(9):
        assert sizes.due(index) is None
        world.change(index, added=5000, among=100)
        world.change(index, gone=1)
    while (kind := sizes.due(index)) is None:
        world.change(index, added=5000, among=100)
    assert kind is Kind.EXACT
    fresh = built(world, index, kind, sizes)
    assert kind_of(fresh) is Kind.EXACT
    assert fresh.table.view.dead < 100
    world.check(fresh, recall=1)


def test_readers_go_on_while_a_graph_grows() -> None:
    """Vectors come and go under the readers; every answer is full and of what is there."""
    world, index = World(7), graph_index()
    world.change(index, added=800, among=1000)
    ended, answers, failures = threading.Event(), [0], list[str]()

    def read() -> None:
        chance = np.random.default_rng(8)
        while not ended.is_set():
            found = index.nearest(chance.normal(size=DIMENSIONS).astype(np.float32), 10)
            answers[0] += 1
            if len(set(found.ids.tolist())) != 10:
                failures.append(f"{len(found)} found")

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for _ in range(40):
        world.change(index, added=60, gone=20, among=1000)
    ended.set()
    for reader in readers:
        reader.join(30)
    assert failures == []
    assert answers[0] > 0
    world.check(index, recall=0.95)
