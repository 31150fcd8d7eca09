"""Connects either adapter to its fake."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import structlog

import segue_emby
import segue_jellyfin
from segue.sdk import Adapter, AdapterPlugin, Toolbox
from segue.sdk.testing import World
from tests.fakes import emby, jellyfin
from tests.fakes.mediabrowser import KEY, PASSWORD, USER, FakeMediaBrowser, serving

WAYS: dict[str, dict[str, Any]] = {
    "login": {"username": USER, "password": PASSWORD},
    "key": {"api_key": KEY, "username": USER},
}
PLUGINS: dict[str, AdapterPlugin[Any]] = {
    "jellyfin": segue_jellyfin.plugin,
    "emby": segue_emby.plugin,
}


@dataclass(kw_only=True)
class Held:
    """A fake that shows seven songs, and an adapter connected to it."""

    kind: str
    fake: FakeMediaBrowser
    world: World
    adapter: Any
    stop: Callable[[], Awaitable[None]]


@asynccontextmanager
async def connected(kind: str, scratch: Path, **options: Any) -> AsyncIterator[Adapter]:
    plugin = PLUGINS[kind]
    await asyncio.to_thread(scratch.mkdir, parents=True, exist_ok=True)
    async with aiohttp.ClientSession(headers={"User-Agent": "Segue"}) as http:
        toolbox = Toolbox(server="attic", http=http, scratch=scratch, log=structlog.get_logger())
        async with plugin.connect(plugin.config.model_validate(options), toolbox) as adapter:
            yield adapter


def shown(kind: str, world: World, **options: Any) -> FakeMediaBrowser:
    return emby.shown(world, **options) if kind == "emby" else jellyfin.shown(world, **options)


@asynccontextmanager
async def held_by(kind: str, way: str, folder: Path, **options: Any) -> AsyncIterator[Held]:
    world = World.small(folder / "music")
    fake = shown(kind, world, **options)
    async with (
        serving(fake) as stop,
        connected(kind, folder / "scratch", url=fake.url, poll_seconds=0.1, **WAYS[way]) as adapter,
    ):
        yield Held(kind=kind, fake=fake, world=world, adapter=adapter, stop=stop)


@pytest.fixture(params=["jellyfin-login", "jellyfin-key", "emby-login", "emby-key"])
async def held(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Held]:
    """Either server, by either way in."""
    kind, way = request.param.split("-")
    async with held_by(kind, way, tmp_path) as one:
        yield one
