"""The same playlists in a folder, a real MPD and a real Supysonic at once, and people who edit them there."""

import asyncio
import json
import random
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import aiohttp
import pytest

from segue.library.walk import walk_server
from segue.model import Quality, RecordingId, ServerKey
from segue.registry import Registry
from segue.sdk.testing import Song, World
from segue.store import playlists, servers, tracks
from segue.store.playlists import Kind, NewPlaylist, PlaylistKey
from segue.store.pool import Connection, Pool
from segue_mpd.client import opened
from tests.adapters.mpd.real import MPD
from tests.adapters.mpd.real import running as running_mpd
from tests.adapters.navidrome.real import RealSupysonic, interpreter
from tests.adapters.navidrome.real import running as running_supysonic
from tests.e2e.publishing_worker import look_at_all, registry_of

pytestmark = [
    pytest.mark.faults,
    pytest.mark.timeout(600),
    pytest.mark.skipif(MPD is None, reason="no mpd is installed (apt-get install mpd)"),
]
KILLS = 30
Lists = dict[str, list[str]]


class Person(Protocol):
    """Somebody with a client of one server; songs are named by their titles."""

    async def lists(self) -> Lists: ...
    async def make(self, name: str, titles: list[str]) -> None: ...
    async def take_out(self, name: str, title: str) -> None: ...
    async def put_in(self, name: str, title: str) -> None: ...
    async def rename(self, name: str, other: str) -> None: ...
    async def delete(self, name: str) -> None: ...


@dataclass
class AtTheFolder:
    """With a text editor."""

    folder: Path
    files: dict[str, Path]

    async def lists(self) -> Lists:
        titles = {file.name: title for title, file in self.files.items()}
        found = {}
        for path in sorted(self.folder.glob("*.m3u8")):
            lines = path.read_text().splitlines()
            found[path.stem] = [titles[Path(line).name] for line in lines if line and line[0] != "#"]
        return found

    async def make(self, name: str, titles: list[str]) -> None:
        self.folder.mkdir(exist_ok=True)
        self._path(name).write_text("".join(f"{self.files[title]}\n" for title in titles))

    async def take_out(self, name: str, title: str) -> None:
        lines = self._path(name).read_text().splitlines()
        kept = [line for line in lines if Path(line).name != self.files[title].name]
        self._path(name).write_text("\n".join(kept) + "\n")

    async def put_in(self, name: str, title: str) -> None:
        with self._path(name).open("a") as file:
            file.write(f"{self.files[title]}\n")

    async def rename(self, name: str, other: str) -> None:
        self._path(name).rename(self._path(other))

    async def delete(self, name: str) -> None:
        self._path(name).unlink()

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}.m3u8"


@dataclass
class AtMpd:
    """With any client of MPD."""

    socket: str
    uris: dict[str, str]

    async def lists(self) -> Lists:
        titles = {uri: title for title, uri in self.uris.items()}
        found = {}
        async with opened(self.socket, 0, None) as client:
            for key, name in await client.ask("listplaylists"):
                if key == "playlist":
                    songs = await client.ask("listplaylist", name)
                    found[name] = [titles[uri] for what, uri in songs if what == "file"]
        return found

    async def make(self, name: str, titles: list[str]) -> None:
        for title in titles:
            await self.put_in(name, title)

    async def take_out(self, name: str, title: str) -> None:
        place = (await self.lists())[name].index(title)
        await self._ask("playlistdelete", name, str(place))

    async def put_in(self, name: str, title: str) -> None:
        await self._ask("playlistadd", name, self.uris[title])

    async def rename(self, name: str, other: str) -> None:
        await self._ask("rename", name, other)

    async def delete(self, name: str) -> None:
        await self._ask("rm", name)

    async def _ask(self, *words: str) -> None:
        async with opened(self.socket, 0, None) as client:
            await client.ask(*words)


@dataclass
class AtSupysonic:
    """With any Subsonic client."""

    server: RealSupysonic
    ids: dict[str, str]

    async def lists(self) -> Lists:
        titles = {id_: title for title, id_ in self.ids.items()}
        found = {}
        for name, id_ in (await self._lists()).items():
            songs = (await self._ask("getPlaylist", id=id_))["playlist"].get("entry", [])
            found[name] = [titles[song["id"]] for song in songs]
        return found

    async def make(self, name: str, titles: list[str]) -> None:
        await self._ask("createPlaylist", name=name, songId=[self.ids[title] for title in titles])

    async def take_out(self, name: str, title: str) -> None:
        place = (await self.lists())[name].index(title)
        await self._ask("updatePlaylist", playlistId=await self._id(name), songIndexToRemove=str(place))

    async def put_in(self, name: str, title: str) -> None:
        await self._ask("updatePlaylist", playlistId=await self._id(name), songIdToAdd=self.ids[title])

    async def rename(self, name: str, other: str) -> None:
        await self._ask("updatePlaylist", playlistId=await self._id(name), name=other)

    async def delete(self, name: str) -> None:
        await self._ask("deletePlaylist", id=await self._id(name))

    async def _id(self, name: str) -> str:
        return (await self._lists())[name]

    async def _lists(self) -> dict[str, str]:
        found = (await self._ask("getPlaylists"))["playlists"].get("playlist", [])
        named: dict[str, str] = {}
        for one in sorted(found, key=lambda one: str(one["created"])):  # here, several may be called alike
            name = one["name"]
            named[name if name not in named else f"{name} (2)"] = one["id"]
        return named

    async def _ask(self, method: str, **rest: Any) -> Any:
        options = self.server.options
        query: dict[str, Any] = {
            "u": options["username"],
            "p": options["password"],
            "c": "person",
            "v": "1.16.1",
            "f": "json",
        }
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"{options['url']}/rest/{method}.view", params={**query, **rest}) as reply,
        ):
            answer = (await reply.json(content_type=None))["subsonic-response"]
            assert answer["status"] == "ok", answer
            return answer


@dataclass
class Town:
    """Three servers with the same music, a person at each, and our playlists."""

    pool: Pool
    registry: Registry
    data: Path
    database: str
    people: dict[str, Person] = field(default_factory=dict)
    recordings: dict[str, RecordingId] = field(default_factory=dict)

    async def look(self) -> int:
        fill = [self.recordings[title] for title in sorted(self.recordings)]
        return await look_at_all(self.pool, self.registry, fill)

    async def make(self, name: str, titles: list[str]) -> PlaylistKey:
        async with self.pool.connection() as c:
            playlist = await playlists.create(c, NewPlaylist(name=name, kind=Kind.STATIC))
            await playlists.add_version(c, playlist, [self.recordings[title] for title in titles])
        return playlist

    async def remake(self, playlist: PlaylistKey, titles: list[str]) -> None:
        async with self.pool.connection() as c:
            await playlists.add_version(c, playlist, [self.recordings[title] for title in titles])

    async def call(self, playlist: PlaylistKey, name: str) -> None:
        async with self.pool.connection() as c:
            await playlists.change(c, playlist, name=name)

    async def shown(self) -> dict[str, Lists]:
        return {name: await person.lists() for name, person in self.people.items()}

    async def tell(self, words: str) -> None:
        sys.stdout.write(f"\n== {words}\n")
        for server, lists in (await self.shown()).items():
            for name, titles in sorted(lists.items()):
                sys.stdout.write(f"   {server:10} {name:24} {', '.join(titles)}\n")


@pytest.fixture
async def town(
    pool: Pool, database_url: str, tmp_path: Path, pytestconfig: pytest.Config
) -> AsyncIterator[Town]:
    python = interpreter(pytestconfig)
    world = World.small(tmp_path / "music")
    for number in range(5):
        world.add(
            Song(artist=f"Late {number}", album="Later", title=f"More {number}", number=number + 1,
                 hertz=500 + 40 * number)
        )  # fmt: skip
    async with AsyncExitStack() as stack:
        mpd = await stack.enter_async_context(running_mpd(tmp_path / "mpd", world))
        supysonic = await stack.enter_async_context(
            running_supysonic(python, tmp_path / "supysonic", {"Music": world.root})
        )
        registry = registry_of(pool, tmp_path / "data")
        stack.push_async_callback(registry.close)
        lists = tmp_path / "playlists"
        town = Town(pool, registry, tmp_path / "data", database_url)
        files = {song.title: world.file(song) for song in world.songs}
        keys = {
            name: await _connect(pool, registry, name, kind, options)
            for name, kind, options in (
                ("folder", "folder", {"path": str(world.root), "playlists": str(lists)}),
                ("mpd", "mpd", {"host": mpd.socket, "path": str(world.root)}),
                ("supysonic", "navidrome", {**supysonic.options, "path": str(world.root)}),
            )
        }
        ids = {name: await _ids(pool, key) for name, key in keys.items()}
        town.people = {
            "folder": AtTheFolder(lists, files),
            "mpd": AtMpd(mpd.socket, {title: track for title, (track, _) in ids["mpd"].items()}),
            "supysonic": AtSupysonic(
                supysonic, {title: track for title, (track, _) in ids["supysonic"].items()}
            ),
        }
        town.recordings = {title: recording for title, (_, recording) in ids["folder"].items()}
        for name in keys:  # one piece of audio, three tracks
            assert {title: one for title, (_, one) in ids[name].items()} == town.recordings, name
        yield town


async def _connect(
    pool: Pool, registry: Registry, name: str, kind: str, options: dict[str, Any]
) -> ServerKey:
    row = await registry.add(name, kind, options)
    assert row is not None

    async def report(
        c: Connection, *, done: int = 0, total: int | None = None, message: str | None = None
    ) -> bool:
        return True

    async def wake(kind: str) -> bool:
        return True

    await walk_server(
        pool=pool, registry=registry, wake=wake, server=row.id, quality=Quality.FAST, report=report
    )
    return row.id


async def _ids(pool: Pool, server: ServerKey) -> dict[str, tuple[str, RecordingId]]:
    async with pool.connection() as c:
        assert await servers.get(c, server) is not None
        rows = await tracks.list_(c, server=server)
    return {row.title: (row.track_id, row.recording_id) for row in rows}


async def test_edits_of_people_on_each_server_survive_three_more_runs(town: Town) -> None:
    songs = sorted(town.recordings)
    four, extra = songs[:4], songs[5]
    own = {name: await town.make(f"Mix {name}", four) for name in ("out", "in", "name", "gone")}
    for name in town.people:
        for act in ("out", "in", "name", "gone"):
            own[f"{name} {act}"] = await town.make(f"{name} {act}", four)
    for person in town.people.values():
        await person.make("Mix out", songs[6:8])  # their own, of the very same name
    await town.look()
    await town.tell("first run")
    for lists in (await town.shown()).values():
        assert lists["Mix out"] == songs[6:8]
        assert lists["Mix out (2)"] == four
        assert lists["Mix in"] == four
    for name, person in town.people.items():
        await person.take_out(f"{name} out", four[1])
        await person.put_in(f"{name} in", extra)
        await person.rename(f"{name} name", f"{name} renamed")
        await person.delete(f"{name} gone")
    await town.look()
    await town.tell("after people's edits")
    for run in range(3):
        made = [four[1], *songs[8 + run : 10 + run], four[0]]
        for playlist in own.values():
            await town.remake(playlist, made)
        await town.look()
        await town.look()
        await town.tell(f"run {run + 2}")
        for server, lists in (await town.shown()).items():
            assert lists["Mix out"] == songs[6:8]
            for name in town.people:
                assert four[1] not in lists[f"{name} out"], (server, name)
                assert extra in lists[f"{name} in"], (server, name)
            assert sorted(lists[f"{server} renamed"]) == sorted(made)
            assert f"{server} name" not in lists
            assert f"{server} gone" not in lists
    assert await town.look() == 0


async def test_a_list_that_asks_is_filled_on_each_server(town: Town) -> None:
    songs = sorted(town.recordings)
    for person in town.people.values():
        await person.make("~radio", songs[3:5])
    await town.look()
    await town.look()
    await town.tell("filled")
    for lists in (await town.shown()).values():
        assert lists == {"~radio": [*songs[3:5], *songs[:3], *songs[5:]][:14]}


async def test_killed_at_any_moment_nothing_is_lost_or_doubled(town: Town) -> None:
    songs = sorted(town.recordings)
    for person in town.people.values():
        await person.make("Mix 0", songs[6:8])
    own = [await town.make(f"Mix {number}", songs[:4]) for number in range(6)]
    killed = 0
    for turn in range(KILLS):
        for number, playlist in enumerate(own):
            await town.remake(playlist, random.sample(songs, 5))
            if (turn + number) % 3 == 0:
                await town.call(playlist, f"Mix {number} of turn {turn}")
        killed += await _killed_worker(town)
    final = random.sample(songs, 6)
    for number, playlist in enumerate(own):
        await town.remake(playlist, final)
        await town.call(playlist, f"Last {number}")
    while await town.look():
        pass
    await town.tell(f"after {killed} kills in {KILLS} turns")
    assert killed > KILLS // 2
    wanted = {f"Last {number}": final for number in range(len(own))}
    for server, lists in (await town.shown()).items():
        assert lists.pop("Mix 0") == songs[6:8], server
        assert lists == wanted, server


async def _killed_worker(town: Town) -> bool:
    """Whether it was in the middle of its work."""
    facts = json.dumps({"database": town.database, "data": str(town.data)})
    worker = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.e2e.publishing_worker", facts, cwd=Path(__file__).parents[2], stdout=PIPE
    )
    assert worker.stdout is not None
    assert await worker.stdout.readline() == b"begun\n"
    try:
        async with asyncio.timeout(random.uniform(0.02, 1.5)):
            await worker.wait()
    except TimeoutError:
        worker.kill()
        await worker.wait()
        return True
    return False
