"""What is kept ready is what a comparison with all would say, whatever came and went since."""

import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segue.index import ExactIndex, NearestLists, Table
from segue.index.exact import scan
from segue.index.lists_file import load, save
from segue.index.snapshot import SnapshotError
from tests.daemon.index.histories import DIMENSIONS, World

actions = st.lists(
    st.one_of(
        st.tuples(st.just("change"), st.integers(0, 700), st.integers(0, 200)),
        st.tuples(st.just("advance"), st.integers(1, 6), st.just(0)),
        st.tuples(st.sampled_from(["compact", "restart", "restart elsewhere"]), st.just(0), st.just(0)),
    ),
    max_size=12,
)


@settings(max_examples=40, deadline=None)
@given(actions, st.integers(0, 1000))
def test_they_say_what_a_scan_says_after_any_changes_moves_and_restarts(
    tmp_path_factory: pytest.TempPathFactory, history: list[tuple[str, int, int]], seed: int
) -> None:
    folder = tmp_path_factory.mktemp("lists")
    world, table = World(seed), Table(DIMENSIONS)
    world.change(ExactIndex(table), added=900)
    lists = NearestLists(table)
    for what, number, gone in history:
        if what == "change":
            world.change(ExactIndex(table), added=number, gone=gone)
        elif what == "advance":
            for _ in range(number):
                lists.advance()
        else:
            kept = lists.kept()
            if what == "compact":
                table = Table.compacted(table.view, DIMENSIONS)
            else:
                save(kept, folder, of="these")
                table = Table(DIMENSIONS)
                if what == "restart elsewhere":
                    world.change(ExactIndex(Table(DIMENSIONS)), added=300, gone=50)
                world.tell_all(ExactIndex(table))
                again = load(folder, of="these")
                assert again is not None
                kept = again
            lists = NearestLists(table, kept)
        compare(lists, sorted(world.vectors))
    finish(lists)
    assert len(table.view) - lists.listed < 256
    compare(lists, sorted(world.vectors))


def test_they_are_mended_for_what_comes_and_serve_long_after_much_died() -> None:
    world, table = World(3), Table(DIMENSIONS)
    index = ExactIndex(table)
    world.change(index, added=6000, among=10**6)
    lists = NearestLists(table)
    assert compare(lists, sorted(world.vectors), counts=(10, 60)) == 0
    finish(lists)
    assert lists.listed == len(table)
    assert compare(lists, sorted(world.vectors)) == 1
    for _ in range(6):
        world.change(index, added=1000, gone=100, among=10**6)
        finish(lists)
        assert compare(lists, sorted(world.vectors), counts=(51, 100)) > 0.9
    assert len(table.view) - lists.listed < 256


def test_what_is_half_made_goes_on_after_a_restart() -> None:
    world, table = World(6), Table(DIMENSIONS)
    world.change(ExactIndex(table), added=3000, among=10**6)
    lists = NearestLists(table)
    for _ in range(6):
        lists.advance()
    again = Table(DIMENSIONS)
    world.tell_all(ExactIndex(again))
    lists = NearestLists(again, lists.kept())
    assert lists.listed == 6 * 256
    finish(lists)
    assert lists.listed == len(again)
    assert compare(lists, sorted(world.vectors), counts=(51, 100)) > 0.9


def test_where_all_are_the_same_nothing_is_ready_but_the_recording_itself() -> None:
    table = Table(DIMENSIONS)
    index = ExactIndex(table)
    ids = np.arange(1, 1501)
    index.apply(ids, ids, np.tile(np.ones(DIMENSIONS, np.float32), (1500, 1)), [])
    lists = NearestLists(table)
    finish(lists)
    index.apply(ids + 2000, ids, np.tile(np.ones(DIMENSIONS, np.float32), (1500, 1)), [])
    finish(lists)
    assert compare(lists, [7, 3100], counts=(2, 50)) == 0


def test_readers_meet_no_half_written_list() -> None:
    world, table = World(4), Table(DIMENSIONS)
    index = ExactIndex(table)
    world.change(index, added=3000, among=10**6)
    lists = NearestLists(table)
    finish(lists)
    world.change(index, added=4000, among=10**6)
    asked = sorted(world.vectors)[::7]
    writer = threading.Thread(target=finish, args=[lists])
    writer.start()
    served = 0.0
    while writer.is_alive():
        served += compare(lists, asked[:50])
    writer.join()
    assert served > 0
    assert compare(lists, asked) == 1


def test_only_sound_lists_come_back(tmp_path: Path) -> None:
    world, table = World(5), Table(DIMENSIONS)
    world.change(ExactIndex(table), added=900)
    lists = NearestLists(table)
    assert load(tmp_path, of="these") is None
    finish(lists)
    kept = lists.kept()
    save(kept, tmp_path, of="these")
    with pytest.raises(SnapshotError, match="something else"):
        load(tmp_path, of="others")
    (path,) = tmp_path.glob("*.npz")
    whole = path.read_bytes()
    for damaged in (whole[: len(whole) // 2], flipped(whole, len(whole) // 2), b"", b"PK\x03\x04nonsense"):
        path.write_bytes(damaged)
        with pytest.raises(SnapshotError, match="can't be read"):
            load(tmp_path, of="these")
    save(kept._replace(ids=kept.ids[:-1]), tmp_path, of="these")
    with pytest.raises(SnapshotError, match="fit together"):
        load(tmp_path, of="these")


def finish(lists: NearestLists) -> None:
    while lists.is_due:
        lists.advance()


def flipped(content: bytes, at: int) -> bytes:
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


def compare(lists: NearestLists, ids: Sequence[int], *, counts: Sequence[int] = (1, 10, 60)) -> float:
    """Every answer is a true one; returns the share of questions that had an answer."""
    answered = asked = 0
    for recording in np.random.default_rng(len(ids)).permutation(ids)[:25].tolist():
        for count in counts:
            asked += 1
            found = lists.nearest(recording, count)
            if found is None:
                continue
            answered += 1
            view, (row,) = lists.table.find([recording])
            true = scan(view, view.units[row], count)
            assert len(set(found.ids.tolist())) == len(found) == len(true)
            assert np.abs(found.distances - true.distances).max() < 3e-6
            assert set(found.ids.tolist()) <= set(view.ids[view.alive].tolist())
    return answered / asked if asked else 1.0
