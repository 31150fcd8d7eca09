"""The real application on a free port, with real services; a client that holds a token of each scope."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from pydantic import SecretStr

from segue.registry import Registry
from segue.services import Services, open_services
from segue.settings import Settings
from segue.similarity import Follower
from segue.web import Runner, make_app
from segue.web.context import CONTEXT, Context
from tests.fakes.memory import MemoryServer

ADMIN = "an-admin-token-of-the-operator"


@dataclass(frozen=True, slots=True, kw_only=True)
class Daemon:
    """A running daemon's doors."""

    url: str
    app: web.Application
    session: aiohttp.ClientSession

    @property
    def context(self) -> Context:
        return self.app[CONTEXT]

    @property
    def services(self) -> Services:
        return self.context.services

    @asynccontextmanager
    async def ask(
        self, method: str, path: str, *, token: str | None = ADMIN, **rest: Any
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        headers = {**({"Authorization": f"Bearer {token}"} if token else {}), **rest.pop("headers", {})}
        async with self.session.request(method, self.url + path, headers=headers, **rest) as reply:
            yield reply

    async def json(self, method: str, path: str, *, status: int = 200, **rest: Any) -> Any:
        """The reply's body, after checking status and media type."""
        async with self.ask(method, path, **rest) as reply:
            text = await reply.text()
            assert reply.status == status, text
            wanted = "application/problem+json" if status >= 400 else "application/json"
            assert status == 204 or reply.content_type == wanted
            return None if status == 204 else await reply.json(content_type=None)

    async def token(self, *scopes: str, name: str = "test") -> str:
        made = await self.json(
            "POST", "/api/v1/tokens", status=201, json={"name": name, "scopes": list(scopes)}
        )
        return str(made["token"])


async def until(fact: Callable[[], bool], *, seconds: float = 10, every: float = 0.01) -> None:
    """Wait for a fact."""
    async with asyncio.timeout(seconds):
        while not fact():  # noqa: ASYNC110 - nobody tells us
            await asyncio.sleep(every)


def settings_for(data_dir: Path, database_url: str, redis_url: str, **rest: Any) -> Settings:
    values: dict[str, Any] = {"admin_token": SecretStr(ADMIN), **rest}
    return Settings(
        data_dir=data_dir, database_url=SecretStr(database_url), redis_url=SecretStr(redis_url), **values
    )


@asynccontextmanager
async def running(
    settings: Settings, far: MemoryServer | None = None, *, follows: bool = True, lists: bool = False
) -> AsyncIterator[Daemon]:
    """A daemon's doors for as long as the block lasts; it can speak to a server in memory."""
    async with (
        open_services(settings, connections=8) as opened,
        _registry(opened, far, lists=lists) as registry,
    ):
        services = replace(opened, registry=registry)
        follower = Follower(services.pool, poll_seconds=0.05)
        app = make_app(services, follower=follower)
        runner = Runner(app, shutdown_timeout=2)
        following = asyncio.create_task(follower.run() if follows else asyncio.sleep(0))
        if follows:
            await follower.look()
        await runner.setup()
        try:
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            port = runner.addresses[0][1]
            async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30)) as session:
                yield Daemon(url=f"http://127.0.0.1:{port}", app=app, session=session)
        finally:
            await runner.cleanup()
            following.cancel()
            with suppress(asyncio.CancelledError):
                await following


@asynccontextmanager
async def _registry(services: Services, far: MemoryServer | None, *, lists: bool) -> AsyncIterator[Registry]:
    kinds = {"memory": (far or MemoryServer()).plugin(lists=lists)}
    registry = Registry(
        pool=services.pool,
        vault=services.vault,
        scratch=services.settings.data_dir / "scratch",
        plugins={**services.registry.plugins, **kinds},
    )
    try:
        yield registry
    finally:
        await registry.close()


@pytest.fixture
def far() -> MemoryServer:
    return MemoryServer()


@pytest.fixture
def settings(tmp_path: Path, database_url: str, redis_url: str) -> Settings:
    return settings_for(tmp_path, database_url, redis_url)


@pytest.fixture
async def daemon(settings: Settings, far: MemoryServer) -> AsyncIterator[Daemon]:
    async with running(settings, far) as daemon:
        yield daemon
