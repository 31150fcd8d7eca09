"""A listing is complete or it breaks off; what did not change is not opened again."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest
import structlog
from pydantic import ValidationError
from structlog.testing import capture_logs

from segue.model import Track
from segue.sdk import Adapter, Malformed, Unavailable
from segue.sdk.testing import World
from segue_folder.cache import Cache
from segue_folder.config import FolderConfig
from segue_folder.listing import Listing
from segue_folder.tree import Tree

Connect = Callable[..., AbstractAsyncContextManager[Adapter]]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World.small(tmp_path / "music")


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[Cache]:
    cache = Cache(tmp_path / "cache.sqlite", structlog.get_logger())
    yield cache
    cache.close()


def _listing(world: World, cache: Cache, **options: object) -> Listing:
    return Listing(Tree(world.root), cache, structlog.get_logger(), **options)  # type: ignore[arg-type]


def _walk(listing: Listing) -> list[Track]:
    return [track for batch in listing.walk() for track in batch]


def test_unchanged_files_are_not_opened(world: World, cache: Cache) -> None:
    first = _walk(_listing(world, cache))
    opened: list[str] = []
    sys.addaudithook(lambda event, args: opened.append(str(args[0])) if event == "open" else None)
    assert _walk(_listing(world, cache)) == first
    assert not [name for name in opened if name.endswith(".flac")]


def test_a_folder_that_is_empty_all_at_once_is_no_empty_library(world: World, cache: Cache) -> None:
    _walk(_listing(world, cache))
    for song in list(world.songs):
        world.remove(song)
    with pytest.raises(Unavailable, match="held 7 tracks and is empty now"):
        _walk(_listing(world, cache))


def test_a_new_folder_may_be_empty(tmp_path: Path, cache: Cache) -> None:
    (tmp_path / "music").mkdir()
    assert _walk(_listing(World(tmp_path / "music"), cache)) == []


def test_a_missing_folder_is_unavailable(tmp_path: Path, cache: Cache) -> None:
    with pytest.raises(Unavailable, match="No such file"):
        _walk(_listing(World(tmp_path / "music"), cache))


def test_a_disk_that_is_not_mounted_any_more_is_missed(world: World, cache: Cache) -> None:
    disk = world.root / "Ada Fern"
    mounted = {disk}
    _walk(_listing(world, cache, is_mount=mounted.__contains__))
    mounted.clear()
    assert (
        len(_walk(_listing(world, cache, is_mount=mounted.__contains__))) == 7
    )  # it is there, so it was moved
    for song in list(world.songs[:3]):
        world.remove(song)
    (disk / "Low Water").rmdir()
    with pytest.raises(Unavailable, match="is it mounted"):
        _walk(_listing(world, cache, is_mount=mounted.__contains__))


def test_a_file_without_tags_has_its_name(world: World, cache: Cache) -> None:
    (world.root / "03 - Untold.mp3").write_bytes(b"no audio at all")
    with capture_logs() as lines:
        found = {track.id: track for track in _walk(_listing(world, cache))}
    assert found["03 - Untold.mp3"].title == "03 - Untold"  # type: ignore[index]
    assert [line["event"] for line in lines] == ["tags_unreadable"]
    with capture_logs() as lines:
        _walk(_listing(world, cache))
    assert lines == []


def test_a_broken_cache_is_made_anew(world: World, tmp_path: Path) -> None:
    file = tmp_path / "cache.sqlite"
    file.write_bytes(b"This is not a database, " * 200)
    with capture_logs() as lines:
        cache = Cache(file, structlog.get_logger())
        assert len(_walk(_listing(world, cache))) == 7
        cache.close()
    assert [line["event"] for line in lines] == ["shelf_thrown_away"]


def test_a_cache_is_shared_by_processes(world: World, tmp_path: Path) -> None:
    caches = [Cache(tmp_path / "cache.sqlite", structlog.get_logger()) for _ in range(3)]
    listings = [_listing(world, cache) for cache in caches]
    walks = [listing.walk() for listing in listings]
    for walk in walks:
        assert len(next(walk)) == 7
    assert [cache.count() for cache in caches] == [7, 7, 7]
    for cache in caches:
        cache.close()


async def test_an_unreadable_file_is_told_of_when_it_is_borrowed(world: World, connected: Connect) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may read everything")
    song = world.songs[0]
    world.file(song).chmod(0)
    async with connected(world.root) as adapter:
        [track] = [track async for track in adapter.walk() if track.id == song.path]
        assert track.content_key is None
        with pytest.raises(Malformed):
            async with adapter.audio(track.id):
                pass


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_a_closed_folder_ends_the_listing_as_unavailable(tmp_path: Path) -> None:
    """As an ordinary user, in a process of its own: root may read everything."""
    program = """
import os
import sys
from pathlib import Path
import structlog
from segue.sdk import Unavailable
from segue_folder.cache import Cache
from segue_folder.listing import Listing
from segue_folder.tree import Tree
root = Path(sys.argv[1])
os.setgroups([])
os.setgid(65534)
os.setuid(65534)
listing = Listing(Tree(root), Cache(root / ".cache", structlog.get_logger()), structlog.get_logger())
told = []
try:
    for batch in listing.walk():
        told += [track.id for track in batch]
except Unavailable as error:
    print(told, "closed" in str(error), "may not be read" in str(error))
"""
    with tempfile.TemporaryDirectory(prefix="segue-tests-closed-") as folder:
        root = Path(folder)
        for name in ("closed", "open"):
            (root / name).mkdir()
            (root / name / "1.mp3").write_bytes(b"x")
        for path in (root, root / "open", root / "open/1.mp3", root / "closed"):
            os.chown(path, 65534, 65534)
        (root / "closed").chmod(0)
        ended = subprocess.run(
            [sys.executable, "-c", program, folder], check=False, capture_output=True, text=True, timeout=60
        )  # fmt: skip
    assert ended.stdout.endswith("['open/1.mp3'] True True\n"), ended.stderr


@pytest.mark.parametrize("path", ["music", "", "./x"])
def test_only_whole_paths_are_taken(path: str) -> None:
    with pytest.raises(ValidationError):
        FolderConfig(path=Path(path))
    assert FolderConfig(path=Path("~/music")).path.is_absolute()
