"""Playlist files in a folder where people and other programs keep theirs, under names of every kind."""

import os
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from unicodedata import normalize

import pytest

from segue.model import Playlist, PlaylistId, TrackId
from segue.sdk import Adapter
from segue.sdk.testing import World
from segue_folder.adapter import FolderAdapterWithPlaylists
from segue_folder.playlists import put_away

Connect = Callable[..., AbstractAsyncContextManager[Adapter]]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World.small(tmp_path / "music")


@pytest.fixture
def lists(tmp_path: Path) -> Path:
    (tmp_path / "lists").mkdir()
    return tmp_path / "lists"


def keeper(adapter: Adapter) -> FolderAdapterWithPlaylists:
    assert isinstance(adapter, FolderAdapterWithPlaylists)
    return adapter


async def listed(adapter: Adapter) -> dict[PlaylistId, str]:
    return {header.id: header.name async for header in keeper(adapter).playlists()}


async def songs(adapter: Adapter) -> tuple[TrackId, ...]:
    return tuple([track.id async for track in adapter.walk()])


def files_of(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def test_files_of_others_are_never_in_the_way(world: World, lists: Path, connected: Connect) -> None:
    """Names that are no text, files that cannot be read, and names with signs that nobody prints."""
    (lists / os.fsdecode(b"caf\xe9.m3u8")).write_text("#EXTM3U\n")
    (lists / "closed.m3u").symlink_to("/proc/self/mem")
    (lists / "gone.m3u8").symlink_to(lists / "nothing")
    (lists / "odd.m3u8").write_bytes(b"#EXTM3U\n#PLAYLIST:~radio\0 \x1b[2J \xff\n")
    (lists / "folder.m3u8").mkdir()
    async with connected(world.root, playlists=lists) as adapter:
        found = await listed(adapter)
        assert found == {
            "caf\\xe9.m3u8": "caf?",
            "closed.m3u": "closed",
            "odd.m3u8": "~radio [2J \N{REPLACEMENT CHARACTER}",
        }
        for id_ in found:
            id_.encode()
        assert await keeper(adapter).entries(PlaylistId("caf\\xe9.m3u8")) == []
        await keeper(adapter).withdraw(PlaylistId("caf\\xe9.m3u8"))
        assert (lists / os.fsdecode(b"caf\xe9.m3u8")).exists()


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("AC/DC: live?", "AC-DC- live-.m3u8"),
        ("../../etc/passwd", "-..-etc-passwd.m3u8"),
        (".hidden", "hidden.m3u8"),
        ("...", "Segue.m3u8"),
        ("Slow\x07 Folk\x9b", "Slow Folk.m3u8"),
        ("COM1", "COM1-.m3u8"),
        ("nul.5", "nul-.5.m3u8"),
        ("Ends with a dot.", "Ends with a dot.m3u8"),
        ("é" * 150, "é" * 100 + ".m3u8"),
        ("夜の音楽 👩‍👧", "夜の音楽 👩‍👧.m3u8"),
    ],
)
async def test_every_file_system_takes_the_names(
    world: World, lists: Path, connected: Connect, name: str, file: str
) -> None:
    async with connected(world.root, playlists=lists) as adapter:
        tracks = await songs(adapter)
        id_ = await keeper(adapter).publish(Playlist(name=name, tracks=tracks), replacing=None)
        assert files_of(lists) == [file]
        assert (id_, await keeper(adapter).entries(id_)) == (file, list(tracks))
        again = await keeper(adapter).publish(Playlist(name=name, tracks=tracks[:1]), replacing=id_)
        assert again == id_


async def test_other_letters_of_the_same_name(world: World, lists: Path, connected: Connect) -> None:
    async with connected(world.root, playlists=lists) as adapter:
        tracks = await songs(adapter)
        id_ = await keeper(adapter).publish(Playlist(name="mellow", tracks=tracks), replacing=None)
        id_ = await keeper(adapter).publish(Playlist(name="Mellow", tracks=tracks), replacing=id_)
        assert await listed(adapter) == {id_: "Mellow"}
        assert await keeper(adapter).entries(id_) == list(tracks)


def test_a_file_that_is_both_the_old_and_the_new_stays(tmp_path: Path) -> None:
    """Where upper and lower case are the same, or accents are written in two ways."""
    new = tmp_path / "Mellow.m3u8"
    new.write_text("songs")
    (tmp_path / "elsewhere").symlink_to(tmp_path)
    put_away(tmp_path / "elsewhere" / "Mellow.m3u8", new)
    assert new.read_text() == "songs"
    put_away(tmp_path / "gone.m3u8", new)
    (tmp_path / "old.m3u8").write_text("")
    put_away(tmp_path / "old.m3u8", new)
    assert not (tmp_path / "old.m3u8").exists()


async def test_accents_that_are_written_in_another_way(world: World, lists: Path, connected: Connect) -> None:
    """A person's file has the name in pieces; ours is another file, however alike they look."""
    (lists / normalize("NFD", "Café.m3u8")).write_text("#EXTM3U\n")
    async with connected(world.root, playlists=lists) as adapter:
        id_ = await keeper(adapter).publish(Playlist(name="Café", tracks=()), replacing=None)
        assert id_ == "Café (2).m3u8"


@pytest.mark.parametrize("manner", ["file://{}", "{}", "..\\music\\{name}"])
async def test_songs_are_known_however_players_write_them(
    world: World, lists: Path, connected: Connect, manner: str
) -> None:
    song = world.root / "a song & more.flac"
    song.write_bytes(b"")
    path = str(song).replace(" ", "%20").replace("&", "%26") if "file:" in manner else str(song)
    (lists / "theirs.m3u8").write_text(f"#EXTM3U\r\n{manner.format(path, name=song.name)}\r\n")
    async with connected(world.root, playlists=lists) as adapter:
        assert await keeper(adapter).entries(PlaylistId("theirs.m3u8")) == [song.name]
