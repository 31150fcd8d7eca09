"""A server that gives its tracks other ids is recognised by its files: nothing is gone, nothing is new."""

import itertools
from dataclasses import replace

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from segue.library.renaming import choose, recording_of
from segue.model import RecordingId, Track, TrackChanged, TrackId
from segue.store.renames import Candidate
from segue_navidrome.ids import canonical
from tests.daemon.library.conftest import Library

_numbers = itertools.count()
candidates = st.lists(
    st.builds(
        Candidate,
        number=st.integers(0, 5),
        key=st.integers(0, 5),
        track_id=st.just(TrackId("old")),
        recording_id=st.just(RecordingId(1)),
        content_key=st.sampled_from([None, "a", "b"]),
        evidence=st.sampled_from(["content", "path", "words"]),
    )
)


@given(candidates, st.sets(st.integers(0, 5)))
def test_nobody_is_chosen_twice_and_the_best_evidence_wins(found: list[Candidate], taken: set[int]) -> None:
    chosen = choose(found, taken=taken)
    keys = [one.key for one in chosen.values()]
    assert len(set(keys)) == len(keys)
    assert not set(keys) & taken
    assert all(one in found and one.number == number for number, one in chosen.items())
    for one in found:  # whoever was passed over had its number or its key given to nothing weaker
        if one.evidence == "content" and one.key not in taken:
            rivals = [
                other for other in chosen.values() if one.number == other.number or one.key == other.key
            ]
            assert rivals
            assert any(other.evidence == "content" for other in rivals)


@given(candidates)
def test_what_is_known_to_sound_differently_keeps_no_recording(found: list[Candidate]) -> None:
    for one in found:
        track = Track(id=TrackId("new"), title="", revision="1", content_key="a")
        assert (recording_of(track, one) is None) == (one.content_key == "b")
        assert recording_of(replace(track, content_key=None), one) == one.recording_id


def keyless(count: int) -> list[Track]:
    """As a server far away lists them: no file of theirs is ours to compare."""
    return [
        Track(
            id=TrackId(f"{n:032x}"),
            title=f"Song {n}",
            revision="1",
            artist="Ada",
            album="Water",
            track_number=n,
            seconds=100.0 + n,
            bytes=1000 + n,
            format="mp3",
            path=f"Ada/Water/{n}.mp3",
        )
        for n in range(count)
    ]


async def test_other_ids_for_everything_are_neither_new_nor_gone(library: Library) -> None:
    library.far.hold(*keyless(1200))
    await library.walk()
    await library.hear_everything()
    before = {row.title: row for row in (await library.present()).values()}
    library.far.tracks.clear()
    library.far.hold(*(replace(track, id=TrackId(canonical(track.id))) for track in keyless(1200)))
    outcome = await library.walk()
    assert (outcome.renamed, outcome.new, outcome.gone, outcome.doubted) == (1200, 0, 0, 0)
    after = await library.present()
    assert set(after) == set(library.far.tracks)
    assert await library.missing() == {}
    assert await library.wanted() == 0
    for row in after.values():
        assert (row.id, row.recording_id) == (before[row.title].id, before[row.title].recording_id)
    assert (await library.walk()).renamed == 0


async def test_a_rename_that_a_hint_told_before_the_walk_keeps_its_place(library: Library) -> None:
    songs = [replace(track, content_key=f"key {track.id}") for track in keyless(12)]
    library.far.hold(*songs)
    await library.walk()
    before = {row.title: row.id for row in (await library.present()).values()}
    library.far.tracks.clear()
    moved = [replace(song, id=TrackId(f"moved {song.id}"), path=f"moved {song.path}") for song in songs]
    library.far.hold(*moved)
    await library.accept(*(TrackChanged(song.id) for song in moved))
    await library.drain()
    outcome = await library.walk()
    assert (outcome.renamed, outcome.new, outcome.gone, outcome.doubted) == (12, 0, 0, 0)
    assert {row.title: row.id for row in (await library.present()).values()} == before
    assert await library.missing() == {}


async def test_a_copy_is_no_rename(library: Library) -> None:
    [song] = [replace(track, content_key="key") for track in keyless(1)]
    library.far.hold(song)
    await library.walk()
    copied = replace(song, id=TrackId("copy"), path="elsewhere.mp3")
    library.far.tracks.clear()
    library.far.hold(copied, song)  # the copy comes first
    outcome = await library.walk()
    assert (outcome.renamed, outcome.new, outcome.gone) == (0, 1, 0)
    rows = await library.present()
    assert {row.recording_id for row in rows.values()} == {rows[song.id].recording_id}


async def test_another_file_at_the_same_path_is_heard(library: Library) -> None:
    [song] = [replace(track, content_key="key") for track in keyless(1)]
    library.far.hold(song)
    await library.walk()
    await library.hear_everything()
    library.far.tracks.clear()
    library.far.hold(replace(song, id=TrackId("new"), content_key="other"))
    assert (await library.walk()).renamed == 1
    assert await library.wanted() == 1


keys = st.sampled_from([None, "x", "y", "z"])
names = st.sampled_from(list("abcdef"))


async def test_a_removed_copy_is_gone_and_the_other_stays(library: Library) -> None:
    one, copy = (_song(name, "key", "same.mp3") for name in "ab")
    library.far.hold(one, copy, *keyless(4))
    await library.walk()
    before = await library.present()
    del library.far.tracks[copy.id]
    outcome = await library.walk()
    assert (outcome.renamed, outcome.new, outcome.gone) == (0, 0, 1)
    assert (await library.present())[one.id].id == before[one.id].id


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example({"a": ("z", "a"), "b": ("z", "a"), "c": (None, "a")}, {"a": "c", "b": "d"})
@given(
    st.dictionaries(names, st.tuples(keys, names), max_size=6),
    st.dictionaries(names, names, max_size=6),
)
async def test_whatever_is_renamed_one_walk_later_we_know_it(
    library: Library, held: dict[str, tuple[str | None, str]], other_names: dict[str, str]
) -> None:
    added = await library.registry.add(f"server-{next(_numbers)}", "memory", {})
    assert added is not None
    library.server = added.id
    library.far.tracks.clear()
    library.far.hold(*(_song(name, key, path) for name, (key, path) in held.items()))
    await library.walk()
    keys_before = {row.id for row in (await library.present()).values()}
    moved = {other_names.get(name, name): track for name, track in library.far.tracks.items()}
    library.far.tracks.clear()
    library.far.hold(*(replace(track, id=TrackId(name)) for name, track in moved.items()))
    while (outcome := await library.walk()).doubted:
        pass
    present = await library.present()
    paths = await library.paths()
    assert {id_: (row.title, paths[id_]) for id_, row in present.items()} == {
        id_: (track.title, track.path) for id_, track in library.far.tracks.items()
    }
    assert not set(await library.missing()) & set(present)
    assert outcome.renamed <= len({row.id for row in present.values()} & keys_before)


def _song(name: str, key: str | None, path: str) -> Track:
    return Track(id=TrackId(name), title=path, revision=f"{key}{path}", content_key=key, path=path, bytes=1)
