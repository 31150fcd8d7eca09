"""Whatever becomes of the hints, one believed walk later we know what the server holds."""

import itertools
from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from segue.model import LibraryChanged, Track, TrackChanged, TrackGone, TrackId
from segue.sdk import Unavailable
from tests.daemon.library.conftest import Library
from tests.fakes.memory import MemoryServer

_numbers = itertools.count()
ids = st.sampled_from([TrackId(name) for name in "abcdef"])
acts = st.one_of(
    st.tuples(st.just("hold"), ids, st.sampled_from(["x", "y", None])),
    st.tuples(st.just("retag"), ids),
    st.tuples(st.just("remove"), ids),
    st.tuples(st.just("rename"), ids, ids),
    st.tuples(st.just("hint"), ids),
    st.tuples(st.just("gone"), ids),
    st.tuples(st.just("vague")),
    st.tuples(st.just("drain")),
    st.tuples(st.just("walk")),
    st.tuples(st.just("break"), st.integers(0, 5)),
    st.tuples(st.just("away"), ids),
)


def _change(server: MemoryServer, act: tuple[Any, ...], revision: str) -> None:
    match act:
        case ("hold", track, content):
            server.hold(Track(id=track, title=revision, revision=revision, content_key=content))
        case ("retag", track) if track in server.tracks:
            server.hold(replace(server.tracks[track], title=revision, revision=revision))
        case ("remove", track):
            server.tracks.pop(track, None)
        case ("rename", old, new) if old in server.tracks:
            server.hold(replace(server.tracks.pop(old), id=new, revision=revision))


async def _hint(library: Library, act: tuple[Any, ...]) -> None:
    match act:
        case ("hint", track):
            await library.accept(TrackChanged(track), TrackChanged(track))
        case ("gone", track):
            await library.accept(TrackGone(track))
        case ("vague",):
            await library.accept(LibraryChanged())
        case ("drain",):
            await library.drain()
        case ("walk",):
            await library.walk()
        case ("break", after):
            await _broken_walk(library, after)
        case ("away", track):
            await library.accept(TrackChanged(track))
            library.far.fault = Unavailable("Away.")
            await library.drain()
            library.far.fault = None


async def _broken_walk(library: Library, after: int) -> None:
    library.far.break_after, library.far.break_with = after, Unavailable("Broken off.")
    try:
        await library.walk()
    except Unavailable:
        pass
    finally:
        library.far.break_after = library.far.break_with = None


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(acts, max_size=25))
async def test_we_converge_to_the_servers_truth(library: Library, course: list[tuple[Any, ...]]) -> None:
    added = await library.registry.add(f"server-{next(_numbers)}", "memory", {})
    assert added is not None
    library.server = added.id
    library.far.tracks.clear()
    for number, act in enumerate(course):
        _change(library.far, act, str(number))
        await _hint(library, act)
    await library.drain()
    while (await library.walk()).doubted:
        pass
    present = await library.present()
    assert {id_: row.title for id_, row in present.items()} == {
        id_: track.title for id_, track in library.far.tracks.items()
    }
    assert not set(await library.missing()) & set(present)
    by_content: dict[str, set[int]] = {}
    for id_, track in library.far.tracks.items():
        if track.content_key:
            by_content.setdefault(track.content_key, set()).add(present[id_].recording_id)
    assert all(len(recordings) == 1 for recordings in by_content.values())
