"""A walk is the truth, and no fault ever looks like an empty library."""

import asyncio
from dataclasses import replace

import pytest

from segue.library.walk import Revoked
from segue.model import TrackId
from segue.sdk import AuthFailed, Malformed, Unavailable
from segue.store import servers
from tests.daemon.library.conftest import Library, songs


async def test_a_first_walk_lists_and_wants_everything(library: Library) -> None:
    library.far.hold(*songs(1234))
    outcome = await library.walk()
    assert (outcome.listed, outcome.new, outcome.changed, outcome.gone) == (1234, 1234, 0, 0)
    assert len(await library.present()) == await library.wanted() == 1234
    assert set(library.woken) == {"analyse"}
    assert sum(library.reports) == 1234


async def test_a_second_walk_writes_nothing(library: Library) -> None:
    library.far.hold(*songs(700))
    await library.walk()
    async with library.pool.connection() as c:
        before = await (await c.execute("select xmin, ctid, * from tracks order by id")).fetchall()
    library.woken.clear()
    outcome = await library.walk()
    assert (outcome.listed, outcome.new, outcome.changed, outcome.gone) == (700, 0, 0, 0)
    assert library.woken == []
    async with library.pool.connection() as c:
        assert await (await c.execute("select xmin, ctid, * from tracks order by id")).fetchall() == before


async def test_what_is_gone_is_missing_and_may_come_back_unheard(library: Library) -> None:
    held = songs(10)
    library.far.hold(*held)
    await library.walk()
    await library.hear_everything()
    del library.far.tracks[held[3].id]
    assert (await library.walk()).gone == 1
    assert set(await library.missing()) == {held[3].id}
    library.far.hold(held[3])
    assert (await library.walk()).changed == 1
    assert len(await library.present()) == 10
    assert await library.wanted() == 0


async def test_a_rename_keeps_the_recording(library: Library) -> None:
    library.far.hold(*songs(10))
    await library.walk()
    await library.hear_everything()
    old = library.far.tracks.pop(TrackId("4.flac"))
    recording = (await library.present())[old.id].recording_id
    library.far.hold(replace(old, id=TrackId("renamed.flac")))
    outcome = await library.walk()
    assert (outcome.new, outcome.gone, outcome.renamed) == (0, 0, 1)
    assert (await library.present())[TrackId("renamed.flac")].recording_id == recording
    assert await library.wanted() == 0


async def test_new_tags_are_no_new_sound_but_other_content_is(library: Library) -> None:
    [song] = songs(1)
    library.far.hold(song)
    await library.walk()
    await library.hear_everything()
    library.far.hold(replace(song, revision="2", title="Better"))
    assert (await library.walk()).changed == 1
    assert (await library.present())[song.id].title == "Better"
    assert await library.wanted() == 0
    library.far.hold(replace(song, revision="3", content_key="other"))
    assert (await library.walk()).changed == 1
    assert await library.wanted() == 1


async def test_equal_content_is_one_recording(library: Library) -> None:
    one, two = songs(2)
    library.far.hold(one, replace(two, content_key=one.content_key))
    await library.walk()
    assert len({row.recording_id for row in (await library.present()).values()}) == 1
    assert await library.wanted() == 1


async def test_without_content_keys_every_track_has_a_recording_of_its_own(library: Library) -> None:
    library.far.hold(*(replace(song, content_key=None, bytes=5, seconds=3.0) for song in songs(3)))
    await library.walk()
    await library.hear_everything()
    assert len({row.recording_id for row in (await library.present()).values()}) == 3
    first = next(iter(library.far.tracks.values()))
    library.far.hold(replace(first, revision="2", title="Retagged"))
    await library.walk()
    assert await library.wanted() == 0
    library.far.hold(replace(first, revision="3", bytes=6))
    await library.walk()
    assert await library.wanted() == 1


@pytest.mark.parametrize("fault", [Unavailable("Gone."), AuthFailed("No."), Malformed("What?"), ValueError()])
async def test_a_walk_that_breaks_off_loses_nothing(library: Library, fault: Exception) -> None:
    library.far.hold(*songs(1000))
    await library.walk()
    library.far.hold(*(replace(song, revision="2", title="New") for song in songs(400)))
    library.far.break_after, library.far.break_with = 600, fault
    with pytest.raises(Unavailable if isinstance(fault, Malformed) else type(fault)):
        await library.walk()
    assert len(await library.present()) == 1000
    assert await library.missing() == {}
    titles = [row.title for row in (await library.present()).values()]
    assert titles.count("New") == 400


@pytest.mark.parametrize(("held", "left"), [(30, 19), (30, 0), (3, 1), (1, 0)])
async def test_a_great_loss_needs_a_second_opinion(library: Library, held: int, left: int) -> None:
    library.far.hold(*songs(held))
    await library.walk()
    library.far.tracks = {song.id: song for song in songs(left)}
    first = await library.walk()
    assert (first.doubted, first.gone) == (held - left, 0)
    assert len(await library.present()) == held
    second = await library.walk()
    assert (second.doubted, second.gone) == (0, held - left)
    assert len(await library.present()) == left
    async with library.pool.connection() as c:
        row = await servers.get(c, library.server)
    assert row is not None
    assert row.loss_doubted_at is None


async def test_a_second_opinion_that_differs_is_none(library: Library) -> None:
    library.far.hold(*songs(100))
    await library.walk()
    library.far.tracks = {}
    assert (await library.walk()).doubted == 100
    library.far.tracks = {song.id: song for song in songs(40)}
    assert (await library.walk()).doubted == 60
    library.far.tracks = {song.id: song for song in songs(100)}
    assert (await library.walk()).gone == 0
    assert len(await library.present()) == 100


async def test_a_third_may_go_at_once(library: Library) -> None:
    library.far.hold(*songs(30))
    await library.walk()
    library.far.tracks = {song.id: song for song in songs(20)}
    assert (await library.walk()).gone == 10


async def test_a_revoked_walk_stops_before_its_next_commit(library: Library) -> None:
    library.far.hold(*songs(2000))
    library.revoked_after = 2  # the beginning, and one batch
    with pytest.raises(Revoked):
        await library.walk()
    assert len(await library.present()) == 500


async def test_a_hint_while_listing_outlives_the_walk(library: Library) -> None:
    library.far.hold(*songs(10))
    await library.walk()
    gone = library.far.tracks.pop(TrackId("3.flac"))
    new = replace(gone, id=TrackId("new.flac"), content_key="new")

    async def restore_and_tell() -> None:
        from segue.model import TrackChanged

        library.far.hold(gone, new)
        await library.accept(TrackChanged(gone.id), TrackChanged(new.id))
        await library.drain()

    library.far.while_listing.append(restore_and_tell)
    assert (await library.walk()).gone == 0
    assert {gone.id, new.id} <= set(await library.present())


async def test_text_that_no_database_holds_is_made_fit(library: Library) -> None:
    [song] = songs(1)
    library.far.hold(replace(song, title="a\0b\udcff", genres=("x\0",)), replace(song, id=TrackId("bad\0id")))
    await library.walk()
    rows = await library.present()
    assert {id_: row.title for id_, row in rows.items()} == {song.id: "a b?"}
    assert (await library.walk()).changed == 0


async def test_two_walks_of_two_servers_share_new_recordings(library: Library) -> None:
    other = await library.registry.add("cellar", "memory", {})
    assert other is not None
    twin = Library(library.pool, library.registry, library.far, other.id)
    library.far.hold(*songs(3000))
    await asyncio.gather(library.walk(), twin.walk())
    assert await library.wanted() == 3000
    assert {row.recording_id for row in (await library.present()).values()} == {
        row.recording_id for row in (await twin.present()).values()
    }
