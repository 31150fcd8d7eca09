"""Lists of people that ask by their name to be filled."""

import pytest

from segue.model import RecordingId, TrackId
from segue.publishing.asked import WishKind, seeds_of, wish_of, woven
from segue.store import copies, playlists
from tests.daemon.publishing.conftest import House, ids, insist, shown
from tests.fakes.playlists import ListServer, Manner, When

MANNERS: list[Manner] = ["ids", "names", "files"]


@pytest.fixture(params=MANNERS)
async def far(house: House, request: pytest.FixtureRequest) -> ListServer:
    far = await house.add_server(request.param)
    house.fill_with = tuple(await house.recordings(5, 6, 7))
    return far


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("~radio", WishKind.RADIO), ("~Mix of mine", WishKind.MIX), (" ~ path home", WishKind.PATH),
        ("~radiohead", None), ("radio", None), ("my ~radio", None), ("~", None), ("~other", None),
    ],
)  # fmt: skip
def test_the_name_asks(name: str, kind: WishKind | None) -> None:
    assert wish_of(name, "~") == kind


def test_an_empty_prefix_asks_for_nothing() -> None:
    assert wish_of("radio", "") is None


async def test_a_list_is_filled_behind_its_first_songs(house: House, far: ListServer) -> None:
    far.person_makes("~radio evening", ids(far, 1, 2))
    await house.look()
    assert shown(far) == {"~radio evening": [1, 2, 5, 6, 7]}
    assert [wish.seeds for wish in house.filled] == [tuple(await house.recordings(1, 2))]
    edits = far.edits
    await house.look()
    assert far.edits == edits
    async with house.pool.connection() as c:
        [playlist] = await playlists.list_(c)
        [copy] = await copies.of_playlist(c, playlist.id)
    assert (playlist.songs, copy.up_to_date) == (5, True)


async def test_other_first_songs_fill_it_anew_and_a_song_taken_out_stays_out(
    house: House, far: ListServer
) -> None:
    id_ = far.person_makes("~radio", ids(far, 1))
    await house.look()
    far.person_edits(id_, ids(far, 1, 5, 7, 9))
    house.fill_with = tuple(await house.recordings(8, 6, 5))
    await house.look()
    assert shown(far) == {"~radio": [1, 9, 8, 5]}
    assert house.filled[-1].seeds == tuple(await house.recordings(1, 9))
    assert house.filled[-1].banned == frozenset(await house.recordings(6))


async def test_a_song_that_is_banned_from_outside_goes_at_once(house: House, far: ListServer) -> None:
    far.person_makes("~radio", ids(far, 1))
    await house.look()
    async with house.pool.connection() as c:
        [playlist] = await playlists.list_(c)
        await playlists.pin(c, playlist.id, await house.recordings(6), banned=True)
        await playlists.stale(c, playlist.id)
    await house.look()
    assert shown(far) == {"~radio": [1, 5, 7]}


async def test_a_list_without_songs_waits_and_other_lists_are_left_alone(
    house: House, far: ListServer
) -> None:
    far.person_makes("~mix", [])
    far.person_makes("My radio", ids(far, 3))
    await house.look()
    await house.look()
    assert shown(far) == {"~mix": [], "My radio": [3]}
    assert far.edits == 0


async def test_a_list_that_asks_no_more_is_forgotten_but_stays(house: House, far: ListServer) -> None:
    id_ = far.person_makes("~radio", ids(far, 1))
    await house.look()
    far.person_renames(id_, "Keep this")
    await house.look()
    async with house.pool.connection() as c:
        assert await playlists.list_(c) == []
    assert shown(far) == {"Keep this": [1, 5, 6, 7]}


async def test_a_list_that_was_withdrawn_is_filled_no_more(house: House, far: ListServer) -> None:
    id_ = far.person_makes("~radio", ids(far, 1))
    await house.look()
    async with house.pool.connection() as c:
        [playlist] = await playlists.list_(c)
        await playlists.change(c, playlist.id, withdrawn=True)
    far.person_edits(id_, ids(far, 2))
    await house.look()
    await house.look()
    assert shown(far) == {"~radio": [2]}


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("name", ["~radio", "~path"])
async def test_a_fault_at_any_request_costs_nobody_a_song(
    house: House, far: ListServer, name: str, when: When
) -> None:
    four = [1, 5, 6, 2] if name == "~path" else [1, 2, 5, 6]
    for at in range(1, 16):
        async with house.pool.connection() as c:
            await c.execute("delete from playlists")
        far.lists.clear()
        far.steps, far.break_at, far.when, far.dies = 0, at, when, at % 2 == 0
        house.fill_with = tuple(await house.recordings(*([1, 5, 6, 2] if name == "~path" else [5, 6])))
        house.keeps_seeds = name == "~path"
        id_ = far.person_makes(name, ids(far, 1, 2))
        await insist(house)
        assert shown(far) == {name: four}, at
        house.fill_with = tuple(await house.recordings(*([1, 8, 2, 9, 3] if name == "~path" else [8, 9])))
        far.person_edits(id_, ids(far, *four, 3))
        await insist(house)
        assert shown(far) == {name: [1, 8, 2, 9, 3] if name == "~path" else [1, 2, 3, 8, 9]}, at
        assert house.filled[-1].banned == frozenset()


def test_their_songs_keep_their_order_on_a_path() -> None:
    a, b, b2, x, g = map(TrackId, ("a", "b", "b2", "x", "g"))
    one, two, seven = map(RecordingId, (1, 2, 7))
    seeds = [(a, one), (b, two), (x, None)]
    assert woven(seeds, [(one, a), (seven, g), (two, b2)], between=True) == (a, g, b, x)
    assert woven(seeds, [(seven, g)], between=False) == (a, b, x, g)


def test_a_song_of_ours_before_theirs_becomes_theirs() -> None:
    ours, theirs = [TrackId("f"), TrackId("g")], [TrackId("a"), TrackId("b")]
    present = [ours[0], theirs[0], ours[1], theirs[1]]
    assert seeds_of(present, ours) == (ours[0], *theirs)
    assert seeds_of(ours, ours) == ()
