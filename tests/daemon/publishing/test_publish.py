"""Copies follow our playlists and people's edits; nothing of anybody else's is touched."""

import random

import pytest

from segue import publishing
from segue.model import UserId
from segue.store import copies, playlists
from segue.store.playlists import Target
from tests.daemon.publishing.conftest import House, ids, insist, numbers, shown
from tests.fakes.playlists import ListServer, Manner, When

MANNERS: list[Manner] = ["ids", "names", "files"]


@pytest.fixture(params=MANNERS)
async def far(house: House, request: pytest.FixtureRequest) -> ListServer:
    return await house.add_server(request.param)


async def test_a_playlist_appears_and_then_nothing_is_written(house: House, far: ListServer) -> None:
    await house.make("Mix", 3, 1, 2)
    await house.look()
    assert shown(far) == {"Mix": [3, 1, 2]}
    edits = far.edits
    assert await house.look() == 0
    assert far.edits == edits


async def test_other_songs_come_in_place(house: House, far: ListServer) -> None:
    playlist = await house.make("Mix", 1, 2, 3)
    await house.look()
    before = await house.id_of(playlist, far)
    await house.remake(playlist, 3, 4, 5)
    await house.look()
    assert shown(far) == {"Mix": [3, 4, 5]}
    assert await house.id_of(playlist, far) == before


async def test_another_name_of_ours(house: House, far: ListServer) -> None:
    playlist = await house.make("Mix", 1, 2)
    await house.look()
    async with house.pool.connection() as c:
        await playlists.change(c, playlist, name="Better Mix")
    await house.look()
    await house.look()
    assert shown(far) == {"Better Mix": [1, 2]}


async def test_a_persons_list_of_the_same_name_is_left_alone(house: House, far: ListServer) -> None:
    theirs = far.person_makes("Mix", ids(far, 7, 8))
    playlist = await house.make("Mix", 1, 2)
    await house.look()
    await house.remake(playlist, 2, 1)
    await house.look()
    assert far.lists[theirs].name == "Mix"
    assert far.lists[theirs].tracks == ids(far, 7, 8)
    assert len(far.lists) == 2
    async with house.pool.connection() as c:
        await playlists.change(c, playlist, withdrawn=True)
    await house.look()
    assert shown(far) == {"Mix": [7, 8]}


async def test_a_song_taken_out_stays_out(house: House, far: ListServer) -> None:
    playlist = await house.make("Mix", 1, 2, 3)
    await house.look()
    id_ = await house.id_of(playlist, far)
    assert id_ is not None
    far.person_edits(id_, ids(far, 1, 3))
    for wanted in ((1, 2, 3, 4), (2, 3, 4), (4, 2, 1)):
        await house.look()
        await house.remake(playlist, *wanted)
        await house.look()
        assert shown(far) == {"Mix": [one for one in wanted if one != 2]}


async def test_a_song_put_in_stays_where_it_was_put(house: House, far: ListServer) -> None:
    playlist = await house.make("Mix", 1, 2, 3)
    await house.look()
    id_ = await house.id_of(playlist, far)
    assert id_ is not None
    far.person_edits(id_, ids(far, 1, 9, 2, 3))
    await house.look()
    assert shown(far) == {"Mix": [1, 9, 2, 3]}
    await house.remake(playlist, 2, 1, 4)
    await house.look()
    assert shown(far) == {"Mix": [2, 1, 9, 4]}
    await house.remake(playlist, 5, 6)
    await house.look()
    await house.look()
    assert sorted(shown(far)["Mix"]) == [5, 6, 9]


async def test_a_persons_order_stays_until_there_is_something_new(house: House, far: ListServer) -> None:
    playlist = await house.make("Mix", 1, 2, 3)
    await house.look()
    id_ = await house.id_of(playlist, far)
    assert id_ is not None
    far.person_edits(id_, ids(far, 3, 2, 1))
    await house.look()
    await house.look()
    assert shown(far) == {"Mix": [3, 2, 1]}


async def test_a_persons_name_stays(house: House, far: ListServer) -> None:
    playlist = await house.make("Mix", 1, 2, 3)
    await house.look()
    id_ = await house.id_of(playlist, far)
    assert id_ is not None
    far.person_renames(id_, "For Sundays")
    for wanted in ((1, 2, 4), (4, 5, 2), (6, 5, 4)):
        await house.look()
        await house.remake(playlist, *wanted)
        async with house.pool.connection() as c:
            await playlists.change(c, playlist, name=f"Mix {wanted[0]}")
        await house.look()
        assert shown(far) == {"For Sundays": list(wanted)}


async def test_a_deleted_playlist_is_not_made_again_until_asked(house: House, far: ListServer) -> None:
    playlist = await house.make("Mix", 1, 2, 3)
    await house.look()
    far.lists.clear()
    for wanted in ((1, 2, 4), (4, 5, 2), (6, 5, 4)):
        await house.look()
        await house.remake(playlist, *wanted)
        await house.look()
        assert shown(far) == {}
    async with house.pool.connection() as c:
        await copies.ask_again(c, playlist)
    await house.look()
    assert shown(far) == {"Mix": [6, 5, 4]}


async def test_a_server_that_shows_nothing_at_all_is_asked_again(house: House, far: ListServer) -> None:
    for name in ("Mix", "Other"):
        await house.make(name, 1, 2, 3)
    theirs = far.person_makes("~radio", ids(far, 4))
    house.fill_with = tuple(await house.recordings(5, 6))
    await house.look()
    away, far.lists = far.lists, {}
    for _ in range(3):
        with pytest.raises(publishing.DoubtfulError, match="it had 3 that Segue"):
            await house.look()
    assert far.lists == {}
    async with house.pool.connection() as c:
        [one, *_] = await playlists.list_(c)
        [copy] = await copies.of_playlist(c, one.id)
    assert copy.last_error == "It broke."  # what keeps a server from being looked at is told of each copy
    far.lists = away
    await house.look()
    far.person_edits(theirs, ids(far, 4, 5))
    house.fill_with = tuple(await house.recordings(7))
    await house.look()
    assert shown(far) == {"Mix": [1, 2, 3], "Other": [1, 2, 3], "~radio": [4, 7]}
    assert house.filled[-1].banned == frozenset(await house.recordings(6))


async def test_after_a_day_people_did_delete_them_all(house: House, far: ListServer) -> None:
    for name in ("Mix", "Other"):
        await house.make(name, 1, 2, 3)
    await house.look()
    far.lists.clear()
    with pytest.raises(publishing.DoubtfulError):
        await house.look()
    async with house.pool.connection() as c:
        await c.execute("update publishing set empty_since = now() - interval '25 hours'")
    await house.look()
    await house.make("New", 4)
    await house.look()
    assert shown(far) == {"New": [4]}


async def test_where_the_chosen_server_is_gone_a_playlist_is_nowhere(house: House) -> None:
    one, other = await house.add_server("ids"), await house.add_server("ids")
    playlist = await house.make("For Joe", 1, 2)
    async with house.pool.connection() as c:
        await playlists.set_targets(c, playlist, [Target(server=house.key(one), user=UserId("joe"))])
    await house.look()
    async with house.pool.connection() as c:
        await c.execute("delete from servers where id = %s", [house.key(one)])
    del house.far[house.key(one)]
    await house.look()
    assert shown(other) == {}
    async with house.pool.connection() as c:
        await playlists.set_targets(c, playlist, [])
    await house.look()
    assert shown(other) == {"For Joe": [1, 2]}


async def test_a_list_made_something_else_is_let_go(house: House, far: ListServer) -> None:
    playlist = await house.make("Mix", 1, 2, 3)
    await house.look()
    id_ = await house.id_of(playlist, far)
    assert id_ is not None
    far.person_edits(id_, ids(far, 8, 9))
    await house.remake(playlist, 3, 4)
    await house.look()
    async with house.pool.connection() as c:
        await playlists.change(c, playlist, withdrawn=True)
    await house.look()
    assert shown(far) == {"Mix": [8, 9]}


async def test_a_song_that_the_server_lost_is_nobodys_ban(house: House, far: ListServer) -> None:
    playlist = await house.make("Mix", 1, 2, 3)
    await house.look()
    id_ = await house.id_of(playlist, far)
    assert id_ is not None
    lost = ids(far, 2)[0]
    far.songs.remove(lost)
    far.person_edits(id_, ids(far, 1, 3))
    await house.look()
    far.songs |= set(ids(far, 2))
    await house.look()
    assert shown(far) == {"Mix": [1, 2, 3]}


async def test_an_unknown_song_of_a_person_stays(house: House, far: ListServer) -> None:
    playlist = await house.make("Mix", 1, 2)
    await house.look()
    id_ = await house.id_of(playlist, far)
    assert id_ is not None
    far.songs |= set(ids(far, 99))
    far.person_edits(id_, ids(far, 1, 99, 2))
    await house.remake(playlist, 2, 1)
    await house.look()
    await house.look()
    assert shown(far) == {"Mix": [2, 1, 99]}


async def test_what_is_done_on_one_server_is_done_on_all(house: House) -> None:
    one, other = await house.add_server("ids"), await house.add_server("names")
    playlist = await house.make("Mix", 1, 2, 3)
    await house.look()
    id_ = await house.id_of(playlist, one)
    assert id_ is not None
    one.person_edits(id_, ids(one, 1, 3, 9))
    await house.look()
    await house.look()
    assert shown(one) == {"Mix": [1, 3, 9]}
    assert shown(other) == {"Mix": [1, 3, 9]}


async def test_a_server_that_was_not_chosen_loses_its_copy(house: House) -> None:
    one, other = await house.add_server("ids"), await house.add_server("names")
    playlist = await house.make("Mix", 1, 2)
    await house.look()
    async with house.pool.connection() as c:
        await playlists.set_targets(c, playlist, [Target(server=house.key(other))])
    await house.look()
    assert (shown(one), shown(other)) == ({}, {"Mix": [1, 2]})
    async with house.pool.connection() as c:
        await playlists.set_targets(c, playlist, [])
    await house.look()
    assert (shown(one), shown(other)) == ({"Mix": [1, 2]}, {"Mix": [1, 2]})


async def test_a_look_for_people_reads_no_list_that_nobody_touched(house: House) -> None:
    far = await house.add_server("ids")
    playlist = await house.make("Mix", 1, 2, 3)
    await house.look()
    await house.look()
    async with house.pool.connection() as c:
        await c.execute("update playlist_copies set revision_since = now() - interval '1 minute'")
    before = far.steps
    await house.look(asked=False)
    assert far.steps == before + 1  # the listing alone
    id_ = await house.id_of(playlist, far)
    assert id_ is not None
    far.person_edits(id_, ids(far, 1, 3))
    await house.look(asked=False)
    async with house.pool.connection() as c:
        assert (await playlists.pins(c, playlist)).banned == frozenset(await house.recordings(2))


async def test_a_copy_for_each_chosen_account(house: House) -> None:
    far = await house.add_server("ids")
    playlist = await house.make("Mix", 1, 2)
    chosen = [Target(server=house.key(far), user=UserId(name)) for name in ("ann", "bob")]
    async with house.pool.connection() as c:
        await playlists.set_targets(c, playlist, chosen)
    await house.look()
    assert sorted(str(held.owner) for held in far.lists.values()) == ["ann", "bob"]
    assert [held.name for held in far.lists.values()] == ["Mix", "Mix"]


async def test_looking_ahead_writes_nothing(house: House, far: ListServer) -> None:
    playlist = await house.make("Mix", 1, 2, 3)
    journal = await house.journal(house.key(far))
    await journal.copies()
    reading = publishing.Journal(pool=house.pool, look=journal.look, owner=None, grace_hours=1)
    [plan] = await publishing.foresee(publishing.Shelf(far, far, far), reading)
    assert (plan.action, plan.copy.playlist) == ("create", playlist)
    assert far.lists == {}
    assert far.edits == 0


async def _scene(house: House, far: ListServer) -> None:
    """Made, other songs, another name, a person's edits, withdrawn: until all has come to pass."""
    playlist = await house.make("Mix", 1, 2, 3, 4)
    await insist(house)
    await house.remake(playlist, 4, 5, 1)
    await insist(house)
    async with house.pool.connection() as c:
        await playlists.change(c, playlist, name="Other Mix")
    await insist(house)
    assert sorted(shown(far)) == ["Mix", "Other Mix"]
    assert shown(far)["Other Mix"] == [4, 5, 1]
    id_ = await house.id_of(playlist, far)
    assert id_ is not None
    far.person_edits(id_, ids(far, 4, 9, 1))
    await house.remake(playlist, 1, 5, 4, 6)
    await insist(house)
    assert sorted(shown(far)["Other Mix"]) == [1, 4, 6, 9]
    async with house.pool.connection() as c:
        pins = await playlists.pins(c, playlist)
        assert [*pins.banned, *pins.pinned] == await house.recordings(5, 9)
        await playlists.change(c, playlist, withdrawn=True)
    await insist(house)
    assert shown(far) == {"Mix": [7, 8]}


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_fault_at_any_request_loses_and_doubles_nothing(
    house: House, far: ListServer, when: When
) -> None:
    far.person_makes("Mix", ids(far, 7, 8))
    await _scene(house, far)
    steps = far.steps
    assert steps > 20
    for at in range(1, steps + 1):
        await _again(house, far)
        far.steps, far.break_at, far.when, far.dies = 0, at, when, at % 2 == 0
        await _scene(house, far)
        far.break_at = None


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_kill_at_any_entry_of_the_journal_loses_and_doubles_nothing(
    house: House, far: ListServer, when: str
) -> None:
    far.person_makes("Mix", ids(far, 7, 8))
    await _scene(house, far)
    entries = house.kills.entries
    assert entries > 15
    for at in range(1, entries + 1):
        await _again(house, far)
        house.kills.entries, house.kills.at, house.kills.when = 0, at, when
        await _scene(house, far)
        house.kills.at = None


async def _again(house: House, far: ListServer) -> None:
    async with house.pool.connection() as c:
        await c.execute("delete from playlists")
    assert shown(far) == {"Mix": [7, 8]}


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", range(2))
async def test_any_course_of_events_ends_as_the_model_says(house: House, far: ListServer, seed: int) -> None:
    """People and makers act, requests and entries break; songs out stay out, songs in stay in."""
    chance = random.Random(f"{seed} {far.manner}")
    theirs = far.person_makes("Mix", ids(far, 7, 8))
    playlist = await house.make("Mix", 0, 1, 2)
    wanted, banned, pinned = {0, 1, 2}, set[int](), set[int]()
    for _ in range(20):
        far.steps, far.when, far.dies = 0, chance.choice(["before", "after"]), chance.random() < 0.5
        far.break_at = chance.randrange(1, 12)
        house.kills.entries, house.kills.at = 0, chance.randrange(1, 12)
        await insist(house)
        id_ = await house.id_of(playlist, far)
        assert id_ is not None
        match chance.randrange(4):
            case 0:
                wanted = set(chance.sample(range(7), 4))
                await house.remake(playlist, *chance.sample(sorted(wanted), 4))
            case 1 if len(far.lists[id_].tracks) > 2:
                out = chance.choice(far.lists[id_].tracks)
                far.person_edits(id_, [track for track in far.lists[id_].tracks if track != out])
                banned |= set(numbers([out]))
                pinned -= banned
            case 2 if len(pinned) < 3:
                new = chance.choice([one for one in range(9, 12) if one not in pinned])
                place = chance.randrange(len(far.lists[id_].tracks) + 1)
                there = list(far.lists[id_].tracks)
                far.person_edits(id_, [*there[:place], *ids(far, new), *there[place:]])
                pinned.add(new)
                banned.discard(new)
            case _:
                async with house.pool.connection() as c:
                    await playlists.change(c, playlist, name=chance.choice(["Mix", "Other", "Third"]))
        far.break_at = house.kills.at = None
        await insist(house)
        await insist(house)
        assert far.lists[theirs].tracks == ids(far, 7, 8)
        assert len(far.lists) == 2
        [ours] = [held for id_, held in far.lists.items() if id_ != theirs]
        assert set(numbers(ours.tracks)) == (wanted - banned) | pinned
