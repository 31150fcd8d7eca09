"""What playlists remember: versions only of what differs, wishes, and recordings that became one."""

from segue.model import Quality, Track, TrackId
from segue.similarity.recipes import Recipe
from segue.store import identity, playlists, recordings, servers, tracks
from segue.store.playlists import Kind, NewPlaylist
from tests.daemon.publishing.conftest import House


async def test_a_version_is_kept_only_of_what_differs(house: House) -> None:
    await house.add_server("ids")
    playlist = await house.make("Mix", 1, 2)
    songs = await house.recordings(1, 2)
    async with house.pool.connection() as c:
        assert await playlists.add_version(c, playlist, songs) is None
        made = await playlists.add_version(c, playlist, songs[::-1])
        assert made is not None
        assert (made.number, made.songs) == (2, 2)
        assert [one.number for one in await playlists.versions(c, playlist)] == [2, 1]
        first = await playlists.version(c, playlist, 1)
        assert first is not None
        assert await playlists.entries(c, first.id) == songs


async def test_the_last_wish_counts(house: House) -> None:
    await house.add_server("ids")
    playlist = await house.make("Mix", 1)
    one, two = await house.recordings(1, 2)
    async with house.pool.connection() as c:
        await playlists.pin(c, playlist, [two, one], banned=False)
        await playlists.pin(c, playlist, [one], banned=True)
        pins = await playlists.pins(c, playlist)
        assert (pins.pinned, pins.banned) == ((two,), frozenset({one}))
        assert await playlists.unpin(c, playlist, [one, two]) == 2
        assert await playlists.pins(c, playlist) == playlists.Pins()


async def test_a_playlist_counts_the_songs_that_it_holds(house: House) -> None:
    await house.add_server("ids")
    playlist = await house.make("Mix", 1, 2, 3, 4)
    one, two, five, six = await house.recordings(1, 2, 5, 6)

    async def songs() -> int:
        async with house.pool.connection() as c:
            [found] = await playlists.list_(c)
        return found.songs

    assert await songs() == 4
    async with house.pool.connection() as c:
        await playlists.pin(c, playlist, [one, six], banned=True)
        await playlists.pin(c, playlist, [two, five], banned=False)
    assert await songs() == 4
    async with house.pool.connection() as c:
        await c.execute("update playlists set songs_at_most = 3")
    assert await songs() == 3
    async with house.pool.connection() as c:
        await c.execute("update playlists set songs_at_most = 1")
    assert await songs() == 2
    async with house.pool.connection() as c:
        await playlists.create(c, NewPlaylist(name="Empty", kind=Kind.STATIC))
        assert [found.songs for found in await playlists.list_(c)] == [2, 0]


async def test_recordings_that_become_one_keep_their_places_wishes_and_recipes(house: House) -> None:
    await house.add_server("ids")
    one, two, three = await house.recordings(1, 2, 3)
    playlist = await house.make("Mix", 1, 2, 3)
    recipe = Recipe(kind="similar", seeds=(two, three))
    async with house.pool.connection() as c:
        made = await playlists.create(
            c, NewPlaylist(name="Like two", kind=Kind.RECIPE, recipe=recipe.as_json())
        )
        await playlists.pin(c, playlist, [two], banned=True)
        assert await recordings.merge(c, keep=one, gone=two)
        version = await playlists.version(c, playlist)
        assert version is not None
        assert await playlists.entries(c, version.id) == [one, three]
        assert (await playlists.pins(c, playlist)).banned == frozenset({one})
        found = await playlists.get(c, made)
        assert found is not None
        assert Recipe.from_json(found.recipe or {}).seeds == (one, three)


async def test_a_track_that_joins_a_known_recording_takes_wishes_along(house: House) -> None:
    await house.add_server("ids")
    [known] = await house.recordings(1)
    lone = Track(id=TrackId("lone"), title="Song 1", artist="Ada", album="First", seconds=60.0, revision="1")
    async with house.pool.connection() as c:
        await c.execute(
            "update tracks set artist = 'Ada', album = 'First', seconds = 60 where title = 'Song 1'"
        )
        row = await servers.insert(
            c, name="late", kind="memory", origin="api", config_sealed=b"", hook_secret_sealed=b""
        )
        assert row is not None
        [made] = await identity.recordings_for(c, [lone], Quality.FAST, alike=False)
        await tracks.insert(c, row.id, [(lone, made)])
    playlist = await house.make("Mix", 2)
    async with house.pool.connection() as c:
        await playlists.pin(c, playlist, [made], banned=False)
        assert await identity.adopt(c) > 0
        assert known in (await playlists.pins(c, playlist)).pinned
