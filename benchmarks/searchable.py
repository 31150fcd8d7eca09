"""From a change to the first query that returns the track:

    PYTHONPATH=. python benchmarks/searchable.py [--changes 50] [--daemons 2]

A daemon and a worker run as processes, with hearing in full. A song is put into a watched folder, or shown
by a (fake) Navidrome that then posts a webhook; from the moment that the file lies there, the daemon is
asked every 50 ms for what sounds like another song, until the new one stands in the answer. With
`--daemons 2` the second figure is how much later the other daemon knows it.
"""

import argparse
import asyncio
import contextlib
import json
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import aiohttp
import numpy as np
from serving.daemons import TOKEN, Daemon, daemon, stores, worker

from segue.sdk.testing import Song, World
from tests.fakes.subsonic import PASSWORD, USER, serving, shown

_POLL_SECONDS = 0.05
_PATIENCE_SECONDS = 120
_ATTEMPTS = "/api/v1/similar?track={seed}&limit=500&per_artist=0&versions=true"

Change = Callable[[Song], Awaitable[None]]
Ways = AsyncIterator[tuple[str, World, Change]]


def main() -> None:
    arguments = _arguments()
    with contextlib.ExitStack() as ends:
        folder = Path(ends.enter_context(tempfile.TemporaryDirectory(prefix="segue-searchable-")))
        folder.chmod(0o711)
        at = ends.enter_context(stores(folder / "stores"))
        daemons = []
        for number in range(arguments.daemons):
            home = _home(folder, f"daemon-{number}")
            daemons.append(ends.enter_context(daemon(home, at)))
        ends.enter_context(worker(_home(folder, "worker"), at))
        asyncio.run(_measure(daemons, folder, arguments))


def _home(folder: Path, name: str) -> Path:
    """All processes of one installation share the key."""
    home = folder / name
    home.mkdir()
    if (key := folder / "daemon-0" / "key").exists():
        shutil.copy(key, home / "key")
    return home


async def _measure(daemons: list[Daemon], folder: Path, arguments: argparse.Namespace) -> None:
    print("| way | changes | p50 s | p95 s | longest s | other daemon later: p50 s | longest s |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {TOKEN}"}) as http:
        for way in arguments.ways:
            async with _WAYS[way](http, daemons[0], folder / way) as (world, change):
                seed = await _seed(http, daemons[0], world)
                await asyncio.gather(*(_seed(http, one, world) for one in daemons[1:]))
                found = [
                    await _once(http, daemons, world, change, seed, _song(way, number))
                    for number in range(arguments.changes)
                ]
                _print(way, np.array(found))


def _song(way: str, number: int) -> Song:
    """None like any other, also not of another way."""
    return Song(
        artist=f"Newcomer {number}", album="Late", title=f"By {way} {number}", number=1,
        hertz=110 * 2 ** ((number % 50) / 17), seconds=20 + number / 10 + list(_WAYS).index(way) / 30,
    )  # fmt: skip


async def _once(
    http: aiohttp.ClientSession, daemons: list[Daemon], world: World, change: Change, seed: int, song: Song
) -> list[float]:
    """Seconds until each daemon knew it."""
    world.add(song)
    began = time.perf_counter()
    await change(song)
    answers = (_until_found(http, one, seed, song.title) for one in daemons)
    return [moment - began for moment in await asyncio.gather(*answers)]


async def _until_found(http: aiohttp.ClientSession, at: Daemon, seed: int, title: str) -> float:
    wanted = json.dumps(title).encode()
    async with asyncio.timeout(_PATIENCE_SECONDS):
        while True:
            async with http.get(at.url + _ATTEMPTS.format(seed=seed)) as reply:
                if wanted in await reply.read():
                    return time.perf_counter()
            await asyncio.sleep(_POLL_SECONDS)


async def _seed(http: aiohttp.ClientSession, at: Daemon, world: World) -> int:
    """One of the first songs, once it is heard and searchable."""
    async with asyncio.timeout(_PATIENCE_SECONDS):
        while True:
            async with http.get(f"{at.url}/api/v1/tracks", params={"q": world.songs[0].title}) as reply:
                items = (await reply.json())["items"] if reply.status == 200 else []
            if items:
                async with http.get(at.url + _ATTEMPTS.format(seed=items[0]["id"])) as reply:
                    if reply.status == 200:
                        return int(items[0]["id"])
            await asyncio.sleep(_POLL_SECONDS)


@contextlib.asynccontextmanager
async def _inotify(
    http: aiohttp.ClientSession, at: Daemon, folder: Path
) -> AsyncIterator[tuple[World, Change]]:
    """The file's own arrival is the news."""
    world = World.small(folder)
    await _connect(http, at, {"name": "folder", "kind": "folder", "options": {"path": str(folder)}})

    async def change(song: Song) -> None:
        return None

    yield world, change


@contextlib.asynccontextmanager
async def _webhook(
    http: aiohttp.ClientSession, at: Daemon, folder: Path
) -> AsyncIterator[tuple[World, Change]]:
    """The server has the song in its listing, says nothing on its own channel, and a webhook tells."""
    world = World.small(folder)
    fake = shown(world)
    async with serving(fake):
        options = {"url": fake.url, "username": USER, "password": PASSWORD}
        made = await _connect(http, at, {"name": "server", "kind": "navidrome", "options": options})
        fake.tell = lambda name, data: None  # type: ignore[method-assign]

        async def change(song: Song) -> None:
            fake.scan()
            (changed,) = [key for key, shown in fake.songs.items() if shown["title"] == song.title]
            headers = {"X-Segue-Secret": made["hook_secret"]}
            body = {"changed": [changed]}
            async with http.post(f"{at.url}/hooks/server", json=body, headers=headers) as reply:
                assert reply.status == 202, await reply.text()

        yield world, change


_WAYS = {"inotify": _inotify, "webhook": _webhook}


async def _connect(http: aiohttp.ClientSession, at: Daemon, server: dict[str, object]) -> dict[str, str]:
    async with http.post(f"{at.url}/api/v1/servers", json=server) as reply:
        assert reply.status in (200, 201), await reply.text()
        made: dict[str, str] = await reply.json()
        return made


def _print(way: str, found: np.ndarray[tuple[int, int], np.dtype[np.float64]]) -> None:
    first = found[:, 0]
    cells = [f"{value:.2f}" for value in (*np.percentile(first, [50, 95]), first.max())]
    later = np.maximum(found.max(axis=1) - found.min(axis=1), 0)
    if found.shape[1] > 1:
        cells += [f"{value:.2f}" for value in (np.median(later), later.max())]
    else:
        cells += ["", ""]
    print("| " + " | ".join([way, str(len(found)), *cells]) + " |", flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--changes", type=int, default=50)
    parser.add_argument("--daemons", type=int, default=1)
    parser.add_argument("--ways", nargs="+", choices=list(_WAYS), default=list(_WAYS))
    return parser.parse_args()


if __name__ == "__main__":
    main()
