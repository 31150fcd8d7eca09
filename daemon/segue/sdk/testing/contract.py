"""The adapter contract as tests: an adapter is right when they pass on its fake and on the real server.

class TestFolder(AdapterContract):
    @pytest.fixture
    async def served(self, tmp_path): ...
        yield Served(adapter=adapter, world=world)
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

import pytest

from segue.model import (
    Change,
    LibraryChanged,
    Playlist,
    PlaylistId,
    Track,
    TrackChanged,
    TrackGone,
    TrackId,
)
from segue.sdk.contract import Adapter, Publishes, ReadsPlaylists, Watches
from segue.sdk.errors import AdapterError, NotFound
from segue.sdk.testing.waiting import until
from segue.sdk.testing.world import Song, World

__all__ = ["AdapterContract", "Served"]


_WRONG_IDS = (
    "", "0", "no-such-track", "../../../etc/passwd", "/etc/passwd", ".", "..", "a/../b", "%2e%2e", "ü",
    'quo"te', "back\\slash", "new\nline", "null\0", "x" * 5000, "\udcff",
)  # fmt: skip


_ODD_NAMES = (
    "AC/DC",
    'Say "Hi"',
    "back\\slash",
    "Ünï: çødé 夜",
    "..",
    ".hidden",
    "CON",
    " ",
    "x" * 400,
    "a\nb",
)


async def _nothing() -> None:
    return None


@dataclass(kw_only=True)
class Served:
    """A world, the server that shows it, and a connected adapter.

    `refresh` makes the server see what changed on disk; `stop` makes it unreachable; both may
    take a while. `lends_audio` is False for a server that cannot hand files out. `seconds` is
    how long the server may take to tell of a change. `tells_moves` is False for a server that tells
    neither another id nor another path of a moved file. `keeps_repeats` is False for a server whose
    playlists hold each song once. `foreign_playlist` makes a playlist as a person would.
    """

    adapter: Adapter
    world: World
    refresh: Callable[[], Awaitable[None]] = _nothing
    stop: Callable[[], Awaitable[None]] | None = None
    lends_audio: bool = True
    seconds: float = 20.0
    tells_moves: bool = True
    keeps_repeats: bool = True
    foreign_playlist: Callable[[str, Sequence[TrackId]], Awaitable[PlaylistId]] | None = None

    async def listed(self) -> list[Track]:
        return [track async for track in self.adapter.walk()]

    async def track(self, song: Song) -> Track | None:
        """The track that shows this song now."""
        found = [track for track in await self.listed() if _shows(track, song)]
        return found[0] if found else None

    async def shown(self, song: Song) -> Track:
        """The track that shows this song, as soon as the server tells of it."""
        await self.refresh()

        async def look() -> Track | None:
            return await self.track(song)

        track = await until(look, seconds=self.seconds)
        assert track is not None
        return track


class AdapterContract:
    """Subclasses offer the fixture `served`; what an adapter cannot do is skipped."""

    @pytest.fixture
    async def served(self) -> Served:
        raise NotImplementedError("An adapter's own tests say how it is served.")

    async def test_probe_names_the_product(self, served: Served) -> None:
        info = await served.adapter.probe()
        assert info.product

    async def test_a_walk_lists_every_song_once_with_its_tags(self, served: Served) -> None:
        tracks = await served.listed()
        assert len(tracks) == len({track.id for track in tracks}) == len(served.world.songs)
        for song in served.world.songs:
            [track] = [track for track in tracks if _shows(track, song)]
            assert (track.album, track.track_number) == (song.album, song.number)
            assert track.disc_number in (song.disc, None)
            assert track.year in (song.year, None)
            assert song.genre in (track.genres or (song.genre,))
            assert track.seconds is not None
            assert abs(track.seconds - song.seconds) <= 1
            assert track.revision

    async def test_nothing_changed_is_told_the_same_again(self, served: Served) -> None:
        first = {track.id: track for track in await served.listed()}
        assert {track.id: track for track in await served.listed()} == first

    async def test_get_tells_what_the_walk_tells(self, served: Served) -> None:
        for track in await served.listed():
            assert await served.adapter.get(track.id) == track

    async def test_an_unknown_track_is_not_found(self, served: Served) -> None:
        for wrong in _WRONG_IDS:
            with pytest.raises(NotFound):
                await served.adapter.get(TrackId(wrong))
            if served.lends_audio:
                with pytest.raises(NotFound):
                    async with served.adapter.audio(TrackId(wrong)):
                        pass

    async def test_audio_is_lent_as_a_file_with_the_songs_bytes(self, served: Served) -> None:
        if not served.lends_audio:
            pytest.skip("This server cannot lend audio.")
        for song in served.world.songs:
            track = await served.track(song)
            assert track is not None
            async with served.adapter.audio(track.id) as path:
                assert await asyncio.to_thread(_digest, path) == _digest(served.world.file(song))
                assert path.suffix == ".flac"

    async def test_borrowed_audio_is_cleaned_up(self, served: Served) -> None:
        if not served.lends_audio:
            pytest.skip("This server cannot lend audio.")
        song = served.world.songs[0]
        track = await served.track(song)
        assert track is not None
        with pytest.raises(ZeroDivisionError):
            async with served.adapter.audio(track.id) as path:
                raise ZeroDivisionError
        assert path == served.world.file(song) or not path.exists()

    async def test_a_new_song_appears(self, served: Served) -> None:
        song = served.world.add(Song(artist="New Comer", album="First", title="Hello", number=1, hertz=440))
        track = await served.shown(song)
        assert await served.adapter.get(track.id) == track

    async def test_a_removed_song_is_not_listed_and_not_found(self, served: Served) -> None:
        song = served.world.songs[1]
        track = await served.track(song)
        assert track is not None
        served.world.remove(song)
        await served.refresh()

        async def gone() -> bool:
            return await served.track(song) is None

        await until(gone, seconds=served.seconds)
        with pytest.raises(NotFound):
            await served.adapter.get(track.id)

    async def test_other_tags_are_another_revision_of_the_same_sound(self, served: Served) -> None:
        song = served.world.songs[0]
        before = await served.track(song)
        assert before is not None
        after = await served.shown(served.world.retag(song, title="Dusk"))
        assert after.id == before.id
        assert after.revision != before.revision
        assert after.content_key == before.content_key

    async def test_another_sound_is_another_revision_and_another_content(self, served: Served) -> None:
        song = served.world.songs[0]
        before = await served.track(song)
        assert before is not None
        served.world.rerecord(song, hertz=123)
        await served.refresh()

        async def changed() -> Track | None:
            track = await served.track(song)
            return track if track is not None and track.revision != before.revision else None

        after = await until(changed, seconds=served.seconds)
        assert after is not None
        told = (after.content_key, after.bytes, after.seconds)
        assert told != (before.content_key, before.bytes, before.seconds)

    async def test_a_moved_song_keeps_its_content(self, served: Served) -> None:
        song = served.world.songs[0]
        before = await served.track(song)
        assert before is not None
        served.world.move(song, "Elsewhere")
        await served.refresh()

        async def moved() -> Track | None:
            tracks = [track for track in await served.listed() if _shows(track, song)]
            fresh = [track for track in tracks if track.id != before.id or track.path != before.path]
            moved = fresh if served.tells_moves else tracks
            return moved[0] if len(tracks) == 1 and moved else None

        after = await until(moved, seconds=served.seconds)
        assert after is not None
        assert after.content_key == before.content_key

    async def test_a_server_that_is_away_is_an_error_everywhere(self, served: Served) -> None:
        if served.stop is None:
            pytest.skip("This server cannot be taken away.")
        track = (await served.listed())[0]
        await served.stop()
        with pytest.raises(AdapterError) as told:
            await served.adapter.probe()
        assert not isinstance(told.value, NotFound)
        with pytest.raises(AdapterError) as told:
            await served.listed()
        assert not isinstance(told.value, NotFound)
        with pytest.raises(AdapterError) as told:
            await served.adapter.get(track.id)
        assert not isinstance(told.value, NotFound)

    async def test_a_feed_begins_with_a_look_at_everything_and_tells_of_a_change(
        self, served: Served
    ) -> None:
        if not isinstance(served.adapter, Watches):
            pytest.skip("This server tells nothing by itself.")
        async with asyncio.timeout(3 * served.seconds), aclosing(_Feed(served.adapter)) as feed:
            assert await feed.next() == LibraryChanged()
            song = served.world.add(Song(artist="Late", album="Late", title="Late", number=1, hertz=500))
            track = await served.shown(song)
            await feed.until_told_of(track.id)
            served.world.remove(song)
            await served.refresh()
            await feed.until_told_of(track.id, gone=True)

    async def test_a_playlist_is_kept_exactly(self, served: Served) -> None:
        shelf = await _shelf(served)
        one, two, three = shelf.tracks[:3]
        wanted = (two, one, one, three, one)
        made = await shelf.publish("Mix", wanted)
        assert await shelf.entries(made) == shelf.kept(wanted)
        assert (await shelf.names())[made] == "Mix"

    async def test_publishing_again_replaces_in_place(self, served: Served) -> None:
        shelf = await _shelf(served)
        other = await shelf.publish("Other", shelf.tracks[:2])
        made = await shelf.publish("Mix", shelf.tracks[:5])
        again = await shelf.publish("Mix", shelf.tracks[3:6][::-1], replacing=made)
        assert again == made
        assert await shelf.entries(made) == shelf.tracks[3:6][::-1]
        assert await shelf.entries(other) == shelf.tracks[:2]
        assert sorted((await shelf.names()).values()) == ["Mix", "Other"]

    async def test_a_playlist_may_become_empty_and_full_again(self, served: Served) -> None:
        shelf = await _shelf(served)
        made = await shelf.publish("Mix", shelf.tracks[:3])
        assert await shelf.publish("Mix", (), replacing=made) == made
        assert await shelf.entries(made) == ()
        await shelf.publish("Mix", shelf.tracks[:1], replacing=made)
        assert await shelf.entries(made) == shelf.tracks[:1]
        assert await shelf.entries(await shelf.publish("Nothing", ())) == ()

    async def test_a_long_playlist_is_kept_whole(self, served: Served) -> None:
        shelf = await _shelf(served)
        wanted = (shelf.tracks * 200)[:1301]
        made = await shelf.publish("Long", wanted)
        assert await shelf.entries(made) == shelf.kept(wanted)
        await shelf.publish("Long", wanted[::-1], replacing=made)
        assert await shelf.entries(made) == shelf.kept(wanted[::-1])

    async def test_a_playlist_gone_on_the_server_is_made_anew(self, served: Served) -> None:
        shelf = await _shelf(served)
        made = await shelf.publish("Mix", shelf.tracks[:2])
        await shelf.publisher.withdraw(made)
        assert await shelf.names() == {}
        await shelf.publisher.withdraw(made)
        anew = await shelf.publish("Mix", shelf.tracks[:3], replacing=made)
        assert await shelf.entries(anew) == shelf.tracks[:3]
        assert list((await shelf.names()).values()) == ["Mix"]

    async def test_a_playlist_gets_another_name(self, served: Served) -> None:
        shelf = await _shelf(served)
        made = await shelf.publish("Mix", shelf.tracks[:2])
        renamed = await shelf.publish("Other Mix", shelf.tracks[:2], replacing=made)
        assert await shelf.names() == {renamed: "Other Mix"}
        assert await shelf.entries(renamed) == shelf.tracks[:2]

    async def test_odd_names_are_kept_in_some_way(self, served: Served) -> None:
        shelf = await _shelf(served)
        made = [await shelf.publish(name, shelf.tracks[:1]) for name in _ODD_NAMES]
        assert len(set(made)) == len(_ODD_NAMES)
        for playlist in made:
            assert await shelf.entries(playlist) == shelf.tracks[:1]
            await shelf.publisher.withdraw(playlist)
        assert await shelf.names() == {}

    async def test_tracks_that_are_not_there_are_left_out(self, served: Served) -> None:
        shelf = await _shelf(served)
        wanted = (TrackId("no-such-track"), shelf.tracks[0], TrackId("../x"), shelf.tracks[1])
        assert await shelf.entries(await shelf.publish("Mix", wanted)) == shelf.tracks[:2]

    async def test_a_foreign_playlist_is_left_alone(self, served: Served) -> None:
        shelf = await _shelf(served)
        if served.foreign_playlist is None:
            pytest.skip("Nobody else can make playlists here.")
        theirs = await served.foreign_playlist("Mix", shelf.tracks[:2])
        ours = await shelf.publish("Mix", shelf.tracks[2:4])
        ours = await shelf.publish("Mix", shelf.tracks[3:5], replacing=ours)
        await shelf.publisher.withdraw(ours)
        assert list(await shelf.names()) == [theirs]
        assert await shelf.entries(theirs) == shelf.tracks[:2]


@dataclass(kw_only=True)
class _Shelf:
    """The playlists of a server that keeps ours and lets us read them back."""

    publisher: Publishes
    reader: ReadsPlaylists
    tracks: tuple[TrackId, ...]
    keeps_repeats: bool

    def kept(self, tracks: Sequence[TrackId]) -> tuple[TrackId, ...]:
        """What the server makes of these."""
        return tuple(tracks if self.keeps_repeats else dict.fromkeys(tracks))

    async def publish(
        self, name: str, tracks: Sequence[TrackId], *, replacing: PlaylistId | None = None
    ) -> PlaylistId:
        return await self.publisher.publish(Playlist(name=name, tracks=tuple(tracks)), replacing=replacing)

    async def entries(self, playlist: PlaylistId) -> tuple[TrackId, ...]:
        return tuple(await self.reader.entries(playlist))

    async def names(self) -> dict[PlaylistId, str]:
        return {header.id: header.name async for header in self.reader.playlists()}


async def _shelf(served: Served) -> _Shelf:
    adapter = served.adapter
    if not (isinstance(adapter, Publishes) and isinstance(adapter, ReadsPlaylists)):
        pytest.skip("This server keeps no playlists.")
    tracks = tuple(track.id for track in await served.listed())
    return _Shelf(publisher=adapter, reader=adapter, tracks=tracks, keeps_repeats=served.keeps_repeats)


class _Feed:
    """A feed read in the background, so that nothing it tells is missed while the test works."""

    def __init__(self, adapter: Watches) -> None:
        self._told: asyncio.Queue[Change | None] = asyncio.Queue()
        self._task = asyncio.create_task(self._read(adapter))

    async def next(self) -> Change:
        told = await self._told.get()
        if told is None:
            self._task.result()
            pytest.fail("The feed ended by itself.")
        return told

    async def until_told_of(self, track: TrackId, *, gone: bool = False) -> None:
        wanted = (TrackGone(track), LibraryChanged()) if gone else (TrackChanged(track), LibraryChanged())
        while await self.next() not in wanted:
            pass

    async def aclose(self) -> None:
        self._task.cancel()
        await asyncio.wait([self._task])

    async def _read(self, adapter: Watches) -> None:
        try:
            async for change in adapter.changes():
                self._told.put_nowait(change)
        finally:
            self._told.put_nowait(None)


def _shows(track: Track, song: Song) -> bool:
    """Some servers put capitals where the files have none."""
    return (track.title.casefold(), (track.artist or "").casefold()) == (
        song.title.casefold(),
        song.artist.casefold(),
    )


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
