"""A Subsonic server of any size in a process of its own, which counts what it is asked."""

import asyncio
import json
import multiprocessing
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from multiprocessing.connection import Connection
from typing import Any

import aiohttp
from aiohttp import web

from walking.songs import told

__all__ = ["Far", "subsonic"]


class Far:
    """The server as the measurement sees it."""

    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        self.url = url
        self._session = session

    async def requests(self) -> int:
        """How many it was asked since the last look."""
        async with self._session.get(f"{self.url}/count") as reply:
            return int(await reply.text())

    async def change(self, *, shift: int | None = None, prefix: str | None = None) -> None:
        """Let other songs, or other ids, be there from now on."""
        words = {"shift": shift, "prefix": prefix}
        async with self._session.post(f"{self.url}/change", json=words) as reply:
            reply.raise_for_status()


@asynccontextmanager
async def subsonic(size: int) -> AsyncIterator[Far]:
    """So many songs, for as long as the block lasts."""
    spawn = multiprocessing.get_context("spawn")
    ours, its = spawn.Pipe()
    process = spawn.Process(target=_serve, args=(size, its), daemon=True)
    process.start()
    try:
        async with aiohttp.ClientSession() as session:
            yield Far(ours.recv(), session)
    finally:
        process.terminate()
        process.join()


class _Server:
    def __init__(self, size: int) -> None:
        self.size = size
        self.shift = 0
        self.prefix = ""
        self.scanned = 0
        self.asked = 0

    async def change(self, request: web.Request) -> web.Response:
        words = await request.json()
        self.shift = self.shift if words["shift"] is None else words["shift"]
        self.prefix = self.prefix if words["prefix"] is None else words["prefix"]
        self.scanned += 1
        return web.Response()

    async def count(self, request: web.Request) -> web.Response:
        asked, self.asked = self.asked, 0
        return web.Response(text=str(asked))

    async def rest(self, request: web.Request) -> web.Response:
        self.asked += 1
        form = {**request.query, **{key: str(value) for key, value in (await request.post()).items()}}
        content = self._answer(request.match_info["method"].removesuffix(".view"), form)
        known = {"version": "1.16.1", "type": "benchmark", "serverVersion": "1", "openSubsonic": True}
        reply = {"status": "ok", **known, **content}
        return web.Response(text=json.dumps({"subsonic-response": reply}), content_type="application/json")

    def _answer(self, method: str, form: dict[str, str]) -> dict[str, Any]:
        scanned = f"2026-01-01T00:00:{self.scanned:02}Z"
        match method:
            case "search3":
                begin = int(form.get("songOffset", 0))
                numbers = range(begin, min(begin + int(form["songCount"]), self.size))
                return {"searchResult3": {"song": [told(self.shift + n, self.prefix) for n in numbers]}}
            case "getScanStatus":
                return {"scanStatus": {"scanning": False, "count": self.size, "lastScan": scanned}}
            case "getOpenSubsonicExtensions":
                return {"openSubsonicExtensions": [{"name": "formPost", "versions": [1]}]}
            case "getMusicFolders":
                return {"musicFolders": {"musicFolder": [{"id": 1, "name": "Music"}]}}
            case "getUser":
                rights = {"streamRole": True, "downloadRole": True, "playlistRole": True}
                return {"user": {"username": "me", **rights}}
            case _:
                return {}


def _serve(size: int, pipe: Connection) -> None:
    asyncio.run(_serve_for_ever(_Server(size), pipe))


async def _serve_for_ever(server: _Server, pipe: Connection) -> None:
    application = web.Application()
    application.router.add_route("*", "/rest/{method}", server.rest)
    application.router.add_post("/change", server.change)
    application.router.add_get("/count", server.count)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    pipe.send(f"http://127.0.0.1:{runner.addresses[0][1]}")
    await asyncio.Event().wait()
